/**
 * Which client networks ask for steered names, and which resolvers speak for them: counted by the thread that answers, in shared
 * memory of its own, by one query in SAMPLED. Those that ask most are worth knowing the way to.
 *
 *   block   header │ window 0 │ window 1         one is counted in, the other is at rest
 *   window  128 groups of 8 counters             a network has its group by a hash
 *
 * Each group is a space-saving sketch (Metwally, Agrawal and El Abbadi, 2005): a network that has no counter takes the lowest of its
 * group, and goes on from there. So what asks much has a counter, whatever else asks. How far one may be too high stands beside it.
 *
 * The main thread takes what is at rest, clears it, and makes it the one that is counted in: so nothing is read while it is
 * written, without locks. What it takes is between one and two of its intervals old.
 *
 * @module
 */

import { formatAddress } from "../lib/address.ts";
import type { ClientNetwork } from "../lib/client-network.ts";
import { mixBits } from "../lib/hash.ts";
import type { Client } from "./client.ts";

/** One query in so many counts, on the average; the gaps are by chance, so that clients that take turns all are met. */
const SAMPLED = 16;

const GROUPS = 128;
const WAYS = 8;
const HEADER_WORDS = 16;
/** Words of a counter: count, its possible excess, two of the network, family of the resolver's address, four of that. */
const COUNTER_WORDS = 9;
const COUNT = 0;
const EXCESS = 1;
const NETWORK = 2;
const FAMILY = 4;
const RESOLVER = 5;
const WINDOW_WORDS = GROUPS * WAYS * COUNTER_WORDS;
/** In the second word of a network: what family it is of. An unused counter has neither. */
const IS_IPV4 = 1 << 16;
const IS_IPV6 = 1 << 17;
/** In the header: the window that is counted in. */
const ACTIVE = 0;

/** The networks that the latency table keeps by themselves. */
const LENGTH_IPV4 = 24;
const LENGTH_IPV6 = 48;

/** What asked in one window. */
export interface NetworkDemand {
  /** A /24 or /48. */
  readonly network: string;
  /** At least so many queries, as an estimate. */
  readonly queries: number;
  /** That asked for it last, as text. */
  readonly resolver: string;
}

export function makeDemandBlock(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (HEADER_WORDS + 2 * WINDOW_WORDS));
}

/** The writer's side; one thread. */
export class DemandCounters {
  readonly #words: Int32Array;
  #chance = 0x2545f491;

  constructor(block: SharedArrayBuffer) {
    this.#words = new Int32Array(block);
  }

  /** How many queries to let pass before the next that counts. */
  gap(): number {
    let chance = this.#chance;
    chance ^= chance << 13;
    chance ^= chance >>> 17;
    chance ^= chance << 5;
    this.#chance = chance;
    return (chance >>> 8) % (2 * SAMPLED - 1);
  }

  /** `client` is whom the answer was for, `sender` who asked. */
  count(client: ClientNetwork, sender: Client): void {
    const { words } = client;
    if (client.hasIPv4) {
      const known = client.prefixLength - client.ipv4Offset;
      if (known >= LENGTH_IPV4) this.#add(client.ipv4 & 0xffffff00, IS_IPV4, sender);
    } else if (client.prefixLength >= LENGTH_IPV6) {
      this.#add(words[0]! | 0, IS_IPV6 | (words[1]! >>> 16), sender);
    }
  }

  #add(first: number, second: number, { family, address }: Client): void {
    const all = this.#words;
    const group = mixBits(first ^ Math.imul(second, 0x9e3779b1)) & (GROUPS - 1);
    const start = HEADER_WORDS + Atomics.load(all, ACTIVE) * WINDOW_WORDS + group * WAYS * COUNTER_WORDS;
    const end = start + WAYS * COUNTER_WORDS;
    let lowest = start;
    let at = start;
    for (; at < end; at += COUNTER_WORDS) {
      if (all[at + NETWORK] === first && all[at + NETWORK + 1] === second) break;
      if (all[at + COUNT]! < all[lowest + COUNT]!) lowest = at;
    }
    if (at === end) {
      at = lowest;
      all[at + EXCESS] = all[at + COUNT]!;
      all[at + NETWORK] = first;
      all[at + NETWORK + 1] = second;
    }
    all[at + COUNT]!++;
    all[at + FAMILY] = family;
    const octets = family === 4 ? 4 : 16;
    for (let i = 0; i < octets; i += 4) {
      all[at + RESOLVER + (i >> 2)] =
        (address[i]! << 24) | (address[i + 1]! << 16) | (address[i + 2]! << 8) | address[i + 3]!;
    }
  }
}

/** The main thread's side: what the window at rest has. To be called every few seconds, by one alone. */
export function takeDemand(block: SharedArrayBuffer): NetworkDemand[] {
  const words = new Int32Array(block);
  const atRest = 1 - Atomics.load(words, ACTIVE);
  const start = HEADER_WORDS + atRest * WINDOW_WORDS;
  const window = words.subarray(start, start + WINDOW_WORDS);
  const taken: NetworkDemand[] = [];
  for (let at = 0; at < WINDOW_WORDS; at += COUNTER_WORDS) {
    const count = window[at + COUNT]!;
    if (count === 0) continue;
    taken.push({
      network: networkAt(window, at + NETWORK),
      queries: SAMPLED * (count - window[at + EXCESS]!),
      resolver: formatAddress(octetsOf(window, at + RESOLVER, window[at + FAMILY] === 4 ? 4 : 16)),
    });
  }
  window.fill(0);
  Atomics.store(words, ACTIVE, atRest);
  return taken;
}

function networkAt(words: Int32Array, at: number): string {
  const second = words[at + 1]!;
  const isIPv4 = (second & IS_IPV4) !== 0;
  const network = new Int32Array(4);
  network[0] = words[at]!;
  network[1] = isIPv4 ? 0 : second << 16;
  return `${formatAddress(octetsOf(network, 0, isIPv4 ? 4 : 16))}/${isIPv4 ? LENGTH_IPV4 : LENGTH_IPV6}`;
}

/** In network order. */
function octetsOf(words: Int32Array, at: number, octets: 4 | 16): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, i) => words[at + (i >> 2)]! >>> (24 - 8 * (i & 3)));
}
