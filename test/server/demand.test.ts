import { describe, expect, test } from "vitest";
import { parseAddress } from "../../src/lib/address.ts";
import { ClientNetwork } from "../../src/lib/client-network.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import type { Client } from "../../src/server/client.ts";
import { DemandCounters, makeDemandBlock, takeDemand } from "../../src/server/demand.ts";
import { answerTo, ask, poolOf, viewOf, zoneOf } from "../support/answers.ts";

describe("DemandCounters", () => {
  test("count() is by /24 and /48, with the resolver that asked last", () => {
    const { count, take } = counting();
    count("192.0.2.7");
    count("192.0.2.9");
    count("2001:db8:1:2::3");
    expect(take()).toEqual([
      { network: "192.0.2.0/24", queries: 32, resolver: "192.0.2.9" },
      { network: "2001:db8:1::/48", queries: 16, resolver: "2001:db8:1:2::3" },
    ]);
  });

  test("count() of a network that ECS named keeps the resolver that spoke for it", () => {
    const { count, take } = counting();
    count("198.51.100.0", 24, "2001:db8::53");
    count("2001:db8:7::", 56, "192.0.2.53");
    expect(take()).toEqual([
      { network: "198.51.100.0/24", queries: 16, resolver: "2001:db8::53" },
      { network: "2001:db8:7::/48", queries: 16, resolver: "192.0.2.53" },
    ]);
  });

  test("count() of an IPv4 address in a form of IPv6 is that of the IPv4 network", () => {
    const { count, take } = counting();
    count("::ffff:192.0.2.7");
    expect(take()).toEqual([{ network: "192.0.2.0/24", queries: 16, resolver: "::ffff:192.0.2.7" }]);
  });

  test("count() leaves out networks of which too little is told", () => {
    const { count, take } = counting();
    count("198.51.0.0", 16, "192.0.2.53");
    count("2001:db8::", 40, "192.0.2.53");
    expect(take()).toEqual([]);
  });

  test("takeDemand() gives each window once, one interval later", () => {
    const { counters, block } = counting();
    countFrom(counters, "192.0.2.7");
    expect(takeDemand(block)).toEqual([]); // still counted in when this began
    countFrom(counters, "198.51.100.7");
    expect(takeDemand(block).map(({ network }) => network)).toEqual(["192.0.2.0/24"]);
    expect(takeDemand(block).map(({ network }) => network)).toEqual(["198.51.100.0/24"]);
    expect(takeDemand(block)).toEqual([]);
  });

  test("the networks that ask most are there, whatever else asks", () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = new SeededRandom(seed);
    const { counters, take } = counting();
    const busy = Array.from({ length: 20 }, (_, i) => `203.0.${i}.0/24`);
    // A fifth of all is from 20 networks; the rest from any of 16 million.
    for (let i = 0; i < 50_000; i++) {
      const isBusy = random.u32() % 5 === 0;
      const third = random.u32() % 20;
      const other = [random.u32() % 200, random.u32() % 256, random.u32() % 256, 1].join(".");
      countFrom(counters, isBusy ? `203.0.${third}.${random.u32() % 256}` : other);
    }
    const most = take().sort((a, b) => b.queries - a.queries);
    expect(
      most
        .slice(0, 20)
        .map(({ network }) => network)
        .sort(),
      `seed ${seed}`,
    ).toEqual([...busy].sort());
    for (const { queries } of most.slice(0, 20)) {
      expect(queries, `seed ${seed}`).toBeGreaterThan(16 * 350);
      expect(queries, `seed ${seed}`).toBeLessThan(16 * 650);
    }
  });

  test("gap() is 15 on the average, and not always the same", () => {
    const { counters } = counting();
    const gaps = Array.from({ length: 10_000 }, () => counters.gap());
    expect(gaps.reduce((sum, gap) => sum + gap) / gaps.length).toBeCloseTo(15, 0);
    expect(Math.min(...gaps)).toBe(0);
    expect(Math.max(...gaps)).toBe(30);
  });
});

describe("respond()", () => {
  const zone = zoneOf(
    "$ORIGIN example.test.\n$TTL 60\n@ SOA ns1 h 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.53\nplain A 192.0.2.9\n",
    {
      www: "web",
    },
  );
  const pools = [poolOf("web", ["a 192.0.2.1"])];

  test("counts one steered answer in 16 by the client's network, and no other", () => {
    const block = makeDemandBlock();
    const view = viewOf([zone], pools, { demand: new DemandCounters(block) });
    for (let i = 0; i < 16_000; i++) ask(view, "www.example.test. A");
    for (let i = 0; i < 1000; i++) ask(view, "plain.example.test. A");
    takeDemand(block);
    const [only, ...others] = takeDemand(block);
    expect(others).toEqual([]);
    expect(only!.network).toBe("0.0.0.0/24"); // the address that tests ask from
    expect(only!.queries).toBeGreaterThan(15_000);
    expect(only!.queries).toBeLessThan(17_000);
  });

  test("answers the same where nobody counts", () => {
    const counting = viewOf([zone], pools, { demand: new DemandCounters(makeDemandBlock()) });
    const plain = viewOf([zone], pools);
    for (let i = 0; i < 100; i++) {
      expect(answerTo(counting, "www.example.test. A")).toEqual(answerTo(plain, "www.example.test. A"));
    }
  });
});

function counting() {
  const block = makeDemandBlock();
  const counters = new DemandCounters(block);
  return {
    block,
    counters,
    count: (client: string, length?: number, resolver?: string) =>
      countFrom(counters, client, length, resolver),
    /** The window that was counted in. */
    take: () => {
      takeDemand(block);
      return takeDemand(block).sort((a, b) => (a.network < b.network ? -1 : 1));
    },
  };
}

function countFrom(counters: DemandCounters, client: string, length?: number, resolver = client): void {
  const octets = parseAddress(client)!;
  const network = new ClientNetwork();
  network.set(octets.length === 4 ? 4 : 6, octets, 0, length ?? 8 * octets.length, "resolver");
  counters.count(network, senderOf(resolver));
}

function senderOf(text: string): Client {
  const octets = parseAddress(text)!;
  const address = new Uint8Array(16);
  address.set(octets);
  return { family: octets.length === 4 ? 4 : 6, address, port: 1234, transport: "udp" };
}
