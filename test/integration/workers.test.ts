/**
 * `windrose serve` with worker threads, as its users have it: how it ends under load, and what it says where it
 * cannot start.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { framed, TcpClient, until } from "../server/harness.ts";
import { encodeQuery, Load, UdpClient } from "../server/udp-client.ts";
import { Child, exitCode, MAIN, printed } from "./support.ts";

const DOCUMENTS = `zones:
  demo.test:
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.1 }
      ns2: { A: 192.0.2.2 }
      host: { A: 192.0.2.10 }
`;
const QUESTION = "host.demo.test. A";

let folder = "";
const children: Child[] = [];
const clients: UdpClient[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "windrose-workers-"));
  mkdirSync(join(folder, "zones"));
  writeFileSync(join(folder, "zones", "demo.yaml"), DOCUMENTS);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(children.splice(0).map((child) => child.stop()));
  rmSync(folder, { recursive: true });
});

function run(file: string, ...args: string[]): Child {
  const child = new Child(file, args, { cwd: folder });
  children.push(child);
  return child;
}

async function start(...args: string[]): Promise<{ child: Child; port: number }> {
  const child = run(process.execPath, MAIN, "serve", "--dns", "127.0.0.1:0", ...args);
  await printed(child, /"msg":"answering"/);
  const [, port] = await printed(child, /"tcp","address":"127\.0\.0\.1:(\d+)"/);
  return { child, port: Number(port) };
}

async function connect(port: number): Promise<UdpClient> {
  const client = await UdpClient.connect(port);
  clients.push(client);
  return client;
}

test("SIGTERM answers what is in the socket buffers, then ends with 0", async () => {
  const { child, port } = await start("--workers", "2");
  const asking = await Promise.all(Array.from({ length: 8 }, () => connect(port)));
  for (const client of asking) await client.ask(QUESTION);
  const tcp = await TcpClient.connect(port);
  // Stopped, the server can only leave them in its buffers; the kernel delivers SIGTERM as it goes on.
  child.process.kill("SIGSTOP");
  const got = asking.map(() => 0);
  for (const [i, client] of asking.entries()) {
    client.onReply = () => got[i]!++;
    for (let id = 1; id <= 100; id++) await client.send(encodeQuery(QUESTION, id));
  }
  await tcp.flush(framed(...Array.from({ length: 50 }, (_, i) => encodeQuery(QUESTION, i + 1))));
  child.process.kill("SIGTERM");
  child.process.kill("SIGCONT");
  expect(await exitCode(child)).toBe(0);
  await until(() => got.every((count) => count === 100));
  expect(await tcp.received(50)).toHaveLength(50);
});

test("SIGTERM under load answers all that was asked before it, and ends with 0", async () => {
  const { child, port } = await start("--workers", "2");
  const loaded = await Promise.all(Array.from({ length: 4 }, () => connect(port)));
  const loads = loaded.map((client) => new Load(client, { question: QUESTION, window: 64 }));
  await until(() => loads.every(({ answered }) => answered > 500));
  const sent = loads.map((load) => load.sent);
  await setImmediate(); // what was handed to the sockets has left
  child.process.kill("SIGTERM");
  expect(await exitCode(child)).toBe(0);
  for (const load of loads) load.end();
  await until(() => loads.every(({ answered }, i) => answered >= sent[i]!));
  expect(loads.map(({ lost }) => lost)).toEqual([0, 0, 0, 0]);
});

test("--udp dgram is said in the log, and answers", async () => {
  const { child, port } = await start("--udp", "dgram");
  await printed(child, /"udp":"dgram","why":"it was asked for","msg":"UDP is answered by node:dgram/);
  expect((await (await connect(port)).ask(QUESTION)).answer).toHaveLength(1);
});

test("more workers than cores answer too", async () => {
  const { port } = await start("--workers", "16");
  const asking = await Promise.all(Array.from({ length: 64 }, () => connect(port)));
  for (const client of asking) expect((await client.ask(QUESTION)).answer).toHaveLength(1);
});

test.each(["x", "1.5"])("--workers %s: says what would be right, and exits 1", async (value) => {
  const child = run(process.execPath, MAIN, "serve", `--workers=${value}`);
  expect(await exitCode(child)).toBe(1);
  expect(child.output).toContain(`"${value}" is not a whole number from 1 to 256`);
});

test("too few file descriptors for the sockets: says how to raise the limit, and exits 1", async () => {
  const command = `ulimit -n 64; exec "$0" "$@" --workers 64`;
  const child = run("sh", "-c", command, process.execPath, MAIN, "serve", "--dns", "127.0.0.1:0");
  expect(await exitCode(child)).toBe(1);
  expect(child.output).toContain("Cannot listen on udp 127.0.0.1:");
  expect(child.output).toContain('no file descriptor is left; raise the limit with "ulimit -n"');
});

test("too few file descriptors for the threads: says so rather than that it answers, and exits 1", async () => {
  const command = `ulimit -n 64; exec "$0" "$@" --workers 16`;
  const child = run("sh", "-c", command, process.execPath, MAIN, "serve", "--dns", "127.0.0.1:0");
  expect(await exitCode(child)).toBe(1);
  expect(child.output).toContain("Cannot start a worker thread for UDP: no file descriptor is left");
  expect(child.output).not.toContain('"msg":"answering"');
});

test("a port of another program: names what to do, and exits 1", async () => {
  const { port } = await start();
  const child = run(process.execPath, MAIN, "serve", "--dns", `127.0.0.1:${port}`);
  expect(await exitCode(child)).toBe(1);
  expect(child.output).toContain(`127.0.0.1:${port}: the port is in use; stop the program that has it`);
});
