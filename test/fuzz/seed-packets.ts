/**
 * The corpus: test/corpus/packets/*.hex, one packet a file, hex octets with white space between
 * them as its author liked, and comments from `;` to the end of the line.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../corpus/packets/", import.meta.url));

export interface SeedPacket {
  readonly name: string;
  readonly octets: Uint8Array;
}

/** All seeds, in the order of their names, so that a seeded run is the same everywhere. */
export function loadSeedPackets(): SeedPacket[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".hex"));
  return files.toSorted().map((file) => ({
    name: file.slice(0, -".hex".length),
    octets: parseHexPacket(readFileSync(FOLDER + file, "utf8"), file),
  }));
}

/** Throws an Error when the text is not pairs of hex digits. */
export function parseHexPacket(text: string, source: string): Uint8Array {
  const digits = text.replace(/;.*$/gm, "").replace(/\s+/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error(`${source}: must be pairs of hex digits`);
  return new Uint8Array(Buffer.from(digits, "hex"));
}
