/**
 * `npm run fuzz`: a million packets, or as many as are asked for, against each target.
 *
 *   node test/fuzz/main.ts [--cases N] [--seed N] [--target respond|message]
 *   node test/fuzz/main.ts --seed N --target T --case N      one case of a run, again
 *   node test/fuzz/main.ts --target T --packet HEX           one packet
 *
 * Exits 1 when a case failed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { SeededRandom } from "../../src/lib/random.ts";
import { checkPacket, formatFailure, runCampaign, runCase, type Target } from "./campaign.ts";
import { loadSeedPackets, parseHexPacket } from "./seed-packets.ts";
import { makeTargets } from "./targets.ts";

/** Failures shown before a target is given up; the tenth seldom says what the first did not. */
const FAILURES_MAX = 10;

function main(): number {
  const { values } = parseArgs({
    options: {
      cases: { type: "string", default: "1000000" },
      seed: { type: "string" },
      target: { type: "string" },
      case: { type: "string" },
      packet: { type: "string" },
    },
  });
  const seed = values.seed === undefined ? Date.now() % 2 ** 32 : wholeNumber("--seed", values.seed);
  const cases = wholeNumber("--cases", values.cases);
  const targets = chooseTargets(makeTargets(seed), values.target);
  const one = values.case === undefined ? undefined : wholeNumber("--case", values.case);
  const packet = values.packet === undefined ? undefined : parseHexPacket(values.packet, "--packet");
  const runs = targets.map((target) => {
    if (packet !== undefined) return runPacket(target, packet);
    return one === undefined ? run(target, seed, cases) : runOne(target, seed, one);
  });
  return runs.every((isFine) => isFine) ? 0 : 1;
}

function run(target: Target, seed: number, cases: number): boolean {
  say(`${target.name}: ${cases} cases, seed ${seed}`);
  const startMs = performance.now();
  const result = runCampaign({ target, seeds: loadSeedPackets(), seed, cases, failuresMax: FAILURES_MAX });
  const seconds = (performance.now() - startMs) / 1000;
  for (const failure of result.failures) say(formatFailure(failure));
  const verdict = result.failures.length === 0 ? "no failure" : `${result.failures.length} failures`;
  const perCase = (seconds / result.cases) * 1e6;
  say(
    `${target.name}: ${verdict} in ${result.cases} cases, ${seconds.toFixed(1)} s, ${perCase.toFixed(1)} µs a case, ` +
      `slowest thousand ${result.slowestThousandMs.toFixed(0)} ms`,
  );
  return result.failures.length === 0;
}

function runOne(target: Target, seed: number, caseNumber: number): boolean {
  const failure = runCase(target, loadSeedPackets(), seed, caseNumber);
  say(
    failure === undefined ? `${target.name}: seed ${seed}, case ${caseNumber}: fine` : formatFailure(failure),
  );
  return failure === undefined;
}

function runPacket(target: Target, packet: Uint8Array): boolean {
  const what = checkPacket(target, packet, new SeededRandom(0));
  say(`${target.name}: ${what ?? "fine"}`);
  return what === undefined;
}

function chooseTargets(targets: readonly Target[], name: string | undefined): readonly Target[] {
  const chosen = targets.filter((target) => name === undefined || target.name === name);
  if (chosen.length > 0) return chosen;
  throw new Error(`--target ${name}: there are ${targets.map((target) => target.name).join(" and ")}`);
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 0xffff_ffff)
    throw new Error(`${flag} ${text}: must be a whole number below 2^32`);
  return value;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`fuzz: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
