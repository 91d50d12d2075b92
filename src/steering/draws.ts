/**
 * The random numbers of one choice. All of them come from one number, which A and AAAA of one client share (see
 * pairs.ts); it is looked up when the first step of the choice draws, and mixed anew for each pool, step and place, so that
 * draws do not depend on each other.
 *
 * Steps that count, rather than draw, share what came of their count in the same way.
 *
 * One for each thread, begun anew by each choice; allocates nothing.
 *
 * @module
 */
import { mixBits } from "../lib/hash.ts";
import { leavePair, secretOf, takePair } from "./pairs.ts";
import { type Candidates, Families, type SteerRequest } from "./step.ts";

/** 2^32 divided by the golden ratio: its multiples are far from each other. */
const GOLDEN = 0x9e3779b1;

/** Who sent the query, as the server has it. */
export interface Resolver {
  readonly family: 4 | 6;
  /** IPv4 in the first 4 octets. */
  readonly address: Uint8Array;
}

export class Draws {
  /** Stands for the name that is asked for, which A and AAAA have in common. Set by who asks. */
  name = 0;
  /** The resolver that asks, where the client is one that ECS names; else null. Set by who asks. */
  resolver: Resolver | null = null;
  /** The number of this choice came from the client's other question. */
  isPaired = false;
  #isTaken = false;
  #number = 0;
  #top: Candidates | null = null;

  /** Another choice begins; `top` are the candidates of the pool that is asked. */
  begin(top: Candidates): void {
    this.isPaired = false;
    this.#isTaken = false;
    this.#top = top;
  }

  /** 32 random bits for a whole step of a pool, signed. */
  seed(request: SteerRequest, candidates: Candidates): number {
    if (!this.#isTaken) this.#take(request);
    return mixBits(this.#number + saltOf(candidates)) | 0;
  }

  /** Where the other family left what it counted for this step: an index into `live.pairs`; -1 = it did not. */
  takeCounted(request: SteerRequest, candidates: Candidates): number {
    if (candidates.families !== Families.Same) return -1;
    return takePair(request.live.pairs, this.#keyOf(request, saltOf(candidates)), request.family);
  }

  /** Leaves 32 bits of what was counted for this step. */
  leaveCounted(request: SteerRequest, candidates: Candidates, counted: number): void {
    if (candidates.families !== Families.Same) return;
    leavePair(request.live.pairs, this.#keyOf(request, saltOf(candidates)), request.family, counted);
  }

  #take(request: SteerRequest): void {
    this.#isTaken = true;
    if (this.#top!.families === Families.One) {
      this.#number = request.random.i32();
      return;
    }
    const { pairs } = request.live;
    const key = this.#keyOf(request, 0);
    const at = takePair(pairs, key, request.family);
    this.isPaired = at >= 0;
    if (this.isPaired) this.#number = pairs[at]!;
    else {
      this.#number = request.random.i32();
      leavePair(pairs, key, request.family, this.#number);
    }
  }

  /**
   * Stands for the client, by all that is known of its address, for the resolver that speaks for it, and for the name; see
   * pairs.ts for why. Is not a look at the client in the sense of scopes: which number it gets does not depend on where it is.
   */
  #keyOf({ client, live }: SteerRequest, salt: number): number {
    const { words, family, prefixLength } = client.network;
    let key = secretOf(live.pairs);
    if (this.resolver !== null) key = mixResolver(key, this.resolver);
    key = mixBits(key ^ Math.imul(this.name ^ salt, GOLDEN) ^ prefixLength);
    key = mixBits(key ^ words[0]!);
    if (family === 6) {
      key = mixBits(key ^ words[1]!);
      key = mixBits(key ^ words[2]!);
      key = mixBits(key ^ words[3]!);
    }
    return key | 0;
  }
}

/**
 * By the /24 or /48 that the resolver stands in, for large ones ask for A from one address and for AAAA from another beside it.
 * The last octet keeps the families apart, and both from no resolver.
 */
function mixResolver(key: number, { family, address }: Resolver): number {
  if (family === 4)
    return mixBits(key ^ ((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | 4));
  const mixed = mixBits(key ^ ((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!));
  return mixBits(mixed ^ ((address[4]! << 24) | (address[5]! << 16) | 6));
}

/** Of one place, from the seed of the step: 32 bits, as a part of 2^32. At least 0, below 1. */
export function drawAt(seed: number, place: number): number {
  return (place === 0 ? seed >>> 0 : mixBits(seed + Math.imul(place, GOLDEN))) / 0x1_0000_0000;
}

/** Differs between the steps of a pool, and between pools. */
function saltOf({ poolNumber, step }: Candidates): number {
  return (Math.imul(poolNumber + 1, GOLDEN) + Math.imul(step, 0x7feb352d)) | 0;
}
