/**
 * Numbers that A and AAAA of one client share. Who draws looks for the number that the other question of the same
 * client left; where there is none, it leaves its own:
 *
 *   A     no entry           fresh number 17, left      │ tag of A │ 17 │
 *   AAAA  the entry of A     takes 17                   │ empty    │ 17 │
 *   A     no entry           fresh number 4, left       │ tag of A │ 4  │
 *
 * So each number serves each family once: two questions agree, and the questions of one family, one after the other, have
 * numbers that do not depend on each other. No clock is needed, and nobody is favoured.
 *
 * Nobody may choose the numbers of others. Who sees its own answers could ask until it likes the number that it leaves, for
 * whoever takes it next; so a key holds the resolver that asks, by its network, and not only the client that ECS names, which
 * anyone can write. And keys begin with a secret, so that nobody can look for a client of its own with the key of another.
 * Who sends from a forged address does not see the answer, and leaves a number that is as random as any.
 *
 * `live.pairs` has 65,536 entries of a tag and a number, found by the upper bits of a key; a newer one takes the place of
 * an older one. Entries are left by plain writes, which cost less than atomic ones, and taken by an atomic one. So a thread
 * that comes in between two writes may take a number that is not meant for it, which is as random as any: then two
 * questions do not agree, and nothing else.
 *
 * @module
 */

/**
 * Far more than the questions that come between A and AAAA of one client, which are some milliseconds apart; and half a
 * megabyte, which stays in the cache of a core.
 */
const ENTRIES = 65_536;
const EMPTY = 0;
/** Where the secret stands: behind the entries. */
const SECRET = 2 * ENTRIES;

/** With 0 for its secret, for whoever wants the same of each run. */
export function makePairs(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * (2 * ENTRIES + 1)));
}

/** Gives it a secret, of 32 bits. To be done once, before strangers ask; tables made from this one have it too. */
export function setSecret(pairs: Int32Array, secret: number): void {
  pairs[SECRET] = secret;
}

export function secretOf(pairs: Int32Array): number {
  return pairs[SECRET]!;
}

/** Takes what the other family left under this key: the index of the number in `pairs`; -1 = there is nothing. */
export function takePair(pairs: Int32Array, key: number, family: 4 | 6): number {
  const at = 2 * (key >>> 16);
  const wanted = tagOf(key, family === 4 ? 6 : 4);
  if (pairs[at] !== wanted) return -1;
  return Atomics.compareExchange(pairs, at, wanted, EMPTY) === wanted ? at + 1 : -1;
}

/** Leaves a number for the other family. */
export function leavePair(pairs: Int32Array, key: number, family: 4 | 6, number: number): void {
  const at = 2 * (key >>> 16);
  pairs[at + 1] = number;
  pairs[at] = tagOf(key, family);
}

/** Says whose entry it is: the key but for two bits, the family, and a bit that no empty entry has. */
function tagOf(key: number, family: 4 | 6): number {
  return (key & ~3) | 2 | (family === 4 ? 0 : 1);
}
