/**
 * When an endpoint is checked: at one time of each interval, the same for ever, of the clock that all probers share.
 *
 *   interval     ├───────────────────────┼───────────────────────┼──
 *   prober a            ●                       ●                      phase: a hash of the endpoint
 *   prober b                        ●                       ●          the same, and half of the interval later
 *
 * The hash spreads endpoints over the interval. Of n probers of a region each is 1/n of the interval behind the one before it by
 * name, so together they look n times as often, evenly. Nobody has to agree on anything but on who is there.
 *
 * @module
 */
import { hashText } from "../lib/hash.ts";

/** The place of a prober among those of its region. */
export interface Rank {
  /** From 0. */
  readonly index: number;
  /** At least 1. */
  readonly count: number;
}

export const ALONE: Rank = { index: 0, count: 1 };

/** A part of the interval, 0 and more and below 1. */
export function phaseOf(endpoint: string, { index, count }: Rank): number {
  return (hashText(endpoint) / 0x1_0000_0000 + index / count) % 1;
}

/** The first time after `afterMs` that is in that phase of its interval. */
export function slotAfter(afterMs: number, intervalMs: number, phase: number): number {
  const offset = phase * intervalMs;
  return (Math.floor((afterMs - offset) / intervalMs) + 1) * intervalMs + offset;
}

/** By name among those of the same region, itself included; several with one name have one place. */
export function rankAmong(
  self: { readonly name: string; readonly region: string },
  probers: Iterable<{ readonly name: string; readonly region: string }>,
): Rank {
  const names = new Set([self.name]);
  for (const { name, region } of probers) if (region === self.region) names.add(name);
  let index = 0;
  for (const name of names) if (name < self.name) index++;
  return { index, count: names.size };
}
