/**
 * What is asked, and what must come back. A workload is one entry here; the names it asks are
 * in every server's zones (peers/zones.ts). Queries are made before the clock starts, from a
 * fixed seed, and sent in a circle: every server gets the same ones in the same order.
 *
 * @module
 */
import { type Random, randomBelow, SeededRandom } from "../src/lib/random.ts";

export interface Workload {
  readonly id: string;
  readonly title: string;
  /** How many different queries are made; a multiple of 64, the generator's batch. */
  readonly count: number;
  readonly rcode: number;
  /** RRs in the answer section of every reply. */
  readonly answers: number;
  /** Other servers have nothing like it. */
  readonly isOursAlone?: boolean;
  query(random: Random, index: number): Uint8Array;
}

const NOERROR = 0;
const NXDOMAIN = 3;
/** Enough that no table of recent answers helps, few enough to stay in the generator's caches. */
const VARIED = 16384;
export const LARGE_ZONE_NAMES = 10_000;

/** The n-th owner of the large zone, all of one length. */
export function largeZoneLabel(n: number): string {
  return `host${String(n).padStart(5, "0")}`;
}

export const WORKLOADS: readonly Workload[] = [
  {
    id: "static",
    title: "static A",
    count: 256,
    rcode: NOERROR,
    answers: 1,
    query: () => aQuery("www.example.com"),
  },
  {
    id: "weighted",
    title: "weighted A, 1:3:6",
    count: 256,
    rcode: NOERROR,
    answers: 1,
    query: () => aQuery("weighted.example.com"),
  },
  {
    id: "nxdomain",
    title: "NXDOMAIN, random labels",
    count: VARIED,
    rcode: NXDOMAIN,
    answers: 0,
    query: (random) => aQuery(`${randomLabel(random)}.example.com`),
  },
  {
    id: "wildcard",
    title: "wildcard, random labels",
    count: VARIED,
    rcode: NOERROR,
    answers: 1,
    query: (random) => aQuery(`${randomLabel(random)}.wild.example.com`),
  },
  {
    id: "case",
    title: "static A, random 0x20 case",
    count: VARIED,
    rcode: NOERROR,
    answers: 1,
    query: (random) => aQuery(randomCase(random, "www.example.com")),
  },
  {
    id: "ecs",
    title: "static A, EDNS with random /24 ECS",
    count: VARIED,
    rcode: NOERROR,
    answers: 1,
    query: (random) => withClientSubnet(random, aQuery("www.example.com")),
  },
  {
    id: "large",
    title: "static A, 10,000 names at random",
    count: VARIED,
    rcode: NOERROR,
    answers: 1,
    query: (random) => aQuery(`${largeZoneLabel(randomBelow(random, LARGE_ZONE_NAMES))}.large.example`),
  },
];

/** Answered by where the client is, by an ECS /24 by chance. Those that are nobody else's to answer are asked of us alone. */
export const STEERED_WORKLOADS: readonly Workload[] = [
  steered("geo", "A by place, 100,000 networks", "geo.example.com", false),
  steered("proximity", "A by distance, 8 members", "near.example.com", true),
  steered("hash", "A by hash, 8 members", "sticky.example.com", true),
  steered("latency", "A by round-trip time, 1,000,000 networks × 8 regions", "fast.example.com", true),
  steered("chain", "A by place, distance and weight, 100 members", "chain.example.com", true),
];

function steered(id: string, title: string, name: string, isOursAlone: boolean): Workload {
  return {
    id,
    title,
    count: VARIED,
    rcode: NOERROR,
    answers: 1,
    isOursAlone,
    query: (random) => withClientSubnet(random, aQuery(name)),
  };
}

/** Throws Error when there is none of that id. */
export function workloadOf(id: string): Workload {
  const workload = [...WORKLOADS, ...STEERED_WORKLOADS].find((known) => known.id === id);
  if (workload === undefined) throw new Error(`there is no workload "${id}"`);
  return workload;
}

/** The queries of a workload, the same at every call. */
export function queriesOf(workload: Workload): Uint8Array[] {
  const random = new SeededRandom(20_250_701);
  return Array.from({ length: workload.count }, (_, index) => workload.query(random, index));
}

/** A query for A in class IN, RD clear, ID 0 (the generator puts in its own). */
export function aQuery(name: string): Uint8Array {
  const octets: number[] = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  for (const label of name.split(".")) {
    octets.push(label.length, ...Buffer.from(label, "latin1"));
  }
  octets.push(0, 0, 1, 0, 1);
  return Uint8Array.from(octets);
}

/** Adds an OPT RR (RFC 6891) of 1232 octets with a client subnet option (RFC 7871). */
function withClientSubnet(random: Random, query: Uint8Array): Uint8Array {
  // 11.0.0.0 to 126.255.255.0: public enough that no server sets it aside.
  const address = [11 + randomBelow(random, 116), randomBelow(random, 256), randomBelow(random, 256)];
  const option = [0, 8, 0, 7, 0, 1, 24, 0, ...address];
  const opt = [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, option.length, ...option];
  const octets = new Uint8Array(query.length + opt.length);
  octets.set(query);
  octets.set(opt, query.length);
  octets[11] = 1; // ARCOUNT
  return octets;
}

function randomLabel(random: Random): string {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  return Array.from({ length: 10 }, () => letters[randomBelow(random, letters.length)]).join("");
}

function randomCase(random: Random, name: string): string {
  return Array.from(name, (c) => (random.u32() >= 0x8000_0000 ? c.toUpperCase() : c)).join("");
}
