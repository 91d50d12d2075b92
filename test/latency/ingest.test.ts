import { describe, expect, test } from "vitest";
import { packed } from "../../src/latency/grow.ts";
import { advance } from "../../src/latency/ingest.ts";
import { HEADER, octetsOf } from "../../src/latency/latency-table.ts";
import { NOW_S, Owner, placeOf, sampleOf, WEEK_S } from "./places.ts";

describe("ingest()", () => {
  test("gathers in the /20, the /16, the AS and the country what was measured inside", () => {
    const owner = new Owner(["eu"]);
    owner.add(sampleOf("198.51.100.0/24", "eu", 20, { as: 64500, country: "FR" }));
    owner.add(sampleOf("198.51.101.0/24", "eu", 40, { as: 64500, country: "FR" }));
    owner.add(sampleOf("198.51.1.0/24", "eu", 60, { as: 64501, country: "FR" }));
    const other = { as: 64500, country: "FR" };
    expect(owner.ask(placeOf("198.51.100.7", other))).toBe("20@0 /24");
    expect(owner.ask(placeOf("198.51.102.7", other))).toBe("30@1 /23");
    expect(owner.ask(placeOf("198.51.200.7", other))).toBe("40@2 /17");
    expect(owner.ask(placeOf("203.0.113.7", other))).toBe("30@3 /5");
    expect(owner.ask(placeOf("203.0.113.7", { as: 64499, country: "FR" }))).toBe("40@4 /5");
    expect(owner.ask(placeOf("203.0.113.7", { as: 64499, country: "DE" }))).toBe("- /5");
  });

  test("does so for the /40 and the /32 of IPv6", () => {
    const owner = new Owner(["eu"]);
    owner.add(sampleOf("2001:db8:100::/48", "eu", 20));
    expect(owner.ask(placeOf("2001:db8:101::1"))).toBe("20@1 /48");
    owner.add(sampleOf("2001:db8:101::/48", "eu", 40));
    owner.add(sampleOf("2001:db8:f000::/48", "eu", 60));
    expect(owner.ask(placeOf("2001:db8:101::1"))).toBe("40@0 /48");
    expect(owner.ask(placeOf("2001:db8:1ff::1"))).toBe("30@1 /41");
    expect(owner.ask(placeOf("2001:db8:8000::1"))).toBe("40@2 /34");
    expect(owner.ask(placeOf("2001:db9::1"))).toBe("- /32");
    expect(owner.ask(placeOf("198.51.100.1"))).toBe("- /0");
  });

  test("falls back by region: from each the nearest row that has it", () => {
    const owner = new Owner();
    owner.add(sampleOf("198.51.100.0/24", "eu", 20));
    owner.add(sampleOf("198.51.101.0/24", "us", 80));
    owner.add(sampleOf("198.51.1.0/24", "ap", 190));
    owner.add(sampleOf("203.0.113.0/24", "sa", 130, { country: "FR" }));
    expect(owner.ask(placeOf("198.51.100.1", { country: "FR" }))).toBe("20@0 80@1 190@2 130@4 /24");
  });

  test("spreads a sample of a wider network over the rows that it covers", () => {
    const owner = new Owner(["eu"]);
    owner.add(sampleOf("198.51.100.0/22", "eu", 20));
    expect(owner.table.header[HEADER.networks]).toBe(4);
    expect(owner.ask(placeOf("198.51.103.9"))).toBe("20@0 /24");
    owner.add(sampleOf("203.0.64.0/18", "eu", 30));
    expect(owner.ask(placeOf("203.0.95.9"))).toBe("30@1 /20");
    owner.add(sampleOf("192.0.0.0/10", "eu", 40));
    expect(owner.ask(placeOf("192.63.1.9"))).toBe("40@2 /16");
    expect(owner.add(sampleOf("128.0.0.0/7", "eu", 40))).toBe("wide");
    owner.add(sampleOf("2001:db8::/30", "eu", 50));
    expect(owner.ask(placeOf("2001:dba::9"))).toBe("50@2 /32");
    owner.add(sampleOf("2001:db9:8000::/38", "eu", 60));
    expect(owner.ask(placeOf("2001:db9:8300::9"))).toBe("60@1 /40");
    expect(owner.add(sampleOf("2001::/23", "eu", 40))).toBe("wide");
  });

  test("takes a single address for its /24 or /48, and an IPv4 address out of an IPv6 one", () => {
    const owner = new Owner(["eu"]);
    owner.add(sampleOf("198.51.100.77", "eu", 20));
    owner.add(sampleOf("2002:c633:6501::/48", "eu", 30));
    expect(owner.ask(placeOf("198.51.100.1"))).toBe("20@0 /24");
    expect(owner.ask(placeOf("::ffff:198.51.100.1"))).toBe("20@0 /120");
    expect(owner.ask(placeOf("2002:c633:6401::1"))).toBe("20@0 /40");
    expect(owner.ask(placeOf("198.51.101.1"))).toBe("30@0 /24");
  });

  test("leaves a network's own row to clients who tell as much of their address", () => {
    const owner = new Owner(["eu"]);
    owner.add(sampleOf("198.51.0.0/24", "eu", 20));
    owner.add(sampleOf("198.51.1.0/24", "eu", 40));
    expect(owner.ask(placeOf("198.51.0.0/20"))).toBe("30@1 /24");
    expect(owner.ask(placeOf("198.51.0.0/16"))).toBe("30@2 /24");
    expect(owner.ask(placeOf("198.0.0.0/8"))).toBe("- /12");
  });

  test("passes over pairs of too few samples", () => {
    const owner = new Owner(["eu"]);
    owner.add(sampleOf("198.51.100.0/24", "eu", 20));
    owner.add(sampleOf("198.51.101.0/24", "eu", 40));
    owner.add(sampleOf("198.51.101.0/24", "eu", 40));
    expect(owner.ask(placeOf("198.51.101.0/24"), 2)).toBe("40@0 /24");
    expect(owner.ask(placeOf("198.51.100.0/24"), 2)).toMatch(/^33\.\d+@1 \/24$/);
    expect(owner.ask(placeOf("198.51.100.0/24"), 4)).toBe("- /24");
  });

  test("lets measurements expire, and refuses what already has", () => {
    const owner = new Owner(["eu", "us"]);
    owner.add(sampleOf("198.51.100.0/24", "eu", 20));
    owner.add(sampleOf("198.51.100.0/24", "us", 90, { atS: null }));
    const place = placeOf("198.51.100.1");
    advance(owner.table, NOW_S + 0.98 * WEEK_S);
    expect(owner.ask(place)).toBe("20@0 90@0 /24");
    advance(owner.table, NOW_S + 1.03 * WEEK_S);
    expect(owner.ask(place)).toBe("- 90@0 /24");
    // Far enough that a stamp which nobody clears would pass for a new one.
    for (let week = 1; week < 5; week += 0.05) {
      advance(owner.table, NOW_S + week * WEEK_S);
      expect(owner.ask(place), `week ${week}`).toBe(week < 1.03 ? owner.ask(place) : "- 90@0 /24");
    }
    advance(owner.table, NOW_S + 40 * WEEK_S);
    expect(owner.ask(place)).toBe("- 90@0 /24");
    const late = NOW_S + 40 * WEEK_S;
    expect(owner.add(sampleOf("198.51.100.0/24", "eu", 30), late)).toBe("expired");
    expect(owner.add(sampleOf("198.51.100.0/24", "eu", 30, { atS: late + 999 }), late)).toBe("taken");
    expect(owner.ask(place)).toBe("30@0 90@0 /24");
  });

  test("takes what is as old as the expiry, and nothing that is older", () => {
    const owner = new Owner(["eu"]);
    expect(owner.add(sampleOf("198.51.100.0/24", "eu", 20, { atS: NOW_S - WEEK_S - 1 }))).toBe("expired");
    expect(owner.add(sampleOf("198.51.100.0/24", "eu", 20, { atS: NOW_S - WEEK_S }))).toBe("taken");
    expect(owner.ask(placeOf("198.51.100.1"))).toBe("20@0 /24");
  });

  test("takes a time to come for now: a clock that is ahead keeps nothing for longer", () => {
    const owner = new Owner(["eu"]);
    owner.add(sampleOf("198.51.100.0/24", "eu", 20, { atS: NOW_S + 0.5 * WEEK_S }));
    const place = placeOf("198.51.100.1");
    advance(owner.table, NOW_S + 0.98 * WEEK_S);
    expect(owner.ask(place)).toBe("20@0 /24");
    advance(owner.table, NOW_S + 1.03 * WEEK_S);
    expect(owner.ask(place)).toBe("- /24");
  });

  test("counts a sample of a wider network once in what is around it", () => {
    const owner = new Owner(["eu"]);
    owner.add(sampleOf("198.51.100.0/22", "eu", 20, { as: 64500, country: "FR" }));
    owner.add(sampleOf("2600:1100:4200::/46", "eu", 20));
    for (const [client, levels] of [
      ["198.51.96.1", [1, 2]],
      ["198.51.1.1", [2]],
      ["2600:1100:4280::1", [1, 2]],
      ["2600:1100:8000::1", [2]],
    ] as const) {
      expect(owner.ask(placeOf(client)).split(" ")[0], client).toBe(`20@${levels[0]}`);
      expect(owner.ask(placeOf(client), 2).split(" ")[0], client).toBe("-");
    }
    const place = { as: 64500, country: "FR" };
    expect(owner.ask(placeOf("203.0.113.1", place))).toContain("20@3");
    expect(owner.ask(placeOf("203.0.113.1", place), 2)).toContain("-");
  });

  test("gives the AS and the country of networks up to /16 and /32, and not of wider ones, which may have several", () => {
    const owner = new Owner(["eu"]);
    for (const [as, network] of ["45.0.0.0/16", "46.0.0.0/15", "2600:1100::/32", "2600:1200::/31"].entries())
      owner.add(sampleOf(network, "eu", 20, { as: 64500 + as }));
    const levels = [0, 1, 2, 3].map((as) => owner.ask(placeOf("203.0.113.1", { as: 64500 + as }))[0]);
    expect(levels).toEqual(["2", "-", "2", "-"]);
  });
});

