import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ExchangeKind } from "../../../src/prober/rtt/exchange.ts";
import { RoundTripProber, type RoundTripProberOptions } from "../../../src/prober/rtt/round-trip-prober.ts";
import type { Demand, RttSample } from "../../../src/store/live/live-exchange.ts";
import { LocalExchange } from "../../../src/store/live/local-exchange.ts";

const log = pino({ level: "silent" });

let exchange: LocalExchange;
let prober: RoundTripProber;
let samples: RttSample[];
let sent: { kind: ExchangeKind; address: string; atMs: number }[];

beforeEach(async () => {
  vi.useFakeTimers({
    toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance", "Date"],
  });
  exchange = await LocalExchange.open({ dataDir: null, log });
  samples = [];
  sent = [];
  await exchange.follow({ samples: (heard) => samples.push(...heard) });
});
afterEach(async () => {
  await prober.stop();
  await exchange.close();
  vi.useRealTimers();
});

/** `answer` says how long an exchange takes; null = nothing comes. */
async function start(
  answer: (kind: ExchangeKind, address: string) => number | null,
  more: Partial<RoundTripProberOptions> = {},
): Promise<void> {
  prober = new RoundTripProber({
    exchange,
    name: "prober-1",
    region: "eu",
    log,
    rate: 10,
    intervalMs: 600_000,
    optOut: [],
    allow: [],
    send: async (kind, address, { timeoutMs }) => {
      sent.push({ kind, address, atMs: performance.now() });
      const ms = answer(kind, address);
      await new Promise((resolve) => setTimeout(resolve, ms ?? timeoutMs));
      return ms;
    },
    ...more,
  });
  await exchange.follow({});
}

async function ask(...resolvers: string[]): Promise<void> {
  const demand: Demand[] = resolvers.map((resolver) => ({
    network: `${resolver.split(".").slice(0, 3).join(".")}.0/24`,
    resolver,
    rate: 1,
  }));
  exchange.sayDemand("node-1", demand);
  await vi.advanceTimersByTimeAsync(0);
}

describe("RoundTripProber", () => {
  test("measures who asks three times, and shares the lowest", async () => {
    const times = [40, 20, 30];
    await start(() => times.shift()!);
    await ask("8.8.8.8");
    await vi.advanceTimersByTimeAsync(3000);
    expect(sent.map(({ kind, address }) => `${kind} ${address}`)).toEqual(Array(3).fill("dns 8.8.8.8"));
    expect(samples).toMatchObject([
      { network: "8.8.8.0/24", region: "eu", rttMs: 20, count: 3, source: "probe" },
    ]);
  });

  test("goes on to TCP and ICMP where nothing answers", async () => {
    await start((kind) => (kind === "icmp" ? 20 : null));
    await ask("8.8.8.8");
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent.map(({ kind }) => kind)).toEqual(["dns", "tcp", "icmp", "icmp", "icmp"]);
    expect(samples).toMatchObject([{ rttMs: 20, count: 3 }]);
  });

  test("never sends more than its rate, whatever asks", async () => {
    await start(() => 20);
    await ask(...Array.from({ length: 200 }, (_, i) => `8.8.${i}.8`));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(sent.length).toBeGreaterThan(190);
    for (let i = 0; i < sent.length; i++) {
      const inSecond = sent.filter(({ atMs }) => atMs >= sent[i]!.atMs && atMs < sent[i]!.atMs + 1000);
      expect(inSecond.length).toBeLessThanOrEqual(10);
    }
  });

  test("goes on with others while some do not answer", async () => {
    await start((_, address) => (address.startsWith("9.") ? null : 20));
    await ask("9.9.9.9", "9.9.8.9", "8.8.8.8", "8.8.4.4");
    await vi.advanceTimersByTimeAsync(5000);
    expect(samples.map(({ network }) => network).sort()).toEqual(["8.8.4.0/24", "8.8.8.0/24"]);
  });

  test("sends nothing to private networks, nor to who has opted out, nor behind them", async () => {
    await start(() => 20, { optOut: ["8.8.0.0/16", "1.1.1.1/32"] });
    await ask("10.0.0.1", "192.168.1.1", "127.0.0.1", "8.8.8.8", "1.1.1.1");
    exchange.sayDemand("node-2", [{ network: "8.8.4.0/24", resolver: "9.9.9.9", rate: 1 }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent).toEqual([]);
    expect(prober.readReport()).toEqual({ sent: 0, answered: 0, networks: 0 });
  });

  test("sends to private networks that are allowed", async () => {
    await start(() => 20, { allow: ["10.0.0.0/8"] });
    await ask("10.0.0.1", "192.168.1.1");
    await vi.advanceTimersByTimeAsync(5000);
    expect([...new Set(sent.map(({ address }) => address))]).toEqual(["10.0.0.1"]);
  });

  test("counts a resolver that stands elsewhere as little as can be", async () => {
    await start(() => 20);
    exchange.sayDemand("node-1", [{ network: "8.8.4.0/24", resolver: "9.9.9.9", rate: 1 }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(samples).toMatchObject([{ network: "8.8.4.0/24", rttMs: 20, count: 1 }]);
  });

  test("survives an exchange that fails by a fault of ours", async () => {
    await start(() => {
      throw new Error("made up");
    });
    await ask("8.8.8.8");
    await vi.advanceTimersByTimeAsync(5000);
    expect(samples).toEqual([]);
    expect(prober.readReport()).toMatchObject({ sent: 1, answered: 0 });
  });

  test("stop() ends at once, and says what was measured", async () => {
    await start(() => 20);
    await ask("8.8.8.8");
    await vi.advanceTimersByTimeAsync(1200);
    await prober.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(samples).toHaveLength(1);
    const { length } = sent;
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent).toHaveLength(length);
  });
});
