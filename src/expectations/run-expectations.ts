/**
 * Runs expectations against a configuration: asks as the clients that they name, many times where chance decides,
 * and tells of each one that does not hold what came instead, and why.
 *
 *   { name: www, from: FR, when: { down: [eu] }, then: us }
 *           │         │            │
 *           │         │            └─ a live table of its own: eu is down
 *           │         └─ networks of FR, by the place data
 *           └─ asked through respond(), traced ─► origins of each answer ─► us?
 *
 * The same documents, tables and seed give the same verdict, today and on every machine.
 *
 * @module
 */
import type { Configuration } from "../documents/configuration.ts";
import type { Expectation } from "../documents/expectations.ts";
import { FaultList } from "../documents/fault-list.ts";
import type { PlacedExpectation } from "../documents/parse-documents.ts";
import type { Fault } from "../lib/fault.ts";
import { nearestWord } from "../lib/nearest.ts";
import { SeededRandom } from "../lib/random.ts";
import { type ClientTables, compileSnapshot, type Snapshot } from "../snapshot/snapshot.ts";
import type { Pool } from "../steering/pool.ts";
import { formatName, type Name, nameKey } from "../wire/name.ts";
import { RRType } from "../wire/rr-type.ts";
import { steeredNames } from "../zone/steered-names.ts";
import { Asker, type AskingNetwork } from "./asker.ts";
import { networksOf } from "./clients.ts";
import { freshSnapshot, memberAt, reportLoad, takeDown } from "./conditions.ts";
import { latencyOf } from "./measured.ts";
import { addressesOf, type Reachable, reachableFrom, resolveOutcome } from "./outcomes.ts";
import { drawsFor, testAnswers, testShares } from "./verdict.ts";

export interface ExpectationsResult {
  /** An error or more for each that does not hold, by file, line and column. */
  readonly faults: readonly Fault[];
  /** How many hold. */
  readonly held: number;
}

/** Fixed, so that what holds today holds tomorrow. */
const SEED = 1;

/** Networks that are tried for a place such as FR, for `then` and `never`. */
const NETWORKS_PER_PLACE = 16;

/** Answers for `then` and `never`: a member that comes once in fifty answers is missed once in 170 expectations. */
const ANSWERS = 256;

const NAMES_SHOWN_MAX = 20;

/** Whoever asks, the same pools can have a say. */
const ANYBODY: AskingNetwork = { address: new Uint8Array(4), length: 32 };

export function runExpectations(
  configuration: Configuration,
  expectations: readonly PlacedExpectation[],
  clientTables: ClientTables,
): ExpectationsResult {
  const snapshot = { ...compileSnapshot(configuration), clientTables };
  return resultOf(expectations, complaintsAbout(snapshot, expectations));
}

/** What is wrong with each, in their order: nothing with those that hold. */
export function complaintsAbout(
  snapshot: Snapshot,
  asked: readonly Pick<PlacedExpectation, "expectation" | "zone">[],
): Complaint[][] {
  const runner = new Runner(snapshot);
  return asked.map(({ expectation, zone }) => runner.run(expectation, zone));
}

/** `complaints` about each, with the places in the files. */
export function resultOf(
  expectations: readonly PlacedExpectation[],
  complaints: readonly (readonly Complaint[])[],
): ExpectationsResult {
  const faults = new FaultList();
  let held = 0;
  for (const [index, { place }] of expectations.entries()) {
    const wrong = complaints[index]!;
    if (wrong.length === 0) held++;
    for (const { path, message } of wrong) faults.error(place.at(...path), "value", message);
  }
  return { faults: faults.sorted(), held };
}

/** What is wrong, and where below the expectation. */
export interface Complaint {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

class Runner {
  readonly #snapshot: Snapshot;
  readonly #asker: Asker;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#asker = new Asker(snapshot, new SeededRandom(SEED));
  }