describe("ingestGrowing()", () => {
  test("keeps all of it in larger, wider and packed tables", () => {
    const owner = new Owner();
    const regions = ["r0", "r1", "r2"];
    const asked = new Map<string, string>();
    for (let i = 0; i < 6000; i++) {
      const network =
        i % 3 === 0 ? `2001:db8:${(i * 7).toString(16)}::/48` : `198.${i & 15}.${(i * 13) & 255}.0/24`;
      const as = 64_500 + (i % 50);
      expect(owner.add(sampleOf(network, regions[i % 3]!, 10 + (i % 200), { as, country: "FR" }))).toBe(
        "taken",
      );
      asked.set(network, "");
    }
    for (let i = 3; i < 20; i++) regions.push(`r${i}`);
    const answers = () =>
      [...asked.keys()].map((network) => owner.ask(placeOf(network, { as: 64_510, country: "FR" })));
    const before = answers();
    // Past 16 regions places of the order have 8 bits.
    for (const region of regions.slice(3)) owner.add(sampleOf("203.0.113.0/24", region, 50));
    const after = answers();
    for (const [i, answer] of before.entries()) {
      const shown = answer.split(" ").slice(0, 3).join(" ");
      expect(after[i]!.startsWith(shown)).toBe(true);
    }
    owner.table = packed(owner.table);
    expect(answers()).toEqual(after);
    expect(owner.table.regions).toEqual(regions);
  });

  test("needs no room for moves that are over", () => {
    const owner = new Owner(["eu"]);
    // In rounds, so that every /20 is moved 16 times.
    for (let child = 0; child < 16; child++) {
      for (let block = 0; block < 400; block++) {
        const network = `198.${block >>> 4}.${((block & 15) << 4) | child}.0/24`;
        owner.add(sampleOf(network, "eu", 10 + child));
      }
    }
    const rows = packed(owner.table).rows.length / 2;
    expect(rows).toBe(400 * 17 + 25 + 1 + 512 + 1);
    expect(octetsOf(packed(owner.table))).toBeLessThan(octetsOf(owner.table));
  });
});
