/**
 * Runs a target over many packets and keeps what went wrong. Case n of a seed is always the same
 * packet: each case has its own random numbers, made of the seed and n, so that one case can be
 * run again without those before it. The first cases are the corpus itself, unbroken.
 *
 * @module
 */
import { type Random, SeededRandom } from "../../src/lib/random.ts";
import { makePacket } from "./mutator.ts";
import type { SeedPacket } from "./seed-packets.ts";

export interface Target {
  readonly name: string;
  /** Runs one packet; what is wrong, or undefined. It may throw: that is wrong, too. */
  check(packet: Uint8Array, random: Random): string | undefined;
}

export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly caseNumber: number;
  readonly packet: Uint8Array;
  readonly what: string;
}

export interface CampaignOptions {
  readonly target: Target;
  readonly seeds: readonly SeedPacket[];
  readonly seed: number;
  readonly cases: number;
  /** Stop after so many. */
  readonly failuresMax: number;
}

export interface CampaignResult {
  readonly failures: readonly Failure[];
  readonly cases: number;
  /** The slowest thousand cases; a report and no verdict, for machines differ and are shared. */
  readonly slowestThousandMs: number;
}

export function runCampaign({ target, seeds, seed, cases, failuresMax }: CampaignOptions): CampaignResult {
  const failures: Failure[] = [];
  let slowestThousandMs = 0;
  let thousandStartMs = performance.now();
  let caseNumber = 0;
  for (; caseNumber < cases && failures.length < failuresMax; caseNumber++) {
    const failure = runCase(target, seeds, seed, caseNumber);
    if (failure !== undefined) failures.push(failure);
    if (caseNumber % 1000 === 999) {
      const nowMs = performance.now();
      slowestThousandMs = Math.max(slowestThousandMs, nowMs - thousandStartMs);
      thousandStartMs = nowMs;
    }
  }
  return { failures, cases: caseNumber, slowestThousandMs };
}

export function runCase(
  target: Target,
  seeds: readonly SeedPacket[],
  seed: number,
  caseNumber: number,
): Failure | undefined {
  // An odd factor keeps cases of one seed apart, and of neighbouring seeds as well.
  const random = new SeededRandom((Math.imul(caseNumber, 0x9e37_79b1) ^ Math.imul(seed, 0x85eb_ca6b)) >>> 0);
  const packet = caseNumber < seeds.length ? seeds[caseNumber]!.octets.slice() : makePacket(seeds, random);
  const what = checkPacket(target, packet, random);
  return what === undefined ? undefined : { target: target.name, seed, caseNumber, packet, what };
}

export function checkPacket(target: Target, packet: Uint8Array, random: Random): string | undefined {
  // A copy: a target that writes into its input would spoil the report of the failure.
  try {
    return target.check(packet.slice(), random);
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** The failure with its packet, and how to run it alone. */
export function formatFailure({ target, seed, caseNumber, packet, what }: Failure): string {
  return `${target}: seed ${seed}, case ${caseNumber}: ${what}
  packet (${packet.length} octets): ${Buffer.from(packet).toString("hex")}
  again: npm run fuzz -- --target ${target} --seed ${seed} --case ${caseNumber}`;
}
