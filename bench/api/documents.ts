/**
 * The documents that the bench of the API edits: zones of a hundred RRsets, and pools that some names of them go to.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const ZONES = 1000;
export const POOLS = 100;
const RRSETS_PER_ZONE = 100;
/** SOA is made; NS, two of A, and the steered name. */
const OTHER_RRSETS = 4;
const ZONES_PER_FILE = 10;

/** Owners of the RRsets that are edited: host-0 … */
export const HOSTS = RRSETS_PER_ZONE - OTHER_RRSETS;

export function zoneId(zone: number): string {
  return `zone-${zone}.example`;
}

export function poolId(pool: number): string {
  return `pool-${pool}`;
}

/** As a zones folder that people keep: ten zones to a file, the pools in one of their own. */
export function writeDocuments(folder: string): void {
  mkdirSync(folder);
  for (let first = 0; first < ZONES; first += ZONES_PER_FILE) {
    const zones = Array.from({ length: ZONES_PER_FILE }, (_, i) => zoneText(first + i));
    writeFileSync(join(folder, `zones-${first / ZONES_PER_FILE}.yaml`), `zones:\n${zones.join("")}`);
  }
  const pools = Array.from({ length: POOLS }, (_, pool) => poolText(pool));
  writeFileSync(join(folder, "pools.yaml"), `pools:\n${pools.join("")}`);
}

function zoneText(zone: number): string {
  const hosts = Array.from({ length: HOSTS }, (_, host) => {
    return `      host-${host}: { A: 10.${zone >> 8}.${zone & 255}.${host} }\n`;
  });
  return `  ${zoneId(zone)}:
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.53 }
      ns2: { A: 198.51.100.53 }
      www: { pool: ${poolId(zone % POOLS)}, ttl: 30 }
${hosts.join("")}`;
}

/** Of one member, so that the answer is known. */
function poolText(pool: number): string {
  return `  ${poolId(pool)}:
    answers: 1
    members:
      - { name: m1, address: [192.0.2.1, "2001:db8::1"] }
`;
}