  /** All that is wrong with one; nothing when it holds. */
  run(expectation: Expectation, zone: Name): Complaint[] {
    const { name, type, from, wanted } = expectation;
    const reachable = this.#reachable(expectation);
    if (reachable === undefined) return [{ path: ["name"], message: this.#notSteered(name, zone) }];
    const complaints: Complaint[] = [];
    const names = namesOf(wanted, reachable, formatName(name), complaints);

    const random = new SeededRandom(SEED);
    const answers = wanted.kind === "share" ? drawsFor(wanted.shares) : ANSWERS;
    const count = wanted.kind === "share" ? Math.ceil(answers / from.length) : NETWORKS_PER_PLACE;
    const networksByClient: (readonly AskingNetwork[])[] = [];
    for (const [index, client] of from.entries()) {
      const found = networksOf(client, this.#snapshot.clientTables.places, { count, random });
      if ("fault" in found) complaints.push({ path: ["from", index], message: found.fault });
      else networksByClient.push(found.networks);
    }
    const networks = wanted.kind === "share" ? inTurn(networksByClient, answers) : networksByClient.flat();
    const situation = this.#situation(expectation, networks, complaints);
    if (complaints.length > 0) return complaints;

    this.#asker.begin(situation, random);
    const trial = {
      who: `${formatName(name)} ${type} from ${from.map(({ text }) => text).join(", ")}`,
      networks,
      answers,
      ask: (network: AskingNetwork) => this.#asker.ask(name, RRType[type], network).choices,
      leads: (member: string) => this.#leads(member, names),
    };
    const message =
      wanted.kind === "share"
        ? testShares(wanted.shares, names, { ...trial, seed: SEED })
        : testAnswers(wanted.kind, wanted.outcomes, names, trial);
    return message === undefined ? [] : [{ path: [], message }];
  }

  /** With what `when` says; complains where that cannot be. */
  #situation({ when }: Expectation, networks: readonly AskingNetwork[], complaints: Complaint[]): Snapshot {
    const snapshot = freshSnapshot(this.#snapshot);
    const complain = (message: string | undefined, ...path: Complaint["path"]) => {
      if (message !== undefined) complaints.push({ path: ["when", ...path], message });
    };
    for (const [index, item] of when.down.entries()) complain(takeDown(snapshot, item), "down", index);
    for (const [item, load] of when.load) complain(reportLoad(snapshot, item, load), "load", item);
    if (when.latencyMs.size === 0) return snapshot;
    const latency = latencyOf(snapshot, when.latencyMs, networks, (item, message) =>
      complain(message, "latency", item),
    );
    return { ...snapshot, clientTables: { ...snapshot.clientTables, latency } };
  }

  /** What the name can be answered from, over CNAMEs too; undefined when no pool has a say. */
  #reachable({ name, type }: Expectation): Reachable | undefined {
    const roots = new Set<Pool>();
    const asked = new Set<string>();
    const waiting = [name];
    this.#asker.begin(freshSnapshot(this.#snapshot), new SeededRandom(SEED));
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (asked.has(nameKey(next))) continue;
      asked.add(nameKey(next));
      for (const { pool } of this.#asker.ask(next, RRType[type], ANYBODY).choices) {
        const root = this.#snapshot.pools.get(pool.pool)!;
        roots.add(root);
        for (const below of reachableFrom([root]).pools)
          for (const { target } of this.#snapshot.pools.get(below)!.members)
            if (target !== null) waiting.push(target);
      }
    }
    return roots.size === 0 ? undefined : reachableFrom(roots);
  }

  #notSteered(name: Name, zone: Name): string {
    const shown = formatName(name);
    const { image, apex } = this.#snapshot.directory.get(nameKey(zone))!;
    const steered = steeredNames(image, apex).map(formatName);
    const nearest = nearestWord(shown, steered);
    const advice =
      steered.length === 0
        ? "give a name of the zone a pool first"
        : nearest === undefined
          ? `steered names: ${steered.slice(0, NAMES_SHOWN_MAX).join(", ")}`
          : `did you mean ${nearest}?`;
    const outcome = this.#asker.ask(name, RRType.A, ANYBODY).lookups.at(-1)?.outcome;
    return outcome === "nxdomain"
      ? `${shown} does not exist; ${advice}`
      : `${shown} is not steered, so every client gets the same; ${advice}`;
  }

  /** Is a member one of these outcomes, or does one of them stand below it? */
  #leads(key: string, names: readonly string[]): boolean {
    if (names.includes(key)) return true;
    const member = memberAt(this.#snapshot, key);
    if (member === undefined) return false;
    if (member.pool === null) return addressesOf(member).some((address) => names.includes(address));
    const { pools, members, addresses } = reachableFrom([member.pool]);
    return names.some((name) => pools.has(name) || members.has(name) || addresses.has(name));
  }
}

/** One of each list in turn, over and over: each client has the same part in the draws. */
function inTurn(lists: readonly (readonly AskingNetwork[])[], count: number): AskingNetwork[] {
  if (lists.length === 0) return [];
  return Array.from({ length: count }, (_, draw) => {
    const list = lists[draw % lists.length]!;
    return list[Math.floor(draw / lists.length) % list.length]!;
  });
}

/** Outcomes as an Origin knows them; complains of those that cannot be. */
function namesOf(
  wanted: Expectation["wanted"],
  reachable: Reachable,
  qname: string,
  complaints: Complaint[],
): string[] {
  const written =
    wanted.kind === "share" ? wanted.shares.map(({ outcome }) => outcome) : [...wanted.outcomes];
  return written.map((outcome, index) => {
    const resolved = resolveOutcome(outcome, reachable, qname);
    if ("name" in resolved) return resolved.name;
    const path = [wanted.kind, wanted.kind === "share" ? outcome : index];
    complaints.push({ path, message: resolved.fault });
    return outcome;
  });
}
