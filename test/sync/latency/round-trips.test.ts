import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { emptyLatencyTable } from "../../../src/latency/grow.ts";
import { NetworkRules } from "../../../src/latency/network-rules.ts";
import { loadSampleText } from "../../../src/latency/samples-file.ts";
import { newsOfClientTables } from "../../../src/snapshot/snapshot.ts";
import type { Demand, RttSample } from "../../../src/store/live/live-exchange.ts";
import { LocalExchange } from "../../../src/store/live/local-exchange.ts";
import { RoundTrips } from "../../../src/sync/latency/round-trips.ts";
import { TestAskedPlane } from "./asked-plane.ts";

const WEEK_MS = 604_800_000;
const NOTHING = { allow: [], optOut: [] };

let exchange: LocalExchange;
let plane: TestAskedPlane;
let roundTrips: RoundTrips;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "Date"] });
  exchange = await LocalExchange.open({ dataDir: null, log: pino({ level: "silent" }) });
  plane = new TestAskedPlane(["eu", "us", "ap"]);
  await begin({});
});
afterEach(async () => {
  await roundTrips.stop();
  await exchange.close();
  vi.useRealTimers();
});

async function begin(more: { region?: string | null; hasFile?: boolean; allow?: string[] }): Promise<void> {
  await roundTrips?.stop();
  const { region = "eu", hasFile = false, allow = [] } = more;
  roundTrips = new RoundTrips({
    plane,
    exchange,
    node: () => "node-1",
    region,
    rules: new NetworkRules({ allow, optOut: [] }),
    expiryMs: WEEK_MS,
    hasFile,
    log: pino({ level: "silent" }),
  });
  await exchange.follow({}); // in the order of calls: roundTrips follows by now
}

function sampleOf(network: string, region: string, rttMs: number, more: Partial<RttSample> = {}): RttSample {
  return { network, region, rttMs, count: 1, atMs: roundTrips.nowMs(), source: "posted", ...more };
}

async function share(...samples: RttSample[]): Promise<void> {
  roundTrips.share(samples);
  await Promise.resolve();
  await Promise.resolve();
}

function shown(network: string): string[] {
  return roundTrips.estimates(network).map((one) => `${one.region} ${one.rttMs} ${one.from} ${one.source}`);
}

