/**
 * Names that were asked before are answered as if they had not been.
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/lib/random.ts";
import { RecentLookups } from "../../src/server/recent-lookups.ts";
import { applyNews, compileSnapshot, newsBetween } from "../../src/snapshot/snapshot.ts";
import { parseName } from "../../src/wire/name.ts";
import { NameKey } from "../../src/wire/name-key.ts";
import { RRType } from "../../src/wire/rr-type.ts";
import { Found, LookupResult, lookup } from "../../src/zone/lookup.ts";
import { makeFuzzConfiguration } from "../fuzz/fuzz-zones.ts";
import { makePacket } from "../fuzz/mutator.ts";
import { loadSeedPackets } from "../fuzz/seed-packets.ts";
import { answerTo, configurationOf, poolOf, send, viewOf, zoneOf } from "../support/answers.ts";
import { EXAMPLE_NAMES, EXAMPLE_POOLS, EXAMPLE_ZONES } from "./example-zones.ts";
import { encodeQuery } from "./udp-client.ts";

const HEAD =
  "$ORIGIN example.test.\n@ 300 SOA ns1 hostmaster 1 7200 900 1209600 60\n@ 300 NS ns1\nns1 300 A 192.0.2.1\n";

/** Asked often enough to be let in where another name stands in the way. */
const TIMES = 20;

function keyOf(text: string): NameKey {
  const name = parseName(text);
  const key = new NameKey();
  key.read(name, 0, name.length);
  return key;
}

describe("respond(), asked again", () => {
  test("gives the octets that it gave at first: all names, all kinds of answers, any case", () => {
    const seed = randomInt(2 ** 32);
    console.log(`asked again: seed ${seed}`);
    const random = new SeededRandom(seed);
    const fuzzed = makeFuzzConfiguration("failover");
    const zones = [...EXAMPLE_ZONES, ...fuzzed.zones.values()];
    const pools = [...EXAMPLE_POOLS, ...fuzzed.pools.values()];
    const types = ["A", "AAAA", "NS", "SOA", "CNAME", "TXT", "MX", "DS", "ANY", "TYPE65400"];
    const seeds = [
      ...loadSeedPackets(),
      ...EXAMPLE_NAMES.flatMap((name) =>
        types.map((type) => ({ name, octets: encodeQuery(`${name} ${type}`, 1) })),
      ),
    ];
    const packets = [
      ...seeds.map(({ octets }) => octets),
      ...Array.from({ length: 1000 }, () => makePacket(seeds, random)),
    ];
    const view = viewOf(zones, pools);
    const looking = viewOf(zones, pools);
    let answered = 0;
    for (const packet of packets) {
      // A trace wants every look-up made, so this view keeps nothing and finds nothing.
      looking.lookups = [];
      const expected = send(looking, packet);
      for (let i = 0; i < TIMES; i++) expect(send(view, packet)).toEqual(expected);
      if (expected !== null) answered++;
    }
    expect(answered).toBeGreaterThan(1000);
  });

  test("answers from the generation after an edit, and of a zone that came or went", () => {
    const pools = [poolOf("web", ["a 192.0.2.10"])];
    const before = configurationOf([zoneOf(`${HEAD}www 300 A 192.0.2.2\n`, { steered: "web" })], pools);
    const after = configurationOf(
      [
        zoneOf(`${HEAD}new 300 A 192.0.2.4\nwww 300 A 192.0.2.3\n`, { steered: "web" }),
        zoneOf(
          "$ORIGIN www.example.test.\n@ 300 SOA ns1 hostmaster 1 7200 900 1209600 60\n@ 300 NS ns1\nns1 300 A 192.0.2.9\n",
        ),
      ],
      [poolOf("web", ["a 192.0.2.11"])],
    );
    const view = viewOf([], []);
    view.snapshot = compileSnapshot(before);
    const first = view.snapshot;
    const ask = (name: string) =>
      Array.from({ length: TIMES }, () => answerTo(view, `${name} A`).join()).at(-1);
    const answers = ["www.example.test.", "steered.example.test.", "new.example.test."].map(ask);
    view.snapshot = applyNews(first, newsBetween(first, after, {}));
    expect(["www.example.test.", "steered.example.test.", "new.example.test."].map(ask)).not.toEqual(answers);
    expect(ask("www.example.test.")).toContain("authority www.example.test. 60 SOA");
    expect(ask("steered.example.test.")).toContain("192.0.2.11");
    expect(ask("new.example.test.")).toContain("192.0.2.4");
    view.snapshot = first;
    expect(["www.example.test.", "steered.example.test.", "new.example.test."].map(ask)).toEqual(answers);
  });
});

