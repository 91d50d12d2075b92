import pino from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { Prober, type ProberOptions } from "../../src/prober/prober.ts";
import {
  documentsOf,
  HeardExchange,
  monitorOf,
  SimulatedClock,
  SimulatedEndpoints,
} from "../support/prober-clock.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const web = monitorOf("web");

let clock: SimulatedClock;
let exchange: HeardExchange;
let endpoints: SimulatedEndpoints;
let lines: Record<string, unknown>[];
let prober: Prober;

beforeEach(() => {
  clock = new SimulatedClock();
  exchange = new HeardExchange(clock);
  endpoints = new SimulatedEndpoints(clock);
  lines = [];
  prober = begin();
});

function begin(more: Partial<ProberOptions> = {}): Prober {
  const log = pino({ base: {}, level: "info" }, { write: (line) => lines.push(JSON.parse(line)) });
  const { makeCheck } = endpoints;
  const self = { name: "p1", region: "us-east", version: "1.2.3" };
  return new Prober({ exchange, ...self, log, clock, makeCheck, ...more });
}

const heard = (name: string, more: object = {}) => ({
  ...{ name, region: "us-east", epoch: 1, version: "1.2.3", heardMs: 1 },
  ...more,
});
const logged = (text: string) => lines.filter(({ msg }) => String(msg).includes(text));

describe("Prober.use()", () => {
  test("checks every endpoint soon, and then once an interval at its own time", async () => {
    prober.use(documentsOf(web, A, B));
    await clock.advance(35_000);
    expect(exchange.said.filter((text) => text.startsWith("urgent")).sort()).toEqual([
      `urgent web ${A} up`,
      `urgent web ${B} up`,
    ]);
    const [first, second, ...rest] = endpoints.checkedMs.get(A)!;
    expect(first! - 1000).toBeLessThan(10);
    expect(second! - first!).toBeLessThanOrEqual(12_500);
    expect(rest.map((ms, i) => ms - [second!, ...rest][i]!)).toEqual(rest.map(() => 10_000));
    expect(exchange.heads).toEqual([
      { name: "p1", region: "us-east", version: "1.2.3", epoch: 1000 + exchange.offsetMs },
    ]);
    expect(exchange.opinions.at(-1)).toMatchObject({
      ...{ prober: "p1", region: "us-east", epoch: 1000 + exchange.offsetMs, state: "up", failures: 0 },
      ...{ reason: "", responseMs: 2, firstFailureMs: null },
    });
  });

  test("begins with what is new, withdraws what is gone, and leaves the rest alone", async () => {
    endpoints.faults.set(A, "HTTP 503");
    prober.use(documentsOf(web, A));
    await clock.advance(60_000);
    const before = endpoints.checkedMs.get(A)!.slice();
    const { length } = exchange.opinions;
    prober.use(documentsOf(web, A, B));
    await clock.advance(20_000);
    const since = exchange.opinions.slice(length).filter(({ endpoint }) => endpoint === `web ${A}`);
    expect(since.map(({ state }) => state)).toEqual(["down", "down"]);
    expect(
      endpoints.checkedMs
        .get(A)!
        .slice(before.length)
        .map((ms) => ms - before.at(-1)!),
    ).toEqual([10_000, 20_000]);
    prober.use(documentsOf(web, B));
    await clock.advance(20_000);
    expect(exchange.said.filter((text) => text.startsWith("withdraw"))).toEqual([`withdraw web ${A}`]);
    expect(endpoints.checkedMs.get(A)!.length).toBe(before.length + 2);
    expect(prober.readReport()).toMatchObject({ endpoints: 1, missed: 0 });
  });

  test("keeps the state of an endpoint whose monitor changed, and checks it by the new one at once", async () => {
    endpoints.faults.set(A, "HTTP 503");
    prober.use(documentsOf(web, A));
    await clock.advance(15_000);
    expect(exchange.opinions.at(-1)!.state).toBe("down");
    const count = endpoints.checkedMs.get(A)!.length;
    prober.use(documentsOf(monitorOf("web", { upAfter: 1 }), A));
    endpoints.faults.clear();
    await clock.advance(100);
    expect(endpoints.checkedMs.get(A)!.length).toBe(count + 1);
    expect(exchange.opinions.at(-1)).toMatchObject({ state: "up" });
    expect(logged("sees the endpoint up")[0]).toMatchObject({ was: "down" });
  });

  test("does not count a check of a monitor that changed meanwhile, nor one of an endpoint that is gone", async () => {
    endpoints.delaysMs.set(A, 4000);
    endpoints.delaysMs.set(B, 4000);
    prober.use(documentsOf(web, A, B));
    await clock.advance(2000);
    prober.use(documentsOf(monitorOf("web", { downAfter: 1 }), A));
    await clock.advance(2100);
    expect(exchange.opinions).toEqual([]);
    await clock.advance(4000);
    expect(exchange.said).toEqual([`urgent web ${A} up`]);
    expect(endpoints.runningMax).toBe(2);
  });

  test("takes changes that come fast together, and the last of them counts", async () => {
    for (let i = 1; i <= 20; i++) {
      prober.use(documentsOf(web, ...Array.from({ length: i }, (_, n) => `192.0.2.${n + 1}`)));
      await clock.advance(10);
    }
    await clock.advance(300);
    expect(prober.readReport().endpoints).toBe(20);
    expect(logged("checking endpoints").length).toBe(2);
  });

  test("goes on without a monitor that cannot be run", async () => {
    await prober.stop();
    prober = begin({
      makeCheck: () => {
        throw new Error("a hole");
      },
    });
    prober.use(documentsOf(web, A));
    await clock.advance(1000);
    expect(logged("cannot be run").map(({ monitor }) => monitor)).toEqual(["web"]);
    expect(prober.readReport().endpoints).toBe(0);
  });
});

