import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openTokenFile } from "../../src/api/token-file.ts";
import { Tokens } from "../../src/api/tokens.ts";
import { command } from "../../src/cli/token.ts";
import { MAIN } from "../integration/support.ts";
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

test("a server that runs takes note of what was made and revoked, and neither loses what the other wrote", async () => {
  const tokens = new Tokens(await openTokenFile(dir), { now: () => Date.now() });
  const first = (await tokens.createFirst())!;
  expect(await tokens.authenticate(first)).toMatchObject({ name: "first" });
  const made = JSON.parse((await run("create", "by-command", "--json")).stdout) as {
    id: string;
    text: string;
  };
  await vi.waitFor(async () =>
    expect(await tokens.authenticate(made.text)).toMatchObject({ name: "by-command" }),
  );
  const { token } = await tokens.create({ name: "by-server", scope: "read" }, "first");
  const { stdout } = await run("list");
  for (const name of ["first", "by-command", "by-server"]) expect(stdout).toContain(name);
  expect((await run("revoke", made.id)).code).toBe(0);
  await vi.waitFor(async () => expect(await tokens.authenticate(made.text)).toBe("token-revoked"));
  expect((await run("revoke", token.id)).code).toBe(0);
  expect(await tokens.revoke(token.id)).toBe("unknown");
  // What the server writes at its end has it all.
  await tokens.close();
  expect(await authenticate(made.text)).toBe("token-revoked");
  expect(await authenticate(first)).toMatchObject({ name: "first", scope: "admin" });
});

test("tokens that many processes make at once are all there", async () => {
  const make = (name: string) =>
    new Promise<number | null>((resolve, reject) => {
      const child = spawn(process.execPath, [MAIN, "token", "create", name, "--data", dir], {
        stdio: "ignore",
      });
      child.on("error", reject).on("exit", resolve);
    });
  const names = Array.from({ length: 4 }, (_, i) => `process-${i}`);
  const own = Array.from({ length: 20 }, (_, i) => `own-${i}`);
  const tokens = new Tokens(await openTokenFile(dir), { now: () => Date.now() });
  const codes = await Promise.all([
    ...names.map(make),
    ...own.map((name) => tokens.create({ name, scope: "read" }, "test").then(() => 0)),
  ]);
  expect(new Set(codes)).toEqual(new Set([0]));
  await tokens.close();
  const { tokens: kept } = JSON.parse((await run("list", "--json")).stdout) as { tokens: { name: string }[] };
  expect(kept.map(({ name }) => name).sort()).toEqual([...names, ...own].sort());
  expect((await readdir(dir)).sort()).toEqual(["tokens.json"]);
});
