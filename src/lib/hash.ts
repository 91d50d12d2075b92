/**
 * Hashes that spread well and stay the same for ever, on every node and after every restart. Not for secrets.
 *
 * @module
 */

/** 32 bits to 32 bits, one to one, each bit depending on each: the finisher of MurmurHash3. Unsigned. */
export function mixBits(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A text to 32 bits, by its UTF-16 units. Unsigned. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixBits(hash);
}
