/**
 * Where clients would move: the same clients ask both configurations, with the same random numbers, and what stands first in
 * their answers is compared.
 *
 *   each client × DRAWS ─► before: eu/eu-1 ─┐
 *                      └─► after:  us/us-1 ─┴─► moved, by its weight
 *
 * With the same numbers, nothing moves where nothing changed, and a change of weights moves as much as it must. It runs beside
 * the half that answers over TCP, so it gives way every few milliseconds, and ends when its time is over.
 *
 * @module
 */
import { setImmediate as giveWay } from "node:timers/promises";
import { Asker } from "../../expectations/asker.ts";
import { NODATA, originsOf, reachableFrom } from "../../expectations/outcomes.ts";
import { SeededRandom } from "../../lib/random.ts";
import type { Snapshot } from "../../snapshot/snapshot.ts";
import type { Pool } from "../../steering/pool.ts";
import { formatName, type Name, nameKey } from "../../wire/name.ts";
import { RRType } from "../../wire/rr-type.ts";
import { steeredNames } from "../../zone/steered-names.ts";
import type { PlanClient } from "./clients.ts";

/** Questions of one client. Weighted steps draw: with a thousand clients, some thousand draws are right to about 1 %. */
const DRAWS = 4;
/** Clients in a row before others have their turn: some 2 ms. */
const CLIENTS_IN_A_ROW = 8;
const NAMES_MAX = 50;
const GROUPS_SHOWN_MAX = 30;
const ANYBODY = { address: new Uint8Array(4), length: 32 };

/** Parts of all clients, by weight, from 0 to 1. */
export interface Share {
  /** A member as pool/member, or a pool; NODATA for no answer. */
  readonly id: string;
  readonly before: number;
  readonly after: number;
}

export interface NameMoves {
  readonly name: string;
  /** The part of clients, by weight, whose first address comes from another member. */
  readonly moved: number;
  readonly members: readonly Share[];
  /** The pools that those members are in. */
  readonly pools: readonly Share[];
  /** Of which clients, those that moved most first. */
  readonly groups: readonly { readonly group: string; readonly weight: number; readonly moved: number }[];
}

export interface Moves {
  readonly names: readonly NameMoves[];
  /** Names that were not looked at, since there were too many, or no time was left. */
  readonly namesLeftOut: number;
}

export interface MovesRequest {
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** nameKey() of the apexes of zones that changed, and ids of pools that did. */
  readonly zones: ReadonlySet<string>;
  readonly pools: ReadonlySet<string>;
  readonly clients: readonly PlanClient[];
  readonly seed: number;
  /** By performance.now(). */
  readonly deadlineMs: number;
}

export async function movesBetween(request: MovesRequest): Promise<Moves> {
  const { before, after, seed, deadlineMs } = request;
  const names = changedNames(request);
  const askers = {
    before: new Asker(before, new SeededRandom(seed)),
    after: new Asker(after, new SeededRandom(seed)),
  };
  const found: NameMoves[] = [];
  for (const name of names.slice(0, NAMES_MAX)) {
    const moves = await movesOf(name, askers, request);
    if (moves === undefined || performance.now() > deadlineMs) break;
    found.push(moves);
  }
  return { names: found, namesLeftOut: names.length - found.length };
}

/** Steered names of changed zones, and of others that answer from a changed pool. */
function changedNames({ before, after, zones, pools }: MovesRequest): Name[] {
  const names = new Map<string, Name>();
  for (const snapshot of [before, after]) {
    const asker = new Asker(snapshot, new SeededRandom(0));
    for (const zone of snapshot.zones) {
      const isChanged = zones.has(nameKey(zone.apex));
      if (!isChanged && !zone.pools.some((pool) => isReached(pool, pools))) continue;
      for (const name of steeredNames(zone.image, zone.apex)) {
        if (names.size > 20 * NAMES_MAX) return [...names.values()];
        const asked = () => asker.ask(name, RRType.A, ANYBODY).choices;
        if (isChanged || asked().some(({ pool }) => isReached(snapshot.pools.get(pool.pool)!, pools)))
          names.set(nameKey(name), name);
      }
    }
  }
  return [...names.values()];
}

function isReached(from: Pool, pools: ReadonlySet<string>): boolean {
  return [...reachableFrom([from]).pools].some((id) => pools.has(id));
}

/** Undefined when the time was over before the last client. */
async function movesOf(
  name: Name,
  askers: { readonly before: Asker; readonly after: Asker },
  { before, after, clients, seed, deadlineMs }: MovesRequest,
): Promise<NameMoves | undefined> {
  const members = new Shares();
  const pools = new Shares();
  const groups = new Map<string, { weight: number; moved: number }>();
  let total = 0;
  let moved = 0;
  for (const [index, { network, weight, group }] of clients.entries()) {
    if (index % CLIENTS_IN_A_ROW === 0) await giveWay();
    if (performance.now() > deadlineMs) return undefined;
    const each = weight / DRAWS;
    const counted = groups.get(group) ?? { weight: 0, moved: 0 };
    groups.set(group, counted);
    for (let draw = 0; draw < DRAWS; draw++) {
      // A row of numbers for each question: what one step uses up more of than it did is no matter to the next.
      const numbers = seed + index * DRAWS + draw;
      askers.before.begin(before, new SeededRandom(numbers));
      const was = firstOf(askers.before, name, network);
      askers.after.begin(after, new SeededRandom(numbers));
      const is = firstOf(askers.after, name, network);
      members.add(was, is, each);
      pools.add(poolOf(was), poolOf(is), each);
      counted.weight += each;
      total += each;
      if (was === is) continue;
      counted.moved += each;
      moved += each;
    }
  }
  return {
    name: formatName(name),
    moved: part(moved, total),
    members: members.list(total),
    pools: pools.list(total),
    groups: [...groups]
      .filter(([, counted]) => counted.moved > 0)
      .sort(([, a], [, b]) => b.moved - a.moved)
      .slice(0, GROUPS_SHOWN_MAX)
      .map(([group, counted]) => {
        return { group, weight: part(counted.weight, total), moved: part(counted.moved, counted.weight) };
      }),
  };
}

function firstOf(asker: Asker, name: Name, network: PlanClient["network"]): string {
  const choice = asker.ask(name, RRType.A, network).choices.at(-1);
  return choice === undefined ? NODATA : (originsOf(choice)[0]?.member ?? NODATA);
}

function poolOf(member: string): string {
  return member.split("/", 1)[0]!;
}

class Shares {
  readonly #byId = new Map<string, { before: number; after: number }>();

  add(was: string, is: string, weight: number): void {
    this.#of(was).before += weight;
    this.#of(is).after += weight;
  }

  /** By id. */
  list(total: number): Share[] {
    return [...this.#byId]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { before, after }]) => ({ id, before: part(before, total), after: part(after, total) }));
  }

  #of(id: string): { before: number; after: number } {
    let known = this.#byId.get(id);
    if (known === undefined) {
      known = { before: 0, after: 0 };
      this.#byId.set(id, known);
    }
    return known;
  }
}

/** To four digits: what is behind them is chance. */
function part(weight: number, total: number): number {
  return total === 0 ? 0 : Math.round((10_000 * weight) / total) / 10_000;
}
