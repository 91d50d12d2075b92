/**
 * From an endpoint that fails to answers without it: a real server, its prober, endpoints that are killed, and clients that ask.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ask, Child, freePort, MAIN, printed } from "./support.ts";

const TOKEN = "wr_test_of_failover";
/** Far more than two checks and a recheck take: CI machines are slow, and what counts is measured elsewhere. */
const PATIENCE_MS = 15_000;

let folder = "";
const children: Child[] = [];
const endpoints = new Map<string, Server>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "windrose-failover-"));
  mkdirSync(join(folder, "zones"));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
  for (const address of [...endpoints.keys()]) await kill(address);
  rmSync(folder, { recursive: true });
});

/** Listens, and says `line` to whoever connects. */
async function live(address: string, port: number, line = ""): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(line);
  });
  endpoints.set(address, server);
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
}

async function kill(address: string): Promise<void> {
  const server = endpoints.get(address);
  endpoints.delete(address);
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
}

async function start(monitor: string, more = ""): Promise<{ port: number; api: string; child: Child }> {
  writeFileSync(
    join(folder, "zones", "demo.yaml"),
    `zones:
  demo.test:
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.1 }
      ns2: { A: 192.0.2.2 }
      www: { pool: web, ttl: 5 }
pools:
  web:
    monitor: check
    answers: 2
    policy: [failover]${more}
    members:
      - { name: a, address: 127.0.0.2 }
      - { name: b, address: 127.0.0.3 }
monitors:
  check: { ${monitor}, interval: 1s, timeout: 500ms, down-after: 2, up-after: 1, recheck: 200ms }
`,
  );
  const args = ["--dns", "127.0.0.1:0", "--zones", join(folder, "zones"), "--probe", "on", "--region", "eu"];
  const child = new Child(process.execPath, [MAIN, "serve", ...args, "--data", join(folder, "data")], {
    cwd: folder,
    env: { ...process.env, WINDROSE_ADMIN_TOKEN: TOKEN },
  });
  children.push(child);
  await printed(child, /"msg":"answering"/);
  const [, port] = await printed(child, /"tcp","address":"127\.0\.0\.1:(\d+)"/);
  const [, api] = await printed(child, /"url":"(http:\/\/[^"]+)","msg":"the admin API listens"/);
  return { port: Number(port), api: api!, child };
}

async function call(api: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}

/** The last octets of the addresses answered. */
async function answers(port: number): Promise<number[]> {
  const { answer } = await ask({ address: "127.0.0.1", port }, "www.demo.test.", "A");
  return answer.map(({ rdata }) => rdata[3]!).sort();
}

async function untilAnswered(port: number, expected: readonly number[]): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  let last: number[] = [];
  while (performance.now() < deadlineMs) {
    last = await answers(port);
    if (JSON.stringify(last) === JSON.stringify(expected)) return;
    await sleep(20);
  }
  throw new Error(
    `answered ${last}, wanted ${expected}:\n${children.map(({ output }) => output).join("\n")}`,
  );
}

async function untilChecked(api: string, state: string, count: number): Promise<void> {
  await expect
    .poll(
      async () => {
        const { items } = (await call(api, "GET", `/v1/health?state=${state}`)) as { items: unknown[] };
        return items.length;
      },
      { timeout: PATIENCE_MS, interval: 50 },
    )
    .toBe(count);
}

test("an endpoint that is killed leaves the answers, and is back when it is", async () => {
  const checked = await freePort("127.0.0.2");
  await live("127.0.0.2", checked);
  await live("127.0.0.3", checked);
  const { port, api } = await start(`type: tcp, port: ${checked}`);
  await untilChecked(api, "up", 2);
  expect(await answers(port)).toEqual([2, 3]);

  await kill("127.0.0.2");
  await untilAnswered(port, [3]);
  const { items } = (await call(api, "GET", "/v1/incidents")) as { items: { id: string }[] };
  expect(items).toHaveLength(1);
  const incident = await call(api, "GET", `/v1/incidents/${items[0]!.id}`);
  expect(incident).toMatchObject({
    endpoint: "check 127.0.0.2",
    reason: expect.stringContaining("from eu"),
    applied: [{ node: expect.any(String) }],
    drain: { p100Ms: 5000 },
    closedAt: null,
  });

  const { health } = (await call(api, "GET", "/v1/explain?name=www.demo.test")) as { health: unknown[] };
  expect(health).toMatchObject([
    { pool: "web", monitor: "check", members: [{ name: "a", up: false, notes: ["down"] }, { name: "b" }] },
  ]);

  await live("127.0.0.2", checked);
  await untilAnswered(port, [2, 3]);
  expect(await call(api, "GET", `/v1/incidents/${items[0]!.id}`)).toMatchObject({
    closedAt: expect.any(String),
  });
});

test("all of them killed: the pool fails open, and says so", async () => {
  const checked = await freePort("127.0.0.2");
  await live("127.0.0.2", checked);
  await live("127.0.0.3", checked);
  const { port, api } = await start(`type: tcp, port: ${checked}`);
  await untilChecked(api, "up", 2);
  await kill("127.0.0.2");
  await kill("127.0.0.3");
  await untilChecked(api, "down", 2);
  expect(await answers(port)).toEqual([2, 3]);
  expect(await call(api, "GET", "/v1/pools/web/health")).toMatchObject({ up: false, membersUp: 0 });
});

test("an order drains a member while it is well, over a restart too", async () => {
  const checked = await freePort("127.0.0.2");
  await live("127.0.0.2", checked);
  await live("127.0.0.3", checked);
  const monitor = `type: tcp, port: ${checked}`;
  const first = await start(monitor);
  await untilChecked(first.api, "up", 2);
  await call(first.api, "PUT", "/v1/pools/web/members/a/order", { kind: "drain", reason: "new kernel" });
  await untilAnswered(first.port, [3]);
  await first.child.stop();

  const second = await start(monitor);
  await untilAnswered(second.port, [3]);
  await call(second.api, "DELETE", "/v1/pools/web/members/a/order");
  await untilAnswered(second.port, [2, 3]);
});

test("an agent that drains takes its member out, and a server that starts again knows it is down", async () => {
  const checked = await freePort("127.0.0.2");
  await live("127.0.0.2", checked, "ready 50%\n");
  await live("127.0.0.3", checked, "ready\n");
  const monitor = `type: agent, port: ${checked}`;
  const { port, api, child } = await start(monitor);
  await untilChecked(api, "up", 2);
  expect(await call(api, "GET", "/v1/pools/web/health")).toMatchObject({
    members: [{ name: "a", weightPart: 0.5 }, { name: "b" }],
  });
  await kill("127.0.0.2");
  await live("127.0.0.2", checked, "drain\n");
  await untilAnswered(port, [3]);
  await kill("127.0.0.2");
  await live("127.0.0.2", checked, "down # disk full\n");
  await untilChecked(api, "down", 1);
  await child.stop();

  // Its very first answer is without the member.
  const second = await start(monitor);
  expect(await answers(second.port)).toEqual([3]);
});
