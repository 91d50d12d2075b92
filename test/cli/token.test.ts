import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTokenFile } from "../../src/api/token-file.ts";
import { Tokens } from "../../src/api/tokens.ts";
import { command } from "../../src/cli/token.ts";
import { RedisServer } from "../support/redis-server.ts";

let dir = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "windrose-token-"));
});

afterEach(() => rm(dir, { recursive: true }));

async function run(...args: string[]) {
  return runIn({ WINDROSE_DATA: dir }, ...args);
}

async function runIn(env: Record<string, string>, ...args: string[]) {
  const written = { stdout: "", stderr: "" };
  const io = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
    env,
  };
  return { code: await command.run(args, io), ...written };
}

async function authenticate(text: string) {
  const tokens = new Tokens(await openTokenFile(dir), { now: () => Date.now() });
  try {
    return await tokens.authenticate(text);
  } finally {
    await tokens.close();
  }
}

test("create prints a token once that a server lets in, and keeps its hash alone", async () => {
  const { code, stdout } = await run("create", "deployer", "--scope", "edit", "--zone", "Example.test.");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^wr_[0-9a-f]{12}_[\w-]{43}\n$/);
  expect(await authenticate(stdout.trim())).toMatchObject({
    name: "deployer",
    scope: "edit",
    zones: ["example.test"],
  });
  expect(await readFile(join(dir, "tokens.json"), "utf8")).not.toContain(stdout.trim().slice(16));
});

test("list shows tokens without their texts, and revoke ends one", async () => {
  expect((await run("list")).stdout).toBe("no tokens\n");
  const made = await run("create", "reader", "--expires", "12h", "--json");
  const { id, text, scope, expiresAt } = JSON.parse(made.stdout);
  expect(scope).toBe("read");
  const listed = await run("list");
  expect(listed.stdout).toContain(id);
  expect(listed.stdout).toContain(`good until ${expiresAt}`);
  expect(listed.stdout).not.toContain(text);
  expect(await run("revoke", id)).toEqual({ code: 0, stdout: `revoked ${id}\n`, stderr: "" });
  expect(await authenticate(text)).toBe("token-revoked");
  expect((await run("list")).stdout).toMatch(/revoked \d{4}-/);
  expect(JSON.parse((await run("list", "--json")).stdout).tokens).toMatchObject([{ id, name: "reader" }]);
});

test("revoke exits 1 for a token that is not there, and for the last of scope admin", async () => {
  expect((await run("revoke", "000000000000")).code).toBe(1);
  const { id } = JSON.parse((await run("create", "root", "--scope", "admin", "--json")).stdout);
  const refused = await run("revoke", id);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("last one of scope admin")]);
});

test.each([
  [],
  ["make", "x"],
  ["create"],
  ["create", "a", "b"],
  ["create", "a", "--scope", "all"],
  ["create", "a", "--expires", "soon"],
  ["list", "x"],
  ["revoke"],
  ["list", "--colour"],
])("exits 2 for wrong usage: %j", async (...args: string[]) => {
  const { code, stderr } = await run(...args);
  expect(code).toBe(2);
  expect(stderr).toContain("windrose token: ");
});

test("exits 1 where the file is not what it should be, and leaves it alone", async () => {
  await writeFile(join(dir, "tokens.json"), "{ broken");
  const { code, stderr } = await run("create", "a");
  expect([code, stderr]).toEqual([1, expect.stringContaining("tokens.json")]);
  expect(await readFile(join(dir, "tokens.json"), "utf8")).toBe("{ broken");
});

test("--redis manages those of the nodes on it, and --data still means the folder", async () => {
  const server = await RedisServer.start();
  try {
    const env = { WINDROSE_DATA: dir, WINDROSE_REDIS: server.url };
    const made = await runIn(env, "create", "deployer", "--json");
    const { id, text } = JSON.parse(made.stdout);
    expect(text).toMatch(/^wr_/);
    expect((await runIn(env, "list")).stdout).toContain(`${id}  deployer`);
    expect((await runIn(env, "list", "--data", dir)).stdout).toBe("no tokens\n");
    expect((await runIn(env, "revoke", id)).code).toBe(0);
    await server.kill();
    const gone = await runIn(env, "list");
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining("Redis cannot be asked")]);
  } finally {
    await server.kill();
  }
}, 20_000);