describe("RoundTrips", () => {
  test("takes samples into a table that queries read, nearest first", async () => {
    expect(roundTrips.estimates("8.8.8.8")).toEqual([]);
    await share(sampleOf("8.8.8.0/24", "us", 80), sampleOf("8.8.8.0/24", "eu", 20, { source: "probe" }));
    expect(plane.snapshot.clientTables.latency).not.toBeNull();
    expect(plane.published).toBe(1);
    expect(shown("8.8.8.8")).toEqual(["eu 20 8.8.8.0/24 probe", "us 80 8.8.8.0/24 posted"]);
    expect(shown("8.8.9.8")).toEqual(["eu 20 8.8.0.0/20 null", "us 80 8.8.0.0/20 null"]);
    expect(roundTrips.measured()).toEqual(["8.8.8.0/24"]);
    expect(roundTrips.estimates("8.8.8.8")[0]).toMatchObject({ count: 1, deviationMs: 10, ageS: 0 });
  });

  test("takes samples of an address for its /24 or /48", async () => {
    await share(sampleOf("8.8.8.8", "eu", 20), sampleOf("2a00:1450:4001::5", "us", 30));
    expect(roundTrips.measured()).toEqual(["8.8.8.0/24", "2a00:1450:4001::/48"]);
    expect(shown("2a00:1450:4001::/48")).toEqual(["us 30 2a00:1450:4001::/48 posted"]);
  });

  test("passes over what does not count: special networks, regions without members, no networks", async () => {
    await share(
      sampleOf("10.0.0.0/24", "eu", 20),
      sampleOf("192.0.2.0/24", "eu", 20),
      sampleOf("8.8.8.0/24", "mars", 20),
      sampleOf("nonsense", "eu", 20),
    );
    expect(roundTrips.measured()).toEqual([]);
    expect(plane.published).toBe(0);
  });

  test("takes special networks that are allowed", async () => {
    await begin({ allow: ["10.0.0.0/8"] });
    await share(sampleOf("10.0.0.0/24", "eu", 20), sampleOf("192.168.0.0/24", "eu", 20));
    expect(roundTrips.measured()).toEqual(["10.0.0.0/24"]);
  });

  test("ages samples by the clock of all, not by this machine's", async () => {
    vi.setSystemTime(Date.now() - 30 * 86_400_000); // this machine's calendar is a month behind
    await share(sampleOf("8.8.8.0/24", "eu", 20, { atMs: roundTrips.nowMs() - 86_400_000 }));
    expect(roundTrips.estimates("8.8.8.8")[0]!.ageS).toBeCloseTo(86_400, -4);
  });

  test("publishes a larger table when one is full, and keeps what is in it", async () => {
    const networks = Array.from({ length: 2000 }, (_, i) => `8.${i >> 8}.${i & 255}.0/24`);
    await share(...networks.map((network) => sampleOf(network, "eu", 20)));
    expect(plane.published).toBe(1);
    expect(roundTrips.measured()).toHaveLength(2000);
    for (const network of networks) expect(shown(network)).toEqual([`eu 20 ${network} posted`]);
  });

  test("carry() puts what was measured into a table that is made from a file", async () => {
    const text = "8.8.8.0/24,us,50\n9.9.9.0/24,us,60\n";
    const options = { places: null, expiryS: WEEK_MS / 1000, nowS: Date.now() / 1000 };
    const { table } = loadSampleText(text, options);
    plane.publish(newsOfClientTables(plane.snapshot, { places: null, latency: table }));
    await share(sampleOf("8.8.8.0/24", "eu", 20), sampleOf("1.1.1.0/24", "ap", 30, { source: "tcp" }));
    const anew = loadSampleText(text, options).table;
    const latency = roundTrips.carry(anew, null);
    plane.publish(newsOfClientTables(plane.snapshot, { places: null, latency }));
    expect(shown("8.8.8.8")).toEqual(["eu 20 8.8.8.0/24 posted", "us 50 8.8.8.0/24 file"]);
    expect(shown("9.9.9.9")).toEqual(["us 60 9.9.9.0/24 file"]);
    expect(shown("1.1.1.1")).toEqual(["ap 30 1.1.1.0/24 tcp"]);
  });

  test("carry() keeps the order of regions that a network has settled on", async () => {
    // eu is better since, but not by enough to be first.
    await share(sampleOf("8.8.8.0/24", "us", 20), sampleOf("8.8.8.0/24", "eu", 18));
    const after = roundTrips.carry(emptyLatencyTable([], WEEK_MS / 1000), null);
    expect(after.regions).toEqual(["us", "eu"]); // as they came
  });

  test("shares the handshakes of TCP clients as samples from its region", async () => {
    const heard: RttSample[] = [];
    await exchange.follow({ samples: (samples) => heard.push(...samples) });
    plane.handshakes = [
      { network: "8.8.8.0/24", rttMs: 12, count: 3 },
      { network: "127.0.0.0/24", rttMs: 0.1, count: 3 },
    ];
    await vi.advanceTimersByTimeAsync(5000);
    expect(heard).toMatchObject([
      { network: "8.8.8.0/24", region: "eu", rttMs: 12, count: 3, source: "tcp" },
    ]);
  });

  test("shares no handshakes where nobody said where it stands", async () => {
    await begin({ region: null });
    plane.handshakes = [{ network: "8.8.8.0/24", rttMs: 12, count: 3 }];
    await vi.advanceTimersByTimeAsync(5000);
    expect(roundTrips.measured()).toEqual([]);
  });

  test("says what asks it, soon after its start and then each 10 s", async () => {
    const heard: (readonly Demand[])[] = [];
    await exchange.follow({ demand: (_node, demand) => heard.push(demand) });
    plane.demand = [{ network: "8.8.8.0/24", queries: 160, resolver: "8.8.8.8" }];
    await vi.advanceTimersByTimeAsync(1000);
    expect(heard).toMatchObject([[{ network: "8.8.8.0/24", resolver: "8.8.8.8" }]]);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(heard).toHaveLength(4); // after 1, 3, 7 and 15 s
    await vi.advanceTimersByTimeAsync(30_000);
    expect(heard).toHaveLength(7);
  });

  test("the rules are those of special networks, when nothing is allowed", () => {
    const rules = new NetworkRules(NOTHING);
    expect(rules.counts(Uint8Array.of(8, 8, 8, 0), 24)).toBe(true);
    expect(rules.counts(Uint8Array.of(10, 0, 0, 0), 8)).toBe(false);
  });
});
