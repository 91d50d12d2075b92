/**
 * `node bench/prober.ts [--seconds N]`: what a prober costs, with mock endpoints on the other core.
 *
 *   5,000 endpoints at 10 s     CPU, memory, and how late the latest check began
 *   30,000 endpoints at 10 s    3,000 HTTP checks a second, each over a new connection, on one core
 *
 * The first must take at most 20 % of a core and 200 MB, with no check that begins more than 50 ms late; the second must not miss one.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pino from "pino";
import { keepHeapSmall } from "../src/lib/heap.ts";
import { Prober } from "../src/prober/prober.ts";
import type { ProbedDocuments } from "../src/prober/targets.ts";
import { LocalExchange } from "../src/store/live/local-exchange.ts";
import { chooseCores, pinned } from "./pinning.ts";

const INTERVAL_MS = 10_000;
const STEADY = { endpoints: 5000, cpuMax: 0.2, megabytesMax: 200, lateMsMax: 50 };
const FULL = { endpoints: 30_000 };
const RESPONSE =
  "HTTP/1.1 200 OK\r\nServer: mock\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    role: { type: "string", default: "main" },
    port: { type: "string", default: "0" },
    endpoints: { type: "string", default: "0" },
  },
});

interface Measured {
  readonly checksPerSecond: number;
  readonly cpu: number;
  readonly megabytes: number;
  readonly lateMsMax: number;
  readonly missed: number;
  readonly failed: number;
}

if (values.role === "endpoint") serve();
else if (values.role === "prober") await measure(Number(values.port), Number(values.endpoints));
else await main();

async function main(): Promise<void> {
  const cores = chooseCores();
  if (cores.warning !== undefined) console.log(cores.warning);
  const mock = start(["--role", "endpoint"], cores.generator);
  const [first] = (await once(mock.stdout!, "data")) as [Buffer];
  const run = async (endpoints: number): Promise<Measured> => {
    const args = ["--role", "prober", "--port", first.toString().trim(), "--seconds", values.seconds];
    const prober = start([...args, "--endpoints", String(endpoints)], cores.server);
    const [line] = (await once(prober.stdout!, "data")) as [Buffer];
    await once(prober, "exit");
    const measured = JSON.parse(line.toString()) as Measured;
    console.log(`${endpoints} endpoints at ${INTERVAL_MS / 1000} s: ${describe(measured)}`);
    return measured;
  };
  const steady = await run(STEADY.endpoints);
  const full = await run(FULL.endpoints);
  mock.kill();
  const isGood =
    steady.cpu <= STEADY.cpuMax &&
    steady.megabytes <= STEADY.megabytesMax &&
    steady.lateMsMax <= STEADY.lateMsMax &&
    steady.failed + full.failed + full.missed === 0;
  process.exitCode = isGood ? 0 : 1;
}

function describe({ checksPerSecond, cpu, megabytes, lateMsMax, missed, failed }: Measured): string {
  return [
    `${checksPerSecond.toFixed(0)} checks/s`,
    `${(100 * cpu).toFixed(1)} % of a core`,
    `${megabytes.toFixed(0)} MB`,
    `latest start ${lateMsMax.toFixed(1)} ms late`,
    `${missed} missed`,
    `${failed} failed`,
  ].join(", ");
}

function start(args: string[], core: number | undefined): ChildProcess {
  const command = pinned({ file: process.execPath, args: [fileURLToPath(import.meta.url), ...args] }, core);
  return spawn(command.file, command.args, { stdio: ["ignore", "pipe", "inherit"] });
}

function serve(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {}); // a check ends with a reset
    socket.on("data", () => socket.write(RESPONSE));
  });
  // All of 127.0.0.0/8 is here, so each endpoint has an address of its own.
  server.listen({ port: 0, host: "0.0.0.0", backlog: 4096 }, () => {
    console.log((server.address() as { port: number }).port);
  });
}

async function measure(port: number, endpoints: number): Promise<void> {
  keepHeapSmall();
  const log = pino({ level: "silent" });
  const exchange = await LocalExchange.open({ dataDir: null, log });
  let heard = 0;
  await exchange.follow({
    opinions: (opinions) => {
      heard += opinions.length;
    },
  });
  const prober = new Prober({ exchange, name: "bench", region: "bench", version: "0", log });
  prober.use(documents(port, endpoints));
  // The first checks come faster, and in another order, than those that follow.
  await sleep(1.8 * INTERVAL_MS);
  const before = prober.readReport();
  const [from, fromMs] = [process.cpuUsage(), performance.now()];
  await sleep(Number(values.seconds) * 1000);
  const seconds = (performance.now() - fromMs) / 1000;
  const { user, system } = process.cpuUsage(from);
  const after = prober.readReport();
  const measured: Measured = {
    checksPerSecond: (after.passed - before.passed) / seconds,
    cpu: (user + system) / 1e6 / seconds,
    megabytes: process.memoryUsage().rss / 1e6,
    lateMsMax: after.lateMsMax,
    missed: after.missed - before.missed,
    failed: after.failed,
  };
  if (heard < after.passed) throw new Error(`${after.passed} checks, and only ${heard} opinions`);
  console.log(JSON.stringify(measured));
  await prober.stop();
  await exchange.close();
}

function documents(port: number, endpoints: number): ProbedDocuments {
  const members = Array.from({ length: endpoints }, (_, i) => ({
    ...{ kind: "endpoint" as const, name: `m${i}`, weight: 1, enabled: true, serves: [], location: null },
    ...{ bias: 0, region: null, capacity: null, ipv6: null },
    ipv4: Uint8Array.of(127, 1 + (i >> 16), (i >> 8) & 255, i & 255),
  }));
  const policy = { policy: [], answers: 1, minUp: 1, whenDown: "open" as const };
  return {
    pools: new Map([["pool", { id: "pool", members, ...policy, monitor: "web" }]]),
    monitors: new Map([
      [
        "web",
        {
          ...{ id: "web", type: "http", intervalMs: INTERVAL_MS, timeoutMs: 5000, downAfter: 3, upAfter: 2 },
          ...{ recheckMs: 1000, quorum: "majority", observe: false },
          check: { type: "http", port, expect: { body: "ok" } },
        },
      ],
    ]),
  };
}
