import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeEach, expect, test } from "vitest";
import { loadPlaceData } from "../../src/geo/place-data.ts";
import { RegionEstimates } from "../../src/latency/estimates.ts";
import { HEADER } from "../../src/latency/latency-table.ts";
import { STAMPS } from "../../src/latency/pair.ts";
import {
  applyNews,
  compileSnapshot,
  newsOfClientTables,
  type Snapshot,
  type SnapshotNews,
} from "../../src/snapshot/snapshot.ts";
import type { Publisher } from "../../src/sync/follower.ts";
import { SamplesFollower } from "../../src/sync/samples-follower.ts";
import { loadSamplesAside } from "../../src/sync/samples-thread.ts";
import { PlaceFolder } from "../geo/place-files.ts";
import { placeOf } from "../latency/places.ts";
import { configurationOf } from "../support/answers.ts";

const folder = mkdtempSync(join(tmpdir(), "windrose-rtt-"));
const file = join(folder, "rtt.csv");
const WEEK_MS = 604_800_000;
afterAll(() => rmSync(folder, { recursive: true }));

class Plane implements Publisher {
  snapshot: Snapshot = compileSnapshot(configurationOf([]));

  publish(news: SnapshotNews): void {
    this.snapshot = applyNews(this.snapshot, news);
  }

  get networks(): number {
    return this.snapshot.clientTables.latency!.header[HEADER.networks]!;
  }
}

let plane: Plane;
let lines: Record<string, unknown>[];
let follower: SamplesFollower;

beforeEach(async () => {
  write("198.51.100.0/24,eu,20\n");
  plane = new Plane();
  lines = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  follower = new SamplesFollower({ file, expiryMs: WEEK_MS }, log);
  const latency = await follower.loadFirst(null);
  plane.publish(newsOfClientTables(plane.snapshot, { places: null, latency }));
});

/** As programs should: whole, under another name, then renamed. */
function write(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

async function lookTwice(): Promise<void> {
  await follower.look(plane);
  await follower.look(plane);
}

test("look() publishes a new table when the file has changed and stays so", async () => {
  const before = plane.snapshot.clientTables.latency;
  await lookTwice();
  expect(plane.snapshot.clientTables.latency).toBe(before);
  write("198.51.100.0/24,eu,20\n198.51.101.0/24,eu,20\n");
  await follower.look(plane);
  expect(plane.networks).toBe(1);
  await follower.look(plane);
  expect(plane.networks).toBe(2);
  expect(lines.map(({ msg }) => msg)).toEqual(["round-trip times", "round-trip times"]);
});

test("look() takes the good lines, and logs the bad ones with their numbers", async () => {
  write("198.51.100.0/24,eu,20\nnonsense,eu,20\n198.51.101.0/24,eu,20\n");
  await lookTwice();
  expect(plane.networks).toBe(2);
  expect(lines.at(-2)).toMatchObject({ msg: "bad line of round-trip times", at: `${file}:2` });
  expect(lines.at(-1)).toMatchObject({ msg: "round-trip times, without the bad lines", samples: 2, bad: 1 });
});

test("look() keeps the last good table when the file has no good line, is gone, or cannot be read", async () => {
  for (const spoil of [() => write("nonsense\n"), () => rmSync(file)]) {
    spoil();
    await lookTwice();
    expect(plane.networks).toBe(1);
    expect(lines.at(-1)).toMatchObject({ msg: "round-trip times refused; the last good ones stay", file });
  }
});

test("look() tells the table the time, by which readers know what has expired", async () => {
  const { header } = plane.snapshot.clientTables.latency!;
  const before = [header[HEADER.now]!, header[HEADER.tick]!] as const;
  // As it was five 63rds of the expiry ago.
  header[HEADER.now] = (before[0] + STAMPS - 5) % STAMPS;
  header[HEADER.tick] = before[1] - 5;
  await follower.look(plane);
  expect([header[HEADER.now], header[HEADER.tick]]).toEqual(before);
});

test("look() reads the file again when the place data have changed, for the AS and the country of its networks", async () => {
  const places = new PlaceFolder();
  try {
    write("60.1.1.0/24,eu,20\n");
    await lookTwice();
    const found = loadPlaceData([places.write("a.mmdb", { "60.0.0.0/8": { country_code: "FR" } })]);
    const client = (): string => {
      const { latency } = plane.snapshot.clientTables;
      const estimates = new RegionEstimates(["eu"]);
      estimates.begin(true);
      // In the same country, and far from what was measured.
      estimates.find(latency!, placeOf("9.1.2.3", { country: "FR" }), 1);
      return estimates.levels[0]! < 0 ? "unknown" : `${estimates.ms[0]} ms`;
    };
    expect(client()).toBe("unknown");
    plane.publish(newsOfClientTables(plane.snapshot, { ...plane.snapshot.clientTables, places: found }));
    await lookTwice();
    expect(client()).toBe("20 ms");
    const { latency } = plane.snapshot.clientTables;
    await lookTwice();
    expect(plane.snapshot.clientTables.latency).toBe(latency);
  } finally {
    places.remove();
  }
});

test("loadFirst() rejects with samples-unreadable", async () => {
  rmSync(file);
  await expect(follower.loadFirst(null)).rejects.toMatchObject({ code: "samples-unreadable" });
});

test("loadSamplesAside() reads in a thread as it does here, errors included", async () => {
  const options = { places: null, expiryS: 604_800, nowS: 1_767_225_600 };
  const [here, aside] = [await loadSamplesAside(file, options), await loadSamplesAside(file, options, 0)];
  // Not the tables as they are: a matcher takes seconds over a million words.
  for (const part of ["header", "rows", "blocks", "wide"] as const) {
    const [hereOctets, asideOctets] = [here, aside].map(({ table }) => Buffer.from(table[part].buffer));
    expect(asideOctets!.equals(hereOctets!), part).toBe(true);
  }
  expect({ ...aside, table: null }).toEqual({ ...here, table: null });
  expect(aside.table.rows.buffer).toBeInstanceOf(SharedArrayBuffer);
  await expect(loadSamplesAside(folder, options, 0)).rejects.toMatchObject({
    code: "samples-unreadable",
    fields: { file: folder },
  });
});
