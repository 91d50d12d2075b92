import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { defaultPlaceFile } from "../../src/geo/place-data.ts";
import { emptyLatencyTable } from "../../src/latency/grow.ts";
import {
  applyNews,
  compileSnapshot,
  newsOfClientTables,
  type Snapshot,
  type SnapshotNews,
} from "../../src/snapshot/snapshot.ts";
import { ClientTablesFollower } from "../../src/sync/client-tables.ts";
import type { Publisher } from "../../src/sync/follower.ts";
import { clientAt, PlaceFolder } from "../geo/place-files.ts";
import { configurationOf } from "../support/answers.ts";

const DAY_S = 86_400;
const folder = new PlaceFolder();
const file = join(folder.dir, "places.mmdb");
afterAll(() => folder.remove());
afterEach(() => vi.useRealTimers());

class Plane implements Publisher {
  snapshot: Snapshot = compileSnapshot(configurationOf([]));

  publish(news: SnapshotNews): void {
    this.snapshot = applyNews(this.snapshot, news);
  }

  countryAt(address: string): string | null {
    return clientAt(this.snapshot.clientTables.places, address).describe().country;
  }
}

let plane: Plane;
let lines: Record<string, unknown>[];

beforeEach(() => {
  plane = new Plane();
  lines = [];
  write("FR");
});

/** As programs should: whole, under another name, then renamed. */
function write(country: string, ageDays = 1): void {
  const buildEpoch = Math.floor(Date.now() / 1000) - ageDays * DAY_S;
  renameSync(folder.write("new.mmdb", { "9.0.0.0/8": { country_code: country } }, { buildEpoch }), file);
}

async function following(placeFiles: readonly string[]): Promise<ClientTablesFollower> {
  const log = pino({ level: "info" }, { write: (line) => lines.push(JSON.parse(line)) });
  const follower = new ClientTablesFollower({ placeFiles, log });
  plane.publish(newsOfClientTables(plane.snapshot, await follower.loadFirst()));
  follower.follow(plane);
  return follower;
}

/** A change is taken up when it is seen twice alike. */
async function lookTwice(follower: ClientTablesFollower): Promise<void> {
  await follower.look();
  await follower.look();
}

function logged(level: number): Record<string, unknown>[] {
  return lines.filter((line) => line.level === level);
}

test("ClientTablesFollower loads the files, and again when one is replaced", async () => {
  const follower = await following([file]);
  expect(plane.countryAt("9.1.1.1")).toBe("FR");
  const { generation } = plane.snapshot;
  write("DE");
  await lookTwice(follower);
  await follower.stop();
  expect(plane.countryAt("9.1.1.1")).toBe("DE");
  expect(plane.snapshot.generation).toBe(generation);
  expect(logged(40)).toEqual([]);
});

test("ClientTablesFollower waits for a file that is still being written, and leaves round-trip times as they are", async () => {
  const follower = await following([file]);
  const latency = emptyLatencyTable(["eu"], 3600);
  plane.publish(newsOfClientTables(plane.snapshot, { ...plane.snapshot.clientTables, latency }));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await follower.stop();
  follower.follow(plane);
  write("DE");
  await follower.look();
  expect(plane.countryAt("9.1.1.1")).toBe("FR");
  write("IT");
  await follower.look();
  expect(plane.countryAt("9.1.1.1")).toBe("FR");
  await follower.look();
  await follower.stop();
  expect(plane.countryAt("9.1.1.1")).toBe("IT");
  expect(plane.snapshot.clientTables.latency).toBe(latency);
});

test("ClientTablesFollower keeps the last good data when a file breaks or goes, says why, and takes the next good one", async () => {
  const follower = await following([file]);
  writeFileSync(file, "half a file");
  await lookTwice(follower);
  expect(plane.countryAt("9.1.1.1")).toBe("FR");
  expect(logged(40)).toMatchObject([
    {
      file,
      why: expect.stringContaining("no MMDB metadata"),
      msg: "place data refused; the last good data stays",
    },
  ]);
  await lookTwice(follower);
  expect(logged(40)).toHaveLength(1);
  write("DE");
  await lookTwice(follower);
  await follower.stop();
  expect(plane.countryAt("9.1.1.1")).toBe("DE");
});

test("ClientTablesFollower refuses to start on a file that is not there", async () => {
  const missing = join(folder.dir, "missing.mmdb");
  await expect(following([missing])).rejects.toMatchObject({
    code: "place-data-invalid",
    message: expect.stringContaining(`"${missing}"`),
  });
});

test("ClientTablesFollower warns of a file that is older than 60 days, and not of the data that come with the program", async () => {
  write("FR", 61);
  await (await following([file])).stop();
  expect(logged(40)).toMatchObject([
    { file, ageDays: 61, msg: "place data is older than 60 days; get a newer file" },
  ]);
  lines = [];
  await (await following([])).stop();
  expect(logged(40)).toEqual([]);
  expect(logged(30)).toMatchObject([
    { file: defaultPlaceFile(), data: ["country"], ageDays: expect.any(Number) },
  ]);
});

test("ClientTablesFollower tells how old its files are once a day", async () => {
  write("FR", 60);
  const follower = await following([file]);
  expect(logged(30)).toMatchObject([{ file, ageDays: 60, msg: "place data" }]);
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 23 * 3_600_000);
  await follower.look();
  expect(logged(40)).toEqual([]);
  vi.setSystemTime(Date.now() + 2 * 3_600_000);
  await lookTwice(follower);
  await follower.stop();
  expect(logged(40)).toMatchObject([{ file, ageDays: 61 }]);
});

test("ClientTablesFollower goes on when loading fails by a fault of ours", async () => {
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const loadPlaces = () => Promise.reject(new Error("the thread ended"));
  const follower = new ClientTablesFollower({ placeFiles: [file], log, loadPlaces });
  follower.follow(plane);
  await lookTwice(follower);
  await follower.stop();
  expect(logged(50)).toMatchObject([{ err: { message: "the thread ended" } }]);
});
