import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { command as check } from "../../src/cli/check.ts";
import type { Command } from "../../src/cli/command.ts";
import { command as schema } from "../../src/cli/schema.ts";
import { formatSchema } from "../../src/documents/schema.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "windrose-check-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function run(command: Command, args: string[], env: NodeJS.ProcessEnv = {}) {
  let stdout = "";
  let stderr = "";
  const exitCode = await command.run(args, {
    stdout: { write: (s) => (stdout += s) },
    stderr: { write: (s) => (stderr += s) },
    env,
  });
  return { exitCode, stdout, stderr };
}

const NS = 'zones:\n  a.test:\n    records:\n      "@": { NS: [ns1.example.net., ns2.example.net.] }\n';

test("check prints one line for each fault of all files and exits 1", async () => {
  await writeFile(join(dir, "a.yaml"), `${NS}      www: { A: 192.0.2.300, pool: web }\n`);
  await writeFile(join(dir, "b.yaml"), "pools:\n  wbe: { members: [192.0.2.1], wieght: 1 }\n");
  const { exitCode, stdout, stderr } = await run(check, [dir]);
  expect(exitCode).toBe(1);
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/a\.yaml:5:17: "192\.0\.2\.300" is no address of A; /);
  expect(lines[1]).toMatch(/a\.yaml:5:36: unknown pool "web"; did you mean "wbe"\?/);
  expect(lines[2]).toMatch(/b\.yaml:2:32: unknown key "wieght"; known keys: /);
  expect(stderr).toBe(`${dir}: 3 errors, 0 warnings\n`);
});

test("check shows warnings and exits 0", async () => {
  await writeFile(join(dir, "a.yaml"), NS.replace(", ns2.example.net.", ""));
  const { exitCode, stdout, stderr } = await run(check, ["--zones", dir]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^.*a\.yaml:4:14: warning: zone a\.test\. has one NS; .*\n$/);
  expect(stderr).toBe(`${dir}: good; 1 zone, 0 pools, 0 monitors; 0 errors, 1 warning\n`);
});

test("check takes the folder from WINDROSE_ZONES when none is given", async () => {
  await writeFile(join(dir, "a.yaml"), NS);
  expect(await run(check, [], { WINDROSE_ZONES: dir })).toMatchObject({ exitCode: 0, stdout: "" });
});

const STEERED = `${NS}      www: { pool: web }
pools:
  web:
    policy: geo
    members:
      - { name: eu, address: [192.0.2.1, "2001:db8::1"], serves: europe }
      - { name: us, address: [198.51.100.1, "2001:db8:1::1"], serves: "*" }
`;

async function writeExpecting(...lines: string[]) {
  const expecting = `    expect:\n${lines.map((line) => `      - ${line}\n`).join("")}pools:`;
  await writeFile(join(dir, "a.yaml"), STEERED.replace("pools:", expecting));
}

test("check runs expectations, and says how many hold", async () => {
  await writeExpecting("{ name: www, from: FR, then: eu }", "{ name: www, from: US, then: us }");
  const { exitCode, stdout, stderr } = await run(check, [dir]);
  expect(stdout).toBe("");
  expect(stderr).toBe(
    `${dir}: good; 1 zone, 1 pool, 0 monitors; 2 expectations hold; 0 errors, 0 warnings\n`,
  );
  expect(exitCode).toBe(0);
});

test("check counts expectations that fail as errors, and exits 1", async () => {
  await writeExpecting("{ name: www, from: FR, then: us }", "{ name: www, from: US, then: us }");
  const { exitCode, stdout, stderr } = await run(check, [dir]);
  expect(stdout).toMatch(
    /^.*a\.yaml:7:9: www\.a\.test\. A from FR: expected us, got 192\.0\.2\.1 \(web\/eu\) for .*; in pool web geo dropped us: .*\n$/,
  );
  expect(stderr).toBe(`${dir}: 1 of 2 expectations hold; 1 error, 0 warnings\n`);
  expect(exitCode).toBe(1);
});

test("check does not run expectations while the documents have errors", async () => {
  await writeExpecting("{ name: www, from: FR, then: us }", "{ name: www, from: US, than: us }");
  const { stdout, stderr } = await run(check, [dir]);
  expect(stdout).toMatch(/^.*a\.yaml:8:32: unknown key "than"; did you mean "then"\?.*\n$/);
  expect(stderr).toBe(`${dir}: 1 error, 0 warnings\n`);
});

test("check takes place data and round-trip times as serve does, and names a file that is none", async () => {
  await writeExpecting("{ name: www, from: AS64500, then: us }");
  expect(await run(check, [dir, "--geo", join(dir, "no.mmdb")])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^windrose check: .*no\.mmdb/),
  });
  expect(await run(check, [dir], { WINDROSE_RTT: join(dir, "no.csv") })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^windrose check: .*no\.csv/),
  });
});

test("check reads round-trip times", async () => {
  await writeExpecting("{ name: www, from: 203.0.113.0/24, then: us }");
  const text = (await readFile(join(dir, "a.yaml"), "utf8"))
    .replace("policy: geo", "policy: latency")
    .replace("serves: europe", "region: eu")
    .replace('serves: "*"', "region: us");
  await writeFile(join(dir, "a.yaml"), text);
  await writeFile(join(dir, "rtt.csv"), "network,region,rtt\n203.0.113.0/24,us,20\n203.0.113.0/24,eu,80\n");
  expect(await run(check, [dir, "--rtt", join(dir, "rtt.csv")])).toMatchObject({ exitCode: 0, stdout: "" });
});

test.each([
  ["an unknown option", ["--nosuch"]],
  ["two folders", ["a", "b"]],
  ["an option without its value", ["--zones"]],
])("check with %s is wrong usage, exit 2", async (_, args) => {
  const { exitCode, stderr } = await run(check, args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^windrose check: .+\nwindrose check --help lists all\n$/);
});

test("check and schema explain themselves", async () => {
  for (const command of [check, schema]) {
    expect(await run(command, ["--help"])).toEqual({ exitCode: 0, stdout: command.usage, stderr: "" });
  }
});

test("schema prints the schema, or writes it", async () => {
  expect(await run(schema, [])).toEqual({ exitCode: 0, stdout: formatSchema(), stderr: "" });
  const file = join(dir, "schema.json");
  expect(await run(schema, ["--write", file])).toMatchObject({ exitCode: 0, stdout: "" });
  expect(await readFile(file, "utf8")).toBe(formatSchema());
});

test("schema says where it cannot write, and what is wrong usage", async () => {
  expect(await run(schema, ["--write", join(dir, "no/such/folder.json")])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("Cannot write"),
  });
  expect(await run(schema, ["extra"])).toMatchObject({ exitCode: 2 });
});
