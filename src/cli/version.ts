/**
 * The version, from package.json, which stands two folders above this file in the sources
 * and in the built package alike.
 *
 * @module
 */
import { readFileSync } from "node:fs";

export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
