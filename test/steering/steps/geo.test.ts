import { expect, test } from "vitest";
import { ClientPlace } from "../../../src/geo/client-place.ts";
import type { ServedPlace } from "../../../src/geo/served-place.ts";
import { randomBelow, SeededRandom } from "../../../src/lib/random.ts";
import type { MemberSpec } from "../../../src/steering/spec.ts";
import type { Trace } from "../../../src/steering/trace.ts";
import { Bench, benchOf } from "../notation.ts";
import {
  maskTo,
  randomIPv4,
  randomIPv6,
  randomPlaceData,
  randomServed,
  setClient,
} from "../random-places.ts";
import { membersOf, poolOf } from "../random-pools.ts";
import { checkScopes } from "../scope-check.ts";

const SEED = 20261121;

test("geo leaves candidates in the order that they came in", () => {
  const bench = benchOf("p policy=failover+geo answers=3: a{FR} b{*} c{FR} d{FR,*}");
  expect(bench.from("FR").ask()).toBe("a+c+d");
});

test("geo keeps one member when it serves the same place twice", () => {
  expect(benchOf("p policy=geo answers=8: a{FR,FR,*,*} b{DE}").from("FR").ask()).toBe("a");
});

test("geo tells what matched, and who went", () => {
  const trace: Trace = { choices: [] };
  benchOf("p policy=geo: a{FR,BE,NL,LU,CH} b{europe} c").from("FR").ask("A", trace);
  const [step] = trace.choices[0]!.pool.steps;
  expect(step).toMatchObject({
    step: "geo",
    considered: ["a", "b", "c"],
    kept: ["a"],
    dropped: [
      { member: "b", why: "does not serve country FR" },
      { member: "c", why: "does not serve country FR" },
    ],
    why: ["the most specific that candidates serve of this client is country FR"],
  });
  expect(step!.numbers).toEqual([
    { member: "a", values: { serves: "FR BE NL LU and 1 more" } },
    { member: "b", values: { serves: "europe" } },
    { member: "c", values: { serves: "nothing said" } },
  ]);
});

test.each([
  ["a{8.8.8.0/24} b{*}", "8.8.8.8", "8.8.8.0/24"],
  ["a{AS64500} b{*}", "AS64500", "AS64500"],
  ["a{US-CA} b{*}", "US-CA", "subdivision US-CA"],
  ["a{north-america} b{*}", "US", "continent north-america"],
  ["a{FR} b{*}", "US", "*"],
])("geo names the place that matched: %s from %s", (members, from, place) => {
  const trace: Trace = { choices: [] };
  benchOf(`p policy=geo: ${members}`).from(from).ask("A", trace);
  expect(trace.choices[0]!.pool.steps[0]!.why[0]).toBe(
    `the most specific that candidates serve of this client is ${place}`,
  );
});

test("geo says that nobody serves the client, and keeps all", () => {
  const trace: Trace = { choices: [] };
  expect(benchOf("p policy=geo answers=2: a{FR} b{DE}").from("US").ask("A", trace)).toBe("a+b");
  expect(trace.choices[0]!.pool.steps[0]!.why[0]).toMatch(/^no candidate serves this client, so all stay/);
});

test.each([
  ["a{*} b{*}", 0],
  ["a{*}", 0],
  ["a{8.8.8.0/24} b{*}", 24],
  ["a{8.8.0.0/16} b{8.8.8.0/25} c{*}", 25],
  ["a{9.0.0.0/8} b{*}", 8],
  ["a{0.0.0.0/0} b{*}", 0],
  ["a{2400::/12} b{*}", 0],
])("geo looks at as much of 8.8.8.8 as networks ask for: %s", (members, scope) => {
  const bench = benchOf(`p policy=geo: ${members}`).from("8.8.8.8");
  bench.ask();
  // Beyond that, at what keeps special networks out: 8.0.0.0/7.
  expect(bench.picks.scopePrefixLength).toBe(scope === 0 ? 0 : Math.max(7, scope));
});

test("geo knows nothing in the next answer of who stood in the last", () => {
  const bench = benchOf("p policy=geo: e{europe} f{FR} u{*}").from("FR");
  const answers = [];
  for (const isUp of [true, false, true]) {
    bench.set("f", isUp);
    answers.push(bench.ask());
  }
  expect(answers).toEqual(["f", "e", "f"]);
});

test("geo looks places up only when nothing more specific matched", () => {
  const asked: string[] = [];
  class Watched extends ClientPlace {
    override asNumber(): number {
      asked.push("AS");
      return super.asNumber();
    }
    override subdivision(): number {
      asked.push("subdivision");
      return super.subdivision();
    }
    override country(): number {
      asked.push("country");
      return super.country();
    }
    override continent(): number {
      asked.push("continent");
      return super.continent();
    }
  }
  function askedOf(members: string, address: Uint8Array): string {
    asked.length = 0;
    const bench = benchOf(`p policy=geo: ${members}`);
    const client = new Watched();
    Object.assign(bench.request, { client });
    setClient(client, { ...randomPlaceData(new SeededRandom(1)), asNumber: null }, address);
    bench.ask();
    return asked.join(" ");
  }
  const here = Uint8Array.from([8, 8, 8, 8]);
  expect(askedOf("a{8.8.8.0/24} b{AS64500} c{FR} d{*}", here)).toBe("");
  expect(askedOf("a{AS64500} b{*}", here)).toBe("AS");
  expect(askedOf("a{europe} b{*}", here)).toBe("continent");
  expect(askedOf("a{AQ} b{europe} c{*}", here)).toBe("country continent");
  expect(askedOf("a{AS64500} b{US-CA} c{AQ} d{*}", here)).toBe("AS subdivision country");
  expect(askedOf("a{FR}", here)).toBe("");
});

