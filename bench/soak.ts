/**
 * `npm run bench:soak`: is memory flat? Windrose at full load for minutes, all workloads in turn, while a zone is edited
 * once a second. Every ten seconds a line: resident memory, JavaScript heaps, garbage collections, queries per second.
 *
 *   node bench/soak.ts [--seconds N] [--edits-per-second N] [--settle-seconds N]
 *
 * Heaps and collections are what V8 tells with --trace-gc, for each thread: a thread that collected nothing has no
 * line, and its heap is what it was. The first part (--settle-seconds) is left out of the judgement: caches fill,
 * the optimising compiler works, heaps find their size.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runUdp } from "./context.ts";
import { Editor } from "./editor.ts";
import { GcLog } from "./gc-log.ts";
import { describeMachine } from "./machine.ts";
import type { Peer } from "./peers/peer.ts";
import { windrose } from "./peers/windrose.ts";
import { EDITED_FILE, ZONES_FOLDER } from "./peers/zones.ts";
import { chooseCores } from "./pinning.ts";
import { ServerProcess } from "./server-process.ts";
import { slope } from "./statistics.ts";
import { formatTable } from "./table.ts";
import { WORKLOADS } from "./workloads.ts";

const STEP_SECONDS = 10;
/** Flat: less growth than this over the time that is judged, in parts of what is resident. */
const GROWTH_MAX = 0.02;
const HEAD = [
  "s",
  "workload",
  "resident MB",
  "heaps MB",
  "scavenges",
  "mark-sweeps",
  "GC ms",
  "queries/s",
  "lost",
];

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "300" },
    "settle-seconds": { type: "string", default: "60" },
    "edits-per-second": { type: "string", default: "1" },
  },
});

interface Step {
  readonly atSeconds: number;
  readonly residentMB: number;
  readonly cells: readonly string[];
}

/** Windrose with V8's log of collections. */
const traced: Peer = {
  ...windrose,
  prepare(place) {
    const { file, args } = windrose.prepare(place);
    return { file, args: ["--trace-gc", ...args] };
  },
};

async function soak(temporary: string): Promise<boolean> {
  const cores = chooseCores();
  process.stdout.write(`${Object.values(describeMachine(cores)).join("\n")}\n\n`);
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  const surroundings = { cores, signal: interrupt.signal, options: { sockets: 1, window: 192 } };
  const editsPerSecond = Number(values["edits-per-second"]);
  const editor = new Editor(temporary, cores.server);
  const server = await ServerProcess.start(traced, temporary, { core: cores.server });
  const steps: Step[] = [];
  try {
    const gcLog = new GcLog();
    const startMs = performance.now();
    for (let step = 0; performance.now() - startMs < Number(values.seconds) * 1000; step++) {
      const { id } = WORKLOADS[step % WORKLOADS.length]!;
      if (editsPerSecond > 0) {
        editor.start(join(server.directory, ZONES_FOLDER, EDITED_FILE), 1000 / editsPerSecond);
      }
      const run = { workload: id, seconds: STEP_SECONDS, rate: 0 };
      const { answeredInTime, seconds, lost } = await runUdp(server, run, surroundings);
      if (editsPerSecond > 0) await editor.stop();
      if (!server.isRunning) throw new Error(`Windrose ended under load: ${server.output}`);
      const { scavenges, markSweeps, pauseMs } = gcLog.read(server.takeOutput());
      const residentMB = residentMegabytes(server.pid);
      const atSeconds = (performance.now() - startMs) / 1000;
      const cells = [
        atSeconds.toFixed(0),
        id,
        residentMB.toFixed(1),
        gcLog.heapsMB.toFixed(1),
        String(scavenges),
        String(markSweeps),
        pauseMs.toFixed(1),
        (answeredInTime / seconds).toFixed(0),
        String(lost),
      ];
      steps.push({ atSeconds, residentMB, cells });
      process.stdout.write(`${HEAD.map((name, i) => `${name} ${cells[i]}`).join(", ")}\n`);
    }
  } finally {
    await server.stop();
  }
  return judge(steps);
}

function judge(steps: readonly Step[]): boolean {
  const table = { head: HEAD, lines: steps.map(({ cells }) => cells), textColumns: [1] };
  process.stdout.write(`\n${formatTable(table)}\n`);
  const judged = steps.filter(({ atSeconds }) => atSeconds > Number(values["settle-seconds"]));
  const first = judged[0];
  const last = judged.at(-1);
  if (first === undefined || last === undefined || first === last) {
    process.stdout.write("Too short to judge: longer than --settle-seconds by two steps at least\n");
    return false;
  }
  const perSecond = slope(judged.map(({ atSeconds, residentMB }) => [atSeconds, residentMB]));
  const span = last.atSeconds - first.atSeconds;
  const share = (perSecond * span) / first.residentMB;
  const isFlat = share <= GROWTH_MAX;
  const trend = `${(perSecond * 60).toFixed(2)} MB a minute, ${(share * 100).toFixed(1)} % over ${span.toFixed(0)} s`;
  process.stdout.write(`Resident memory is ${isFlat ? "flat" : "NOT flat"}: ${trend}\n`);
  return isFlat;
}

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)![1]) / 1024;
}

const temporary = mkdtempSync(join(tmpdir(), "windrose-soak-"));
try {
  if (!(await soak(temporary))) process.exitCode = 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
