/**
 * `node bench/checks.ts [--seconds N] [--concurrency N]`: how many HTTP checks a second one core does, each over a new connection, and
 * how that compares with requests by node:http. A mock endpoint runs on the other core.
 *
 * Checks are bound by CPU, so what counts is CPU time for each; "a second" is how many of those fit on one core. Rounds of
 * both take turns, and the median of their ratios is told, which is steadier than either figure.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeCheck } from "../src/prober/checks/check-table.ts";
import { chooseCores, pinned } from "./pinning.ts";
import { median } from "./statistics.ts";

const ROUNDS = 5;
const WANTED = 3000;
const RESPONSE =
  "HTTP/1.1 200 OK\r\nServer: mock\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    concurrency: { type: "string", default: "32" },
    role: { type: "string", default: "main" },
    port: { type: "string", default: "0" },
  },
});
const concurrency = Number(values.concurrency);
const signal = new AbortController().signal;
if (values.role === "endpoint") serve();
else if (values.role === "checker") await measure(Number(values.port));
else await main();

/** Starts both halves on a core each. */
async function main(): Promise<void> {
  const cores = chooseCores();
  if (cores.warning !== undefined) console.log(cores.warning);
  const endpoint = start(["--role", "endpoint"], cores.generator, "pipe");
  const [first] = (await once(endpoint.stdout!, "data")) as [Buffer];
  const args = ["--role", "checker", "--port", first.toString().trim()];
  const checker = start(
    [...args, "--seconds", values.seconds, "--concurrency", values.concurrency],
    cores.server,
    "inherit",
  );
  const [code] = (await once(checker, "exit")) as [number | null];
  endpoint.kill();
  process.exitCode = code ?? 1;
}

function start(args: string[], core: number | undefined, output: "pipe" | "inherit"): ChildProcess {
  const command = pinned({ file: process.execPath, args: [fileURLToPath(import.meta.url), ...args] }, core);
  return spawn(command.file, command.args, { stdio: ["ignore", output, "inherit"] });
}

function serve(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {}); // a check ends with a reset
    socket.on("data", () => socket.write(RESPONSE));
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, () => {
    console.log((server.address() as { port: number }).port);
  });
}

async function measure(port: number): Promise<void> {
  const check = makeCheck({
    id: "bench",
    type: "http",
    intervalMs: 10_000,
    timeoutMs: 5000,
    downAfter: 3,
    upAfter: 2,
    recheckMs: 1000,
    quorum: "majority",
    observe: false,
    check: { type: "http", port, expect: { body: "ok" } },
  });
  const target = { address: "127.0.0.1", family: 4 } as const;
  async function byCheck(): Promise<void> {
    const result = await check.run(target, { signal, detailed: false });
    if (!result.ok) throw new Error(`the endpoint failed: ${result.reason}`);
  }
  const rounds: { ours: number; node: number }[] = [];
  await costUs(byCheck); // warm up
  await costUs(() => byNode(port));
  for (let i = 0; i < ROUNDS; i++) {
    rounds.push({ ours: await costUs(byCheck), node: await costUs(() => byNode(port)) });
  }
  const ours = median(rounds.map((round) => round.ours));
  const node = median(rounds.map((round) => round.node));
  const ratio = median(rounds.map((round) => round.node / round.ours));
  console.log(
    `check of type http   ${ours.toFixed(0)} us of CPU, ${(1e6 / ours).toFixed(0)} a second on one core`,
  );
  console.log(
    `request by node:http ${node.toFixed(0)} us of CPU, ${(1e6 / node).toFixed(0)} a second on one core`,
  );
  console.log(`ratio                ${ratio.toFixed(2)}`);
  const memory = process.memoryUsage().rss / 2 ** 20;
  console.log(`memory               ${memory.toFixed(0)} MiB`);
  process.exitCode = 1e6 / ours >= WANTED ? 0 : 1;
}

/** CPU of this process for each, over the wanted time, with so many at once. */
async function costUs(one: () => Promise<void>): Promise<number> {
  let count = 0;
  const from = process.cpuUsage();
  const untilMs = performance.now() + (Number(values.seconds) * 1000) / ROUNDS;
  async function keepOn(): Promise<void> {
    while (performance.now() < untilMs) {
      await one();
      count++;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, keepOn));
  const { user, system } = process.cpuUsage(from);
  return (user + system) / count;
}

function byNode(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, agent: false }, (response) => {
      response.resume();
      response.on("end", () => {
        sent.destroy();
        resolve();
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}