/** How specifically a member serves the client, by the definition; -1 = not at all. */
function rankOf(place: ServedPlace, client: ClientPlace): number {
  const { network } = client;
  switch (place.kind) {
    case "network": {
      const { address, length } = place;
      const words = network.words;
      const own = Uint8Array.from({ length: 16 }, (_, i) => words[i >> 2]! >>> (24 - 8 * (i & 3)));
      if (address.length === 16)
        return network.family === 6 && holds(address, length, own) ? 10 + length : -1;
      const ipv4 = Uint8Array.from([24, 16, 8, 0], (shift) => network.ipv4 >>> shift);
      return network.hasIPv4 && holds(address, length, ipv4) ? 10 + network.ipv4Offset + length : -1;
    }
    case "as":
      return client.asNumber() === place.number ? 5 : -1;
    case "subdivision":
      return client.subdivision() === place.code ? 4 : -1;
    case "country":
      return client.country() === place.code ? 3 : -1;
    case "continent":
      return client.continent() === place.code ? 2 : -1;
    default:
      return 1;
  }
}

function holds(network: Uint8Array, length: number, address: Uint8Array): boolean {
  return maskTo(address.subarray(0, network.length), length).every((octet, i) => octet === network[i]);
}

function expectedOf(
  members: readonly MemberSpec[],
  standing: readonly boolean[],
  client: ClientPlace,
): string {
  const ranks = members.map(({ serves }, i) =>
    standing[i] ? Math.max(-1, ...serves.map((place) => rankOf(place, client))) : -2,
  );
  const best = Math.max(...ranks);
  return members.flatMap(({ name }, i) => (ranks[i] === best && standing[i] ? name : [])).join("+");
}

test("geo keeps what the definition says, on random pools, clients and members that stand", () => {
  const random = new SeededRandom(SEED);
  const client = new ClientPlace();
  let data = randomPlaceData(random);
  for (let round = 0; round < 300; round++) {
    const members = membersOf(1 + randomBelow(random, 8), () => ({
      serves: Array.from({ length: randomBelow(random, 5) }, () => randomServed(random)),
    }));
    if (round % 10 === 0) data = randomPlaceData(random);
    const bench = new Bench([poolOf(members, "geo", 8)]);
    const standing = members.map(() => randomBelow(random, 4) > 0);
    if (!standing.includes(true)) standing[0] = true;
    members.forEach(({ name }, i) => {
      bench.set(name, standing[i]!);
    });
    for (let i = 0; i < 40; i++) {
      const address = randomBelow(random, 2) === 0 ? randomIPv4(random) : randomIPv6(random);
      setClient(client, data, address);
      setClient(bench.request.client, data, address);
      const claim = `seed ${SEED}, round ${round}, ${client.network.format()}`;
      expect(bench.ask(), claim).toBe(expectedOf(members, standing, client));
      const scope = bench.picks.scopePrefixLength;
      const trace: Trace = { choices: [] };
      setClient(bench.request.client, data, address);
      bench.ask("A", trace);
      expect(bench.picks.scopePrefixLength, `${claim}: a trace looks no further`).toBe(scope);
    }
  }
});

test("geo gives any two clients of one scope the same answer", () => {
  checkScopes(SEED, 50_000, (random) =>
    poolOf(
      membersOf(2 + randomBelow(random, 6), () => ({
        serves: Array.from({ length: 1 + randomBelow(random, 4) }, () => randomServed(random)),
      })),
      "geo",
      8,
    ),
  );
});

test("geo finds the longest of thousands of networks", () => {
  const random = new SeededRandom(SEED);
  const members = membersOf(6, () => ({
    serves: Array.from({ length: 2000 }, () => {
      const address = Uint8Array.from({ length: randomBelow(random, 2) === 0 ? 4 : 16 }, () => random.u32());
      address[0] = 0x20 | (address[0]! & 15);
      const length = 4 + randomBelow(random, address.length === 4 ? 28 : 60);
      return { kind: "network" as const, address: maskTo(address, length), length };
    }),
  }));
  const bench = new Bench([poolOf(members, "geo", 8)]);
  const data = randomPlaceData(random);
  for (let i = 0; i < 60; i++) {
    const { serves } = members[randomBelow(random, members.length)]!;
    const place = serves[randomBelow(random, serves.length)]!;
    const address = place.kind === "network" ? Uint8Array.from(place.address) : randomIPv4(random);
    address[address.length - 1] = random.u32();
    const client = setClient(new ClientPlace(), data, address);
    setClient(bench.request.client, data, address);
    expect(bench.ask(), `seed ${SEED}, ${client.network.format()}`).toBe(
      expectedOf(members, new Array(members.length).fill(true), client),
    );
  }
});
