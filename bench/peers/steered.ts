/**
 * What the names that are answered by where the client is need: place data, round-trip times, and our documents.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadPlaceData, type PlaceData } from "../../src/geo/place-data.ts";
import { randomBelow, SeededRandom } from "../../src/lib/random.ts";
import { writeMmdb } from "../../test/support/mmdb-writer.ts";
import { GEO_DEFAULT, GEO_MEMBERS, GEO_NAME, SMALL_ZONE } from "./zones.ts";

const SEED = 20_250_701;
const REGIONS = 8;
const AIRPORTS = ["DUB", "FRA", "IAD", "SFO", "GRU", "BOM", "NRT", "SYD"] as const;
const CHAIN_MEMBERS = 100;

/** A country of each continent, as MaxMind's files have them. */
const PLACES = [
  ["EU", "DE"],
  ["AF", "ZA"],
  ["NA", "US"],
  ["SA", "BR"],
  ["AS", "JP"],
  ["OC", "AU"],
].map(([continent, country]) => ({ continent: { code: continent }, country: { iso_code: country } }));

/** Writes an MMDB file of 100,000 networks, where the queries come from: 11.0.0.0 to 126.255.255.255. */
export function writePlaceFile(file: string): void {
  const random = new SeededRandom(SEED);
  const networks: { network: string; data: object }[] = [];
  // Blocks of a /16 cut in 256, 64 or 8 networks until there are so many.
  for (let block = 11 << 8; block < 127 << 8; block++) {
    const bits = [8, 4, 1][randomBelow(random, 3)]!;
    for (let part = 0; part < 1 << bits; part++) {
      const second = part << (8 - bits);
      const data = PLACES[randomBelow(random, PLACES.length)]!;
      networks.push({ network: `${block >> 8}.${block & 255}.${second}.0/${16 + bits}`, data });
      if (networks.length === 100_000) block = 127 << 8;
    }
  }
  const contents = {
    databaseType: "Bench-Country",
    buildEpoch: 1_800_000_000,
    ipVersion: 4,
    recordSize: 24,
    networks,
  };
  writeFileSync(file, writeMmdb({ ...contents, ipVersion: 4, recordSize: 24 }));
}

/** The same, loaded. */
export function loadBenchPlaces(): PlaceData {
  const folder = mkdtempSync(join(tmpdir(), "windrose-bench-places-"));
  try {
    const file = join(folder, "places.mmdb");
    writePlaceFile(file);
    return loadPlaceData([file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes samples of so many networks from 8 regions. */
export function writeSamples(file: string, networks: number): void {
  const program = fileURLToPath(new URL("../latency-table.ts", import.meta.url));
  const out = openSync(file, "w");
  try {
    const args = [program, "--csv", "--networks", String(networks), "--regions", String(REGIONS)];
    execFileSync(process.execPath, args, { stdio: ["ignore", out, "inherit"] });
  } finally {
    closeSync(out);
  }
}

/** The names as documents. */
export function steeredDocument(): string {
  const geo = GEO_MEMBERS.map((member) => {
    const serves = [...member.continents, ...(member === GEO_DEFAULT ? ['"*"'] : [])];
    return `{ name: ${member.name}, address: ${member.address}, serves: [${serves.join(", ")}] }`;
  });
  const near = AIRPORTS.map((airport, i) => `{ address: 192.0.2.${30 + i}, location: ${airport} }`);
  const sticky = AIRPORTS.map((_, i) => `{ address: 192.0.2.${40 + i}, weight: ${1 + (i % 3)} }`);
  const fast = AIRPORTS.map(
    (airport, i) => `{ address: 192.0.2.${50 + i}, region: region-${i}, location: ${airport} }`,
  );
  const chain = Array.from({ length: CHAIN_MEMBERS }, (_, i) => {
    const place = GEO_MEMBERS[i % GEO_MEMBERS.length]!;
    const serves = [...place.continents, ...(place === GEO_DEFAULT ? ['"*"'] : [])].join(", ");
    const location = AIRPORTS[i % AIRPORTS.length]!;
    return `{ address: 198.51.100.${i}, serves: [${serves}], location: ${location}, weight: ${1 + (i % 5)} }`;
  });
  return `pools:
  geo: { policy: geo, members: [${geo.join(", ")}] }
  near: { policy: proximity, members: [${near.join(", ")}] }
  sticky: { policy: hash, members: [${sticky.join(", ")}] }
  fast: { policy: latency, members: [${fast.join(", ")}] }
  chain: { policy: [geo, { proximity: { within: 1000km } }, weighted], members: [${chain.join(", ")}] }
zones:
${["geo", "near", "sticky", "fast", "chain"].map(zoneOf).join("")}`;
}

/** A zone for each, since other servers have one for each too. */
function zoneOf(pool: string): string {
  const apex = pool === "geo" ? GEO_NAME : `${pool}.${SMALL_ZONE}`;
  return `  ${apex}:
    ttl: 300
    contact: hostmaster@example.com
    records:
      "@": { NS: [ns1.${SMALL_ZONE}., ns2.${SMALL_ZONE}.], pool: ${pool} }
`;
}
