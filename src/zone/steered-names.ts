/**
 * The names of a zone image that pools answer for. Off the query path: for what a person is
 * told about a zone.
 *
 * @module
 */
import type { Name } from "../wire/name.ts";
import { HEADER, NODE, NODE_LENGTH_MASK, type ZoneImage } from "./zone-image.ts";

/** Lower-cased; the apex first, then those that have data of their own too, each in the order of the document. */
export function steeredNames(image: ZoneImage, apex: Name): Name[] {
  if (image.poolIds.length === 0) return [];
  const { words, octets } = image;
  const table = words[HEADER.hashTable]!;
  const nodes: number[] = [];
  for (let slot = 0; slot <= words[HEADER.hashMask]!; slot++) {
    const node = words[table + slot * 2 + 1]!;
    if (node !== 0 && words[node + NODE.pool] !== 0) nodes.push(node);
  }
  return nodes
    .sort((a, b) => a - b)
    .map((node) => {
      const start = words[node + NODE.name]!;
      const length = words[node + NODE.nameLengthAndFlags]! & NODE_LENGTH_MASK;
      return Uint8Array.of(...octets.slice(start, start + length), ...apex) as Name;
    });
}

/** How many names of a zone a pool answers for with which TTL, in seconds. */
export function steeredTtls(image: ZoneImage): { pool: string; ttl: number; names: number }[] {
  const { words, poolIds } = image;
  const table = words[HEADER.hashTable]!;
  const found = new Map<string, { pool: string; ttl: number; names: number }>();
  for (let slot = 0; slot <= words[HEADER.hashMask]!; slot++) {
    const node = words[table + slot * 2 + 1]!;
    if (node === 0 || words[node + NODE.pool] === 0) continue;
    const pool = poolIds[words[node + NODE.pool]! - 1]!;
    const ttl = words[node + NODE.poolTtl]!;
    const key = `${ttl} ${pool}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { pool, ttl, names: 1 });
    else known.names++;
  }
  return [...found.values()];
}
