import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NetworkRules } from "../../src/latency/network-rules.ts";
import { LocalExchange } from "../../src/store/live/local-exchange.ts";
import { RoundTrips } from "../../src/sync/latency/round-trips.ts";
import { TestAskedPlane } from "../sync/latency/asked-plane.ts";
import { type ApiServer, startApi } from "./api-server.ts";

const log = pino({ level: "silent" });
const WEEK_MS = 604_800_000;

let exchange: LocalExchange;
let roundTrips: RoundTrips;
let api: ApiServer;
beforeEach(async () => {
  exchange = await LocalExchange.open({ dataDir: null, log });
  roundTrips = new RoundTrips({
    plane: new TestAskedPlane(["eu-west", "us-east"]),
    exchange,
    node: () => "node-1",
    region: "eu-west",
    rules: new NetworkRules({ allow: ["10.1.0.0/16"], optOut: [] }),
    expiryMs: WEEK_MS,
    hasFile: false,
    log,
  });
  api = await startApi({ roundTrips });
});
afterEach(async () => {
  await api.close();
  await roundTrips.stop();
  await exchange.close();
});

const post = (samples: unknown) => api.ask("POST", "/v1/rtt", { samples });

describe("POST /v1/rtt", () => {
  test("takes samples, which estimates then show", async () => {
    const reply = await post([
      { network: "8.8.8.0/24", region: "us-east", rttMs: 80, count: 3 },
      { network: "8.8.8.0/24", region: "eu-west", rtt_ms: 20.5, at: new Date().toISOString() },
      { network: "2a00:1450:4001::9", region: "eu-west", rttMs: 9 },
    ]);
    expect([reply.status, reply.json]).toEqual([200, { taken: 3, refused: 0, errors: [] }]);
    expect((await api.ask("GET", "/v1/rtt?network=8.8.8.8")).json).toEqual({
      network: "8.8.8.8",
      estimates: [
        {
          region: "eu-west",
          rttMs: 20.5,
          deviationMs: expect.any(Number),
          count: 1,
          ageS: 0,
          from: "8.8.8.0/24",
          source: "posted",
        },
        {
          region: "us-east",
          rttMs: 80,
          deviationMs: 40,
          count: 3,
          ageS: 0,
          from: "8.8.8.0/24",
          source: "posted",
        },
      ],
    });
    expect((await api.ask("GET", "/v1/rtt?limit=1")).json).toMatchObject({
      items: [{ network: "2a00:1450:4001::/48", estimates: [{ region: "eu-west", rttMs: 9 }] }],
      total: 2,
      next: "2a00:1450:4001::/48",
    });
    expect((await api.ask("GET", "/v1/rtt?region=us-east")).json).toMatchObject({
      items: [{ network: "8.8.8.0/24", estimates: [{ region: "us-east" }] }],
      total: 1,
    });
  });

  test("tells wrong samples by pointer, and takes the others", async () => {
    const now = Date.now();
    const wrong: [unknown, RegExp][] = [
      [7, /a map with network/],
      [null, /a map with network/],
      [{ network: "nonsense", region: "eu-west", rttMs: 1 }, /"nonsense" is no network/],
      [{ network: "8.8.8.8/24", region: "eu-west", rttMs: 1 }, /is no network/],
      [{ network: "8.8.8.0/24", region: "eu-west", rttMs: -1 }, /-1 is no round-trip time/],
      [{ network: "8.8.8.0/24", region: "eu-west", rttMs: 1e9 }, /is no round-trip time/],
      [{ network: "8.8.8.0/24", region: "eu-west" }, /is no round-trip time/],
      [{ network: "8.8.8.0/24", region: "eu-west", rttMs: 1, count: 0 }, /is no count/],
      [{ network: "8.8.8.0/24", region: "eu-wset", rttMs: 1 }, /did you mean "eu-west"/],
      [{ network: "8.8.8.0/24", region: "mars", rttMs: 1 }, /the regions are eu-west, us-east/],
      [{ network: "10.0.0.0/24", region: "eu-west", rttMs: 1 }, /special use.*--rtt-allow/],
      [{ network: "192.0.2.7", region: "eu-west", rttMs: 1 }, /special use/],
      [{ network: "8.0.0.0/7", region: "eu-west", rttMs: 1 }, /too wide/],
      [{ network: "8.8.8.0/24", region: "eu-west", rttMs: 1, at: "yesterday" }, /is no time/],
      [{ network: "8.8.8.0/24", region: "eu-west", rttMs: 1, at: (now + 3_600_000) / 1000 }, /not come yet/],
      [{ network: "8.8.8.0/24", region: "eu-west", rttMs: 1, at: (now - 2 * WEEK_MS) / 1000 }, /longer ago/],
    ];
    const good = { network: "10.1.2.0/24", region: "eu-west", rttMs: 1 };
    const reply = await post([good, ...wrong.map(([sample]) => sample)]);
    expect([reply.status, reply.json.taken, reply.json.refused]).toEqual([200, 1, wrong.length]);
    for (const [i, [, message]] of wrong.entries()) {
      expect(reply.json.errors[i]).toEqual({
        pointer: `/samples/${i + 1}`,
        message: expect.stringMatching(message),
      });
    }
    expect(roundTrips.measured()).toEqual(["10.1.2.0/24"]);
  });

  test("refuses what has no good sample at all", async () => {
    const reply = await post([{ network: "8.8.8.0/24", region: "eu-west", rttMs: -1 }, 7]);
    expect([reply.status, reply.json.code]).toEqual([422, "body-invalid"]);
    expect(reply.json.detail).toMatch(/^no sample is good: .*, and 1 more$/);
    expect(reply.json.errors).toHaveLength(2);
  });

  test("takes 10,000 samples at once, and no more", async () => {
    const sample = { network: "8.8.8.0/24", region: "eu-west", rttMs: 20, count: 3, at: Date.now() };
    expect((await post(Array(10_000).fill(sample))).json).toMatchObject({ taken: 10_000 });
    expect((await post(Array(10_001).fill(sample))).json.code).toBe("body-invalid");
    expect((await post([])).json.code).toBe("body-invalid");
    expect((await api.ask("POST", "/v1/rtt", [])).json.code).toBe("body-invalid");
  });

  test("shows 100 wrong samples, and counts them all", async () => {
    const reply = await post([
      { network: "8.8.8.0/24", region: "eu-west", rttMs: 20 },
      ...Array(500).fill({ network: "8.8.8.0/24", region: "eu-west", rttMs: -1 }),
    ]);
    expect(reply.json).toMatchObject({ taken: 1, refused: 500 });
    expect(reply.json.errors).toHaveLength(100);
  });

  test("needs a token that may edit, and one for all documents", async () => {
    const { tokens } = api.context;
    const reader = await tokens.create({ name: "reader", scope: "read" }, "test");
    const narrow = await tokens.create({ name: "narrow", scope: "edit", pools: ["web"] }, "test");
    const body = { samples: [{ network: "8.8.8.0/24", region: "eu-west", rttMs: 20 }] };
    const by = (text: string) => api.ask("POST", "/v1/rtt", body, { authorization: `Bearer ${text}` });
    expect((await by(reader.text)).json.code).toBe("scope-insufficient");
    expect((await by(narrow.text)).json.code).toBe("document-forbidden");
    expect((await api.ask("POST", "/v1/rtt", body, { authorization: "" })).status).toBe(401);
  });
});

describe("GET /v1/rtt", () => {
  test("says what is no network, and shows nothing of what is not known", async () => {
    expect((await api.ask("GET", "/v1/rtt?network=nonsense")).json).toMatchObject({
      code: "request-invalid",
    });
    expect((await api.ask("GET", "/v1/rtt?network=8.8.8.8/24")).status).toBe(400);
    expect((await api.ask("GET", "/v1/rtt?network=8.8.8.8")).json).toEqual({
      network: "8.8.8.8",
      estimates: [],
    });
    expect((await api.ask("GET", "/v1/rtt")).json).toEqual({ items: [], total: 0, next: null });
  });
});