describe("Prober", () => {
  test("tells at once when failures begin and when it is down, and rechecks in between", async () => {
    prober.use(documentsOf(web, A));
    await clock.advance(20_000);
    endpoints.faults.set(A, "connect timed out after 2 s");
    exchange.said.length = 0;
    const from = endpoints.checkedMs.get(A)!.length;
    await clock.advance(13_000);
    const times = endpoints.checkedMs.get(A)!.slice(from, from + 3);
    expect(times.map((ms) => ms - times[0]!)).toEqual([0, 1002, 2004]);
    expect(exchange.said.slice(0, 3)).toEqual([
      `urgent web ${A} up`,
      `routine web ${A} up`,
      `urgent web ${A} down`,
    ]);
    const sequences = exchange.opinions.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(logged("sees the endpoint down")[0]).toMatchObject({
      ...{ endpoint: `web ${A}`, was: "up", failures: 3, reason: "connect timed out after 2 s" },
    });
  });

  test("checks endpoints on time while others do not answer", async () => {
    const slow = Array.from({ length: 50 }, (_, i) => `198.51.100.${i}`);
    for (const address of slow) {
      endpoints.delaysMs.set(address, 5000);
      endpoints.faults.set(address, "connect timed out after 5 s");
    }
    prober.use(documentsOf(web, ...slow, A));
    await clock.advance(60_000);
    const times = endpoints.checkedMs.get(A)!.slice(1);
    expect(times.slice(1).map((ms, i) => ms - times[i]!)).toEqual(times.slice(1).map(() => 10_000));
    expect(prober.readReport()).toMatchObject({ missed: 0, lateMsMax: 0 });
  });

  test("shares the interval with the other probers of its region", async () => {
    prober.use(documentsOf(web, A));
    await clock.advance(25_000);
    const alone = endpoints.checkedMs.get(A)!.at(-1)!;
    exchange.tellProbers([heard("p0"), heard("p1"), heard("x", { region: "eu-west" })]);
    await clock.advance(30_000);
    expect(Math.abs(((endpoints.checkedMs.get(A)!.at(-1)! - alone) % 10_000) - 5000)).toBeLessThan(0.01);
    expect(prober.readReport().rank).toEqual({ index: 1, count: 2 });
  });

  test("tells all anew, by the right time, when a wrong clock is set", async () => {
    await prober.stop();
    exchange.offsetMs -= 3_600_000;
    const wrong = begin();
    endpoints.faults.set(A, "HTTP 503");
    wrong.use(documentsOf(web, A));
    await clock.advance(10_000);
    expect(exchange.opinions.at(-1)!.state).toBe("down");
    const { sinceMs } = exchange.opinions.at(-1)!;
    exchange.offsetMs += 3_600_000;
    await clock.advance(1100);
    expect(exchange.said.at(-1)).toBe(`urgent web ${A} down`);
    expect(exchange.opinions.at(-1)).toMatchObject({ sinceMs: sinceMs + 3_600_000, failures: 3 });
    await wrong.stop();
  });

  test("does not blame endpoints for what its own machine cannot do", async () => {
    endpoints.faults.set(A, "this prober has too many files open");
    endpoints.faults.set(B, "connection refused");
    prober.use(documentsOf(web, A, B));
    await clock.advance(30_000);
    const states = (address: string) =>
      exchange.opinions.filter(({ endpoint }) => endpoint === `web ${address}`).at(-1);
    expect(states(A)).toMatchObject({
      state: "unknown",
      failures: 0,
      reason: expect.stringMatching("files"),
    });
    expect(states(B)).toMatchObject({ state: "down" });
    expect(logged("could not be run").length).toBeGreaterThan(0);
  });

  test("logs some of many changes, and sums up the others", async () => {
    const many = Array.from({ length: 200 }, (_, i) => `198.51.100.${i}`);
    prober.use(documentsOf(web, ...many));
    await clock.advance(15_000);
    for (const address of many) endpoints.faults.set(address, "connection refused");
    await clock.advance(30_000);
    const down = logged("sees the endpoint down").length;
    const left = logged("more endpoints changed").reduce((sum, { down: count }) => sum + Number(count), 0);
    expect(down + left).toBe(200);
    expect(down).toBeLessThanOrEqual(60);
  });

  test("logs a warning of a check when it is a new one", async () => {
    endpoints.warnings.push("certificate expires in 13 days");
    prober.use(documentsOf(web, A));
    await clock.advance(30_000);
    expect(logged("with a warning").map(({ warning }) => warning)).toEqual([
      "certificate expires in 13 days",
    ]);
  });

  test("outlives a check that rejects", async () => {
    await prober.stop();
    prober = begin({ makeCheck: () => ({ run: () => Promise.reject(new Error("a hole")) }) });
    prober.use(documentsOf(web, A));
    await clock.advance(30_000);
    expect(prober.readReport()).toMatchObject({ notRun: 4, passed: 0, failed: 0 });
  });
});

describe("Prober.stop()", () => {
  test("ends what is under way, which counts for nothing, and says goodbye", async () => {
    endpoints.delaysMs.set(A, 4000);
    prober.use(documentsOf(web, A));
    await clock.advance(1000);
    expect(endpoints.running).toBe(1);
    await prober.stop();
    await prober.stop();
    prober.use(documentsOf(web, B));
    await clock.advance(60_000);
    expect(endpoints.running).toBe(0);
    expect(exchange.said).toEqual(["goodbye"]);
    expect(endpoints.checkedMs.has(B)).toBe(false);
  });
});