describe("RecentLookups", () => {
  const { directory } = compileSnapshot(
    configurationOf([
      zoneOf(
        `${HEAD}www 300 A 192.0.2.2\n*.wild 300 A 192.0.2.3\nchild 300 NS ns.example.net.\n${"l".repeat(60)} 300 A 192.0.2.4\n`,
      ),
    ]),
  );
  const [zone] = directory.zones;
  const result = new LookupResult();

  function found(recent: RecentLookups, name: string, qtype: number): Found | null {
    const key = keyOf(name);
    if (recent.find(directory, key, qtype, result) !== null) return result.found;
    lookup(zone!.image, key, qtype, result);
    recent.keep(zone!, key, qtype, result);
    return null;
  }

  test("keeps what stands in a zone by itself, by name and type", () => {
    const recent = new RecentLookups();
    for (const [name, type, kept] of [
      ["www.example.test.", RRType.A, Found.answer],
      ["www.example.test.", RRType.AAAA, Found.nodata],
      ["example.test.", RRType.SOA, Found.answer],
      ["nowhere.example.test.", RRType.A, null],
      ["a.wild.example.test.", RRType.A, null],
      ["a.child.example.test.", RRType.A, null],
      [`${"l".repeat(60)}.example.test.`, RRType.A, null],
    ] as const) {
      for (let i = 0; i < TIMES; i++) found(recent, name, type);
      expect(found(recent, name, type), `${name} ${type}`).toBe(kept);
    }
    expect(found(recent, "WWW.Example.TEST.", RRType.A)).toBe(Found.answer);
  });

  test("tells apart names that have the same hash", () => {
    const places = new Map<number, number>();
    const name = parseName("n0000000.example.test.");
    const key = new NameKey();
    let pair: [number, number] | undefined;
    for (let i = 0; pair === undefined; i++) {
      for (let digit = 0; digit < 7; digit++) name[8 - digit] = 0x30 + (Math.floor(i / 10 ** digit) % 10);
      key.take(name, 0, name.length);
      const other = places.get(key.wholeHash);
      if (other !== undefined) pair = [other, i];
      places.set(key.wholeHash, i);
    }
    const [first, second] = pair.map((i) => `n${String(i).padStart(7, "0")}.example.test.`) as [
      string,
      string,
    ];
    const { directory: small } = compileSnapshot(
      configurationOf([zoneOf(`${HEAD}${first} 300 A 192.0.2.7\n`)]),
    );
    const recent = new RecentLookups();
    const [only] = small.zones;
    const [there, away] = [keyOf(first), keyOf(second)];
    expect(recent.find(small, there, RRType.A, result)).toBeNull();
    lookup(only!.image, there, RRType.A, result);
    recent.keep(only!, there, RRType.A, result);
    expect(recent.find(small, there, RRType.A, result)).toBe(only);
    expect(recent.find(small, away, RRType.A, result)).toBeNull();
  });

  test("keeps a name that is asked often while others want its place", () => {
    const recent = new RecentLookups();
    const owners = Array.from({ length: 5000 }, (_, i) => `h${i}`);
    const { directory: large } = compileSnapshot(
      configurationOf([zoneOf(`${HEAD}${owners.map((owner) => `${owner} 300 A 192.0.2.8`).join("\n")}\n`)]),
    );
    const [only] = large.zones;
    let hits = 0;
    for (const [i, owner] of owners.entries()) {
      for (const name of [`${owner}.example.test.`, "h7.example.test."]) {
        const key = keyOf(name);
        if (recent.find(large, key, RRType.A, result) !== null) {
          if (i > 100 && name === "h7.example.test.") hits++;
          continue;
        }
        lookup(only!.image, key, RRType.A, result);
        recent.keep(only!, key, RRType.A, result);
      }
    }
    expect(hits).toBe(owners.length - 101);
  });
});
