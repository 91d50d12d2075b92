import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { SampleLines } from "../../src/latency/sample-lines.ts";
import { type LoadedSamples, loadSamples, loadSampleText } from "../../src/latency/samples-file.ts";
import { NOW_S, Owner, placeOf, WEEK_S } from "./places.ts";

const OPTIONS = { places: null, expiryS: WEEK_S, nowS: NOW_S };
const folder = mkdtempSync(join(tmpdir(), "windrose-samples-"));
afterAll(() => rmSync(folder, { recursive: true }));

function ask({ table }: LoadedSamples, client: string): string {
  const owner = new Owner();
  owner.table = table;
  return owner.ask(placeOf(client));
}

describe("loadSampleText()", () => {
  test("reads CSV without a header, comments and blank lines", () => {
    const loaded = loadSampleText(
      "# measured by hand\n198.51.100.0/24,eu,20\r\n\n198.51.100.0/24, us ,80.5,2025-12-31T00:00:00Z,4\n2001:db8:1::/48,eu,30",
      OPTIONS,
    );
    expect(loaded).toMatchObject({ taken: 3, bad: 0, expired: 0, networks: 2 });
    expect(ask(loaded, "198.51.100.1")).toBe("20@0 80.5@0 /24");
    expect(ask(loaded, "2001:db8:1::1")).toBe("30@0 - /48");
  });

  test("reads columns in the order of a header, and passes over those that it does not know", () => {
    const loaded = loadSampleText(
      '\uFEFFrtt_ms,city,"Network",region\n20,"Paris, FR",198.51.100.7,eu\n',
      OPTIONS,
    );
    expect(loaded).toMatchObject({ taken: 1, bad: 0 });
    expect(ask(loaded, "198.51.100.1")).toBe("20@0 /24");
  });

  test("reads JSON lines", () => {
    const loaded = loadSampleText(
      '{"network":"198.51.100.0/24","region":"eu","rttMs":23.5,"at":"2025-12-31T12:00:00Z"}\n{"rtt_ms":"10","count":3,"at":1767225600,"region":"us","network":"198.51.100.9"}\n',
      OPTIONS,
    );
    expect(loaded).toMatchObject({ taken: 2, bad: 0 });
    expect(ask(loaded, "198.51.100.1")).toBe("23.5@0 10@0 /24");
  });

  test.each([
    ["2026-01-31", Date.UTC(2026, 0, 31)],
    ["2026-01-31T12:00", Date.UTC(2026, 0, 31, 12)],
    ["2026-01-31 12:00:00.5", Date.UTC(2026, 0, 31, 12, 0, 0, 500)],
    ["2026-01-31t12:00:00z", Date.UTC(2026, 0, 31, 12)],
    ["2026-01-31T12:00:00+02:00", Date.UTC(2026, 0, 31, 10)],
    ["1769860800", Date.UTC(2026, 0, 31, 12)],
    ["1769860800000", Date.UTC(2026, 0, 31, 12)],
    ["2026-01-31T25:00", Number.NaN],
    ["2026-01-31T12:00 or so", Number.NaN],
    ["31.1.2026", Number.NaN],
  ])("reads the time %s as UTC where it has no zone, whatever that of the machine", (text, ms) => {
    const { TZ } = process.env;
    process.env.TZ = "Asia/Kathmandu";
    expect(new Date(2026, 0, 1).getTimezoneOffset()).toBe(-345);
    const lines = new SampleLines();
    const read = lines.read(`198.51.100.0/24,eu,20,${text}`);
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
    if (Number.isNaN(ms)) expect(read).toContain("is no time");
    else expect([read, lines.line.atS]).toEqual([true, ms / 1000]);
  });

  test("counts bad lines, shows the first with their numbers, and takes the good ones", () => {
    const loaded = loadSampleText(
      [
        "network,region,rtt_ms,at,count",
        "198.51.100.0/24,eu,20",
        "198.51.100.1/24,eu,20",
        "198.51.100.0/24,,20",
        "198.51.100.0/24,eu,fast",
        "198.51.100.0/24,eu,20,yesterday",
        "198.51.100.0/24,eu,20,,0",
        '{"network":"198.51.100.0/24"',
        "128.0.0.0/4,eu,20",
        "198.51.100.0/24,us,20,2025-01-01T00:00:00Z",
      ].join("\n"),
      OPTIONS,
    );
    expect(loaded).toMatchObject({ taken: 1, bad: 7, expired: 1 });
    expect(loaded.firstBad).toEqual([
      {
        line: 3,
        why: '"198.51.100.1/24" is no network; write one as in 198.51.100.0/24, without bits beyond its length, or an address',
      },
      { line: 4, why: '"" is no region; write letters, digits, _, -, . and :, at most 64' },
      { line: 5, why: '"fast" is no round-trip time; write milliseconds, 0 to 60000' },
      {
        line: 6,
        why: '"yesterday" is no time; write it as in 2026-01-31T12:00:00Z, or in seconds since 1970',
      },
      { line: 7, why: '"0" is no count of samples; write a whole number from 1' },
    ]);
    expect(ask(loaded, "198.51.100.1")).toBe("20@0 - /24");
  });

  test("says what is wrong with headers, quotes, wide networks and the 65th region", () => {
    const whyOf = (text: string) => loadSampleText(text, OPTIONS).firstBad.map(({ why }) => why);
    expect(whyOf("network,rtt\n")).toEqual(["the header has no column region"]);
    expect(whyOf('198.51.100.0/24,"eu,20\n')).toEqual(["a quote is not closed"]);
    expect(whyOf("1.0.0.0/7,eu,1\n")).toEqual([expect.stringContaining("is no network")]);
    expect(whyOf("2.0.0.0/7,eu,1\n")).toEqual([expect.stringContaining("too wide")]);
    const lines = Array.from({ length: 65 }, (_, i) => `198.51.100.0/24,r${i},20\n`).join("");
    const { taken, firstBad } = loadSampleText(lines, OPTIONS);
    expect(taken).toBe(64);
    expect(firstBad).toEqual([
      { line: 65, why: 'region "r64" is one more than the 64 that a table has room for' },
    ]);
  });
});

describe("loadSamples()", () => {
  test("reads a file in pieces, wherever those are cut", () => {
    const file = join(folder, "many.csv");
    const lines = Array.from(
      { length: 30_000 },
      (_, i) => `45.${i >>> 8}.${i & 255}.0/24,région-${i % 3},${i % 500}`,
    );
    writeFileSync(file, lines.map((line) => line.replace("région", "region")).join("\n"));
    expect(loadSamples(file, OPTIONS)).toMatchObject({ taken: 30_000, bad: 0, networks: 30_000 });
    writeFileSync(file, lines.join("\n"));
    expect(loadSamples(file, OPTIONS)).toMatchObject({ taken: 0, bad: 30_000, networks: 0 });
  });

  test("throws samples-unreadable for a file that is not there", () => {
    expect(() => loadSamples(join(folder, "none.csv"), OPTIONS)).toThrowError(
      expect.objectContaining({ code: "samples-unreadable", message: expect.stringContaining("ENOENT") }),
    );
  });
});
