/**
 * How long place data takes to load, and whether answers could go on meanwhile:
 *
 *   node bench/geo-load.ts [--networks N] [--runs N]
 *
 * First the countries that come with the program, as every start loads them; then a city database of some 60 MB, made up
 * for the purpose, in MaxMind's form with names in eight languages. Both are loaded here, and in the thread that a server
 * uses; the longest wait of a timer of 1 ms in this thread says how long answers over TCP would have been held up.
 *
 * @module
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { allCountries } from "../src/geo/place-codes.ts";
import { defaultPlaceFile, loadPlaceData, PLACE_DATA, type PlaceData } from "../src/geo/place-data.ts";
import { randomBelow, SeededRandom } from "../src/lib/random.ts";
import { loadPlacesAside } from "../src/sync/place-thread.ts";
import { writeMmdb } from "../test/support/mmdb-writer.ts";

const { values } = parseArgs({
  options: { networks: { type: "string", default: "2000000" }, runs: { type: "string", default: "3" } },
});
const networks = Number(values.networks);
const runs = Number(values.runs);

const dir = mkdtempSync(join(tmpdir(), "windrose-bench-geo-"));
try {
  const city = join(dir, "city.mmdb");
  writeFileSync(city, cityDatabase(networks));
  for (const [name, file, files] of [
    ["countries", defaultPlaceFile(), []],
    ["cities", city, [city]],
  ] as const) {
    const sizeMB = statSync(file).size / 1e6;
    for (let run = 0; run < runs; run++) {
      const startedMs = performance.now();
      const data = loadPlaceData(files);
      const hereMs = performance.now() - startedMs;
      const aside = await timed(() => loadPlacesAside(files));
      console.log(
        `${name}  ${sizeMB.toFixed(1)} MB  here ${hereMs.toFixed(0)} ms  aside ${aside.tookMs.toFixed(0)} ms, ` +
          `longest wait ${aside.waitMsMax.toFixed(0)} ms  tables ${(octetsOf(data) / 1e6).toFixed(1)} MB`,
      );
    }
  }
} finally {
  rmSync(dir, { recursive: true });
}

async function timed(work: () => Promise<unknown>): Promise<{ tookMs: number; waitMsMax: number }> {
  let waitMsMax = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    waitMsMax = Math.max(waitMsMax, nowMs - lastMs);
    lastMs = nowMs;
  }, 1);
  const startedMs = performance.now();
  await work();
  clearInterval(timer);
  return { tookMs: performance.now() - startedMs, waitMsMax };
}

function octetsOf(data: PlaceData): number {
  let octets = data.points.byteLength + data.countryPoints.byteLength;
  for (const datum of PLACE_DATA) {
    for (const { index, words } of data[datum] === null ? [] : [data[datum].ipv4, data[datum].ipv6]) {
      octets += index.byteLength + words.byteLength;
    }
  }
  return octets;
}

/** Networks of /20 to /26 one behind the other from 1.0.0.0 on, and /48 from 2600:: on, among 60,000 cities. */
function cityDatabase(count: number): Uint8Array {
  const random = new SeededRandom(4);
  const countries = allCountries();
  const cities = Array.from({ length: 60_000 }, (_, i) =>
    cityOf(i, countries[i % countries.length]!, random),
  );
  return writeMmdb({
    databaseType: "GeoLite2-City",
    buildEpoch: 1_790_000_000,
    ipVersion: 6,
    recordSize: 28,
    networks: (function* () {
      let address = 0x0100_0000;
      for (let i = 0; i < count; i++) {
        const data = cities[randomBelow(random, cities.length)]!;
        if (i % 3 === 0) {
          const site = i / 3;
          const group = (0x2600 + (site >>> 18)).toString(16);
          yield {
            network: `${group}:${((site >>> 2) & 0xffff).toString(16)}:${(site & 3).toString(16)}::/48`,
            data,
          };
        } else {
          const length = 22 + randomBelow(random, 5);
          const size = 2 ** (32 - length);
          address = Math.ceil(address / size) * size;
          if (address + size > 0xdf00_0000) continue;
          const octets = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
          yield { network: `${octets.join(".")}/${length}`, data };
          address += size;
        }
      }
    })(),
  });
}

function cityOf(number: number, country: string, random: SeededRandom): object {
  const names = Object.fromEntries(
    ["de", "en", "es", "fr", "ja", "pt-BR", "ru", "zh-CN"].map((language) => [language, `City ${number}`]),
  );
  return {
    city: { geoname_id: number, names },
    continent: { code: "EU", geoname_id: 6_255_148, names },
    country: { geoname_id: 1000 + number, iso_code: country, names },
    location: {
      accuracy_radius: 20,
      latitude: Math.round(((random.u32() / 2 ** 32) * 170 - 85) * 1e4) / 1e4,
      longitude: Math.round(((random.u32() / 2 ** 32) * 358 - 179) * 1e4) / 1e4,
      time_zone: "Etc/UTC",
    },
    postal: { code: String(number) },
    subdivisions: [{ geoname_id: number, iso_code: String(number % 100), names }],
  };
}
