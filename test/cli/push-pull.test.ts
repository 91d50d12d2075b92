import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Command } from "../../src/cli/command.ts";
import { command as pull } from "../../src/cli/pull.ts";
import { command as push } from "../../src/cli/push.ts";
import { redisAccess } from "../../src/cli/redis-settings.ts";
import { RedisServer } from "../support/redis-server.ts";

let server: RedisServer;
let dir: string;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "windrose-push-"));
  const redis = server.client();
  await redis.flushall();
  redis.disconnect();
});
afterEach(() => rm(dir, { recursive: true }));

async function run(
  command: Command,
  args: string[],
  env: NodeJS.ProcessEnv = { WINDROSE_REDIS: server.url },
) {
  let stdout = "";
  let stderr = "";
  const exitCode = await command.run(args, {
    stdout: { write: (s) => (stdout += s) },
    stderr: { write: (s) => (stderr += s) },
    env,
  });
  return { exitCode, stdout, stderr };
}

const ZONE = `# Ours.
zones:
  A.test:
    records:
      "@": { NS: [ns1.example.net., ns2.example.net.] } # two
      www: { pool: web }
`;
const POOLS = "pools:\n  web: { members: [{ address: 192.0.2.1 }] }\n";
const at = (name: string) => join(dir, name);
const write = (name: string, text: string) => writeFile(at(name), text);

test("push lists what changes, makes one generation of it, and takes away only when told to", async () => {
  await write("a.yaml", ZONE);
  await write("pools.yaml", POOLS);
  expect(await run(push, [dir, "--dry-run"])).toEqual({
    exitCode: 0,
    stdout: "+ pools/web\n+ zones/a.test\n",
    stderr: "2 documents would change\n",
  });
  expect((await run(push, [dir])).stderr).toBe("generation 1: 2 documents pushed\n");
  expect((await run(push, [dir])).stderr).toBe("0 documents to push\n");
  await write("pools.yaml", POOLS.replace("web:", "new:"));
  await write("a.yaml", ZONE.replace("pool: web", "pool: new"));
  expect(await run(push, [dir, "--dry-run"])).toMatchObject({
    stdout: "+ pools/new\n~ zones/a.test: records www\n",
    stderr: "2 documents would change; 1 document only in Redis left as it is (--delete takes it away)\n",
  });
  expect(await run(push, [dir, "--delete", "--reason", "tidy"])).toEqual({
    exitCode: 0,
    stdout: "+ pools/new\n- pools/web\n~ zones/a.test: records www\n",
    stderr: "generation 2: 3 documents pushed\n",
  });
});

test("push refuses documents with faults, and to take all zones away, and changes nothing", async () => {
  await write("a.yaml", ZONE);
  const bad = await run(push, [dir]);
  expect(bad.exitCode).toBe(1);
  expect(bad.stderr).toContain('a.yaml:6:20: unknown pool "web"');
  await write("pools.yaml", POOLS);
  await run(push, [dir]);
  await rm(at("a.yaml"));
  const empty = await run(push, [dir, "--delete"]);
  expect(empty).toMatchObject({ exitCode: 1, stdout: "" });
  expect(empty.stderr).toContain("no zone would be left");
  expect(await run(pull, [join(dir, "x"), "--dry-run"])).toMatchObject({
    stdout: "+ pools/web\n+ zones/a.test\n",
  });
});

test("pull makes a folder that is good, and changes files where documents stand in them", async () => {
  await write("a.yaml", ZONE);
  await write("pools.yaml", POOLS);
  await run(push, [dir]);
  const other = at("other");
  expect((await run(pull, [other])).stderr).toBe("2 documents pulled\n");
  expect((await readdir(other)).sort()).toEqual(["a.test.yaml", "pools.yaml"]);
  expect(await run(push, [other])).toMatchObject({ exitCode: 0, stderr: "0 documents to push\n" });
  await writeFile(join(other, "pools.yaml"), POOLS.replace("192.0.2.1", "192.0.2.9"));
  await run(push, [other]);
  expect(await run(pull, [dir])).toMatchObject({ stdout: "~ pools/web: members\n" });
  expect(await readFile(at("a.yaml"), "utf8")).toBe(ZONE);
  expect(await readFile(at("pools.yaml"), "utf8")).toContain("192.0.2.9");
  await write("more.yaml", "pools: { extra: { members: [192.0.2.1] } }\n");
  expect((await run(pull, [dir, "--delete"])).stdout).toBe("- pools/extra\n");
  expect(await readdir(dir)).not.toContain("more.yaml");
});

test("push and pull say where there is no Redis, and what is wrong with a URL or a flag", async () => {
  for (const command of [push, pull]) {
    expect(await run(command, [dir], {})).toMatchObject({ exitCode: 2 });
    expect(await run(command, [dir, "--redis", "http://x"])).toMatchObject({ exitCode: 1 });
    expect(await run(command, [dir, "--frobnicate"])).toMatchObject({ exitCode: 2 });
    expect(await run(command, ["--help"])).toMatchObject({ exitCode: 0, stdout: command.usage });
    const away = await run(command, [dir, "--redis", "redis://127.0.0.1:1"]);
    expect(away).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("ECONNREFUSED") as string });
  }
});

test("redisAccess() takes the password from a variable or a file, and not from both", async () => {
  await write("password", "secret\n");
  await write("ca.pem", "PEM");
  const settings = { redis: "redis://x", redisCa: at("ca.pem") };
  expect(redisAccess({ redis: null, redisCa: null }, {})).toBeUndefined();
  expect(redisAccess(settings, { WINDROSE_REDIS_PASSWORD: "word" })).toEqual({
    url: "redis://x",
    password: "word",
    ca: "PEM",
  });
  expect(redisAccess(settings, { WINDROSE_REDIS_PASSWORD_FILE: at("password") })?.password).toBe("secret");
  expect(() =>
    redisAccess(settings, { WINDROSE_REDIS_PASSWORD: "a", WINDROSE_REDIS_PASSWORD_FILE: "b" }),
  ).toThrow("set one");
  expect(() => redisAccess({ redis: "redis://x", redisCa: at("none.pem") }, {})).toThrow("--redis-ca");
});
