/**
 * `node bench/latency-table.ts [--networks N] [--regions N] [--dense]`: what a latency table takes in memory, what a sample
 * costs, and what a look-up. `--csv` writes the samples instead, as a file for `--rtt`.
 *
 * Networks are /24s by chance in 11.0.0.0 to 126.255.255.255, where the queries of `npm run bench` come from, so most of
 * those miss and fall back; `--dense` puts them side by side, as allocations do. Every pair has one sample.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { ClientPlace } from "../src/geo/client-place.ts";
import { RegionEstimates } from "../src/latency/estimates.ts";
import { emptyLatencyTable, ingestGrowing, packed } from "../src/latency/grow.ts";
import { HEADER, type LatencyTable, octetsOf } from "../src/latency/latency-table.ts";
import { randomBelow, SeededRandom } from "../src/lib/random.ts";

const LOOKUPS = 2_000_000;
const ROUNDS = 5;
const WEEK_S = 604_800;
const FIRST = 11;
const OCTETS = 116;

const { values } = parseArgs({
  options: {
    networks: { type: "string", default: "1000000" },
    regions: { type: "string", default: "8" },
    dense: { type: "boolean", default: false },
    csv: { type: "boolean", default: false },
  },
});
const regions = Array.from({ length: Number(values.regions) }, (_, i) => `region-${i}`);
const networks = makeNetworks(Number(values.networks), values.dense);
if (values.csv) writeCsv();
else measure();

/** As 32 bits, each one once, in no order. */
function makeNetworks(count: number, isDense: boolean): Uint32Array {
  const random = new SeededRandom(20_250_701);
  const chosen = new Set<number>();
  while (chosen.size < count) {
    const slash24 = randomBelow(random, OCTETS << 16);
    // Side by side in half of the /20s of as many networks.
    const place = isDense ? ((slash24 % (count * 2)) & ~15) + (chosen.size & 15) : slash24;
    chosen.add(((FIRST << 16) + place) << 8);
  }
  return Uint32Array.from(chosen);
}

/** Milliseconds that follow from network and region, so that wider networks are worth something. */
function rttMsOf(network: number, region: number): number {
  return 5 + (((network >>> 12) * 31 + region * 37) % 180) + ((network >>> 8) % 16);
}

function writeCsv(): void {
  process.stdout.write("network,region,rtt_ms\n");
  for (const network of networks) {
    const text = `${network >>> 24}.${(network >>> 16) & 255}.${(network >>> 8) & 255}.0/24`;
    process.stdout.write(regions.map((name, i) => `${text},${name},${rttMsOf(network, i)}\n`).join(""));
  }
}

function measure(): void {
  const started = cpuMs();
  const growing = fill();
  const filledMs = cpuMs() - started;
  const table = packed(growing);
  const samples = networks.length * regions.length;
  say(
    `networks          ${networks.length} of ${regions.length} regions, ${values.dense ? "dense" : "by chance"}`,
  );
  say(`samples           ${((1e6 * filledMs) / samples).toFixed(0)} ns each, with growth`);
  const octets = octetsOf(table);
  say(
    `memory            ${(octets / 1e6).toFixed(1)} MB (${(octets / 2 ** 20).toFixed(1)} MiB), ${(octets / networks.length).toFixed(1)} octets a network`,
  );
  say(`rows              ${table.header[HEADER.rowsUsed]} in ${table.rows.byteLength} octets`);
  const random = new SeededRandom(7);
  const measured = Uint32Array.from(
    { length: 1 << 20 },
    () => networks[randomBelow(random, networks.length)]!,
  );
  const any = Uint32Array.from(
    { length: 1 << 20 },
    () => ((FIRST << 24) + randomBelow(random, OCTETS << 16) * 256) >>> 0,
  );
  say(`look-up, measured ${nsOfLookup(table, measured).toFixed(0)} ns for all regions`);
  say(`look-up, any      ${nsOfLookup(table, any).toFixed(0)} ns`);
  say(`nothing but the client ${nsOfLookup(null, measured).toFixed(0)} ns`);
}

function fill(): LatencyTable {
  const client = new ClientPlace();
  const octets = new Uint8Array(4);
  let table = emptyLatencyTable(regions, WEEK_S);
  for (const network of networks) {
    setAddress(client, octets, network);
    for (const [i, region] of regions.entries()) {
      const sample = { client, region, rttMs: rttMsOf(network, i), count: 1, atS: null };
      ({ table } = ingestGrowing(table, sample, 0));
    }
  }
  return table;
}

function setAddress(client: ClientPlace, octets: Uint8Array, address: number): void {
  for (let i = 0; i < 4; i++) octets[i] = address >>> (24 - 8 * i);
  client.network.set(4, octets, 0, 24, "ecs");
  client.begin(null);
}

/** The best of some rounds. */
function nsOfLookup(table: LatencyTable | null, clients: Uint32Array): number {
  const client = new ClientPlace();
  const octets = new Uint8Array(4);
  const estimates = new RegionEstimates(regions);
  let best = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const started = cpuMs();
    for (let i = 0; i < LOOKUPS; i++) {
      setAddress(client, octets, clients[i & (clients.length - 1)]!);
      if (table === null) continue;
      estimates.begin(true);
      estimates.find(table, client, 1);
      if (estimates.levels[0]! >= 0) found += estimates.holder(estimates.levels[0]!);
    }
    best = Math.min(best, (cpuMs() - started) * (1e6 / LOOKUPS));
  }
  if (found < 0) say("a table of nothing");
  return best;
}

/** CPU time of this process: others may be at work on the machine. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
