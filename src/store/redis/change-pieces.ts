/**
 * The parts of a large change, compressed and in pieces: the log of changes in Redis keeps small ones alone, as it is read in
 * pages, and each node reads every entry of it.
 *
 * @module
 */
import { promisify } from "node:util";
import { deflate, inflate } from "node:zlib";
import type { PartChange } from "../change.ts";

/** As JSON. A larger change is a whole configuration, which `windrose pull` keeps better. */
const JSON_OCTETS_MAX = 64 * 1024 * 1024;
/** What one command carries: small enough that Redis is not held up for long. */
const PIECE_OCTETS = 256 * 1024;
/** Documents repeat themselves: the quickest level makes some tenth of them, at 100 MB a second. */
const LEVEL = 1;

/** None, where it is too much to be kept. */
export async function packParts(parts: readonly PartChange[]): Promise<Buffer[]> {
  const json = Buffer.from(JSON.stringify(parts));
  if (json.length > JSON_OCTETS_MAX) return [];
  const packed = await promisify(deflate)(json, { level: LEVEL });
  const count = Math.ceil(packed.length / PIECE_OCTETS);
  return Array.from({ length: count }, (_, i) => packed.subarray(i * PIECE_OCTETS, (i + 1) * PIECE_OCTETS));
}

export async function unpackParts(pieces: readonly Buffer[]): Promise<PartChange[]> {
  const json = await promisify(inflate)(Buffer.concat(pieces), { maxOutputLength: JSON_OCTETS_MAX });
  return JSON.parse(json.toString()) as PartChange[];
}
