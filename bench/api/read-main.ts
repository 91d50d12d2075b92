/**
 * The load of reads, a process of its own: keep-alive connections, one request in flight on each. Every reply is looked at:
 * its status, its length, and every sixteenth octet for octet.
 *
 *   node bench/api/read-main.ts PORT PATH SECONDS TOKEN TOKEN …
 *
 * Prints JSON: how many replies there were, and their times. Each connection has a token of its own, because the API lets
 * none have more than 20,000 requests a second.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { Histogram } from "../generator/histogram.ts";

const [port, path, seconds, ...tokens] = process.argv.slice(2) as [string, string, string, ...string[]];
const CHECKED_EVERY = 16;

const times = new Histogram();
let firstBody: string | undefined;

const sockets = await Promise.all(tokens.map(() => open()));
for (const [i, socket] of sockets.entries()) ask(socket, tokens[i]!);
setTimeout(() => {
  const { count: replies } = times;
  console.log(JSON.stringify({ replies, p50Us: times.percentile(0.5), p99Us: times.percentile(0.99) }));
  process.exit(0);
}, Number(seconds) * 1000);

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true }, () => resolve(socket));
    socket.on("error", reject);
  });
}

function ask(socket: Socket, token: string): void {
  const head = [`GET ${path} HTTP/1.1`, "Host: windrose", `Authorization: Bearer ${token}`];
  const request = Buffer.from(`${head.join("\r\n")}\r\n\r\n`);
  let sentMs = performance.now();
  let received = "";
  socket.write(request);
  socket.setEncoding("latin1").on("data", (part: string) => {
    received = received === "" ? part : received + part;
    const end = received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
    if (received.length < end + 4 + length) return;
    check(received, end, length);
    const nowMs = performance.now();
    times.add((nowMs - sentMs) * 1000);
    received = "";
    sentMs = nowMs;
    socket.write(request);
  });
  socket.on("close", () => fail("the server closed a connection"));
}

function check(reply: string, end: number, length: number): void {
  if (!reply.startsWith("HTTP/1.1 200") || reply.length !== end + 4 + length) fail(reply);
  if (times.count % CHECKED_EVERY !== 0) return;
  const body = reply.slice(end + 4);
  firstBody ??= body;
  if (body !== firstBody) fail(`another body than before: ${reply}`);
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}
