import { expect, test } from "vitest";
import { ClientPlace } from "../../../src/geo/client-place.ts";
import type { Coordinates } from "../../../src/geo/coordinates.ts";
import { randomBelow, SeededRandom } from "../../../src/lib/random.ts";
import type { MemberSpec } from "../../../src/steering/spec.ts";
import type { Trace } from "../../../src/steering/trace.ts";
import { haversineKm, randomPlace } from "../../geo/oracle.ts";
import { Bench, benchOf } from "../notation.ts";
import { membersOf, poolOf } from "../random-pools.ts";
import { checkScopes } from "../scope-check.ts";

const SEED = 20261121;

function biasedKm({ location, bias }: MemberSpec, client: Coordinates): number {
  if (location === null) return Number.POSITIVE_INFINITY;
  const km = haversineKm(location, client);
  return bias >= 0 ? km * (1 - bias / 100) : km / (1 + bias / 100);
}

/** Members of whom some have no location, some stand where another does, and some have a bias. */
function randomMembers(random: SeededRandom, count: number, isBiased: boolean): MemberSpec[] {
  const places: (Coordinates | null)[] = [];
  return membersOf(count, (index) => {
    const twin = randomBelow(random, 5) === 0 && index > 0;
    const location = twin ? places[index - 1]! : randomBelow(random, 8) === 0 ? null : randomPlace(random);
    places.push(location);
    return { location, bias: isBiased ? randomBelow(random, 199) - 99 : 0 };
  });
}

test.each([false, true])(
  "proximity puts members in the order of the oracle for 10,000 random places, biased: %s",
  (isBiased) => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < 200; round++) {
      const members = randomMembers(random, 2 + randomBelow(random, 12), isBiased);
      const bench = new Bench([poolOf(members, "proximity", 8)]);
      for (let i = 0; i < 50; i++) {
        const place = randomPlace(random);
        Object.assign(bench.request, { client: new FixedPlace(place) });
        const answer = bench.ask().split("+");
        const distances = answer.map((name) =>
          biasedKm(members.find((member) => member.name === name)!, place),
        );
        const rest = members.filter(({ name }) => !answer.includes(name));
        const isInOrder =
          answer.length === Math.min(8, members.length) &&
          distances.every((km, at) => at === 0 || notFurther(distances[at - 1]!, km)) &&
          rest.every((member) => notFurther(distances.at(-1)!, biasedKm(member, place)));
        if (!isInOrder) expect.fail(`seed ${SEED}, round ${round}, place ${i}: ${answer.join(" ")}`);
      }
    }
  },
);

/** Members within a metre are equals, so one may stand before another that is so much nearer. */
function notFurther(km: number, otherKm: number): boolean {
  return km === otherKm || km <= otherKm + 0.0011;
}

/** A client that is at these coordinates. */
class FixedPlace extends ClientPlace {
  constructor(place: Coordinates) {
    super();
    this.network.set(4, Uint8Array.from([8, 8, 8, 8]), 0, 32, "resolver");
    Object.assign(this, place);
    const radians = Math.PI / 180;
    const parallel = Math.cos(place.latitude * radians);
    this.x = parallel * Math.cos(place.longitude * radians);
    this.y = parallel * Math.sin(place.longitude * radians);
    this.z = Math.sin(place.latitude * radians);
  }

  override locate(): boolean {
    return true;
  }
}

test("proximity within keeps what the oracle keeps, in the order before", () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 500; round++) {
    const members = randomMembers(random, 2 + randomBelow(random, 12), round % 2 === 0);
    const isPart = randomBelow(random, 2) === 0;
    const value = isPart ? randomBelow(random, 300) : randomBelow(random, 15_000);
    const pool = poolOf(members, "proximity", 8, { within: `${value}${isPart ? "%" : "km"}` });
    const bench = new Bench([{ ...pool, policy: [...pool.policy, { type: "failover", options: {} }] }]);
    const place = randomPlace(random);
    Object.assign(bench.request, { client: new FixedPlace(place) });
    const distances = members.map((member) => biasedKm(member, place));
    const nearest = Math.min(...distances);
    const limit = isPart ? nearest * (1 + value / 100) : nearest + value;
    const claim = `seed ${SEED}, round ${round}`;
    if (distances.some((km) => Math.abs(km - limit) < 0.001 && km !== nearest)) continue;
    const kept = members.filter((_, i) => distances[i]! <= limit || distances[i] === nearest);
    expect(bench.ask(), claim).toBe(
      kept
        .slice(0, 8)
        .map(({ name }) => name)
        .join("+"),
    );
  }
});

test("proximity spreads the clients of a tie over the members, and keeps each with its own", () => {
  const bench = benchOf("p policy=proximity: a@DUB b@DUB c@DUB d@SYD");
  const counts = new Map<string, number>();
  for (let net = 0; net < 3000; net++) {
    const from = `20.${net >> 8}.${net & 255}.1 @LHR`;
    const answer = bench.from(from).ask();
    expect(bench.from(from.replace(".1 ", ".77 ")).ask()).toBe(answer);
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(["a", "b", "c"]);
  for (const [name, count] of counts) expect(Math.abs(count - 1000), name).toBeLessThan(5 * Math.sqrt(1000));
});

test("proximity within spreads clients over all that it keeps where no step follows", () => {
  const bench = benchOf("p policy=proximity(within=500km): a@DUB b@LHR c@SYD");
  const answers = new Set<string>();
  for (let net = 0; net < 64; net++) answers.add(bench.from(`20.0.${net}.1 @LHR`).ask());
  expect([...answers].sort()).toEqual(["a", "b"]);
});

test("proximity within gives no more than it keeps, as the last step too", () => {
  const near = benchOf("p policy=proximity(within=100km) answers=3: a@DUB b@LHR c@SYD");
  expect(near.from("FR @DUB").ask()).toBe("a");
});

test("proximity moves only the clients of the member of a tie that went", () => {
  const bench = benchOf("p policy=proximity: a@DUB b@DUB c@DUB");
  const clients = Array.from({ length: 300 }, (_, net) => `20.0.${net & 255}.${net >> 8} @LHR`);
  const before = clients.map((from) => bench.from(from).ask());
  bench.set("b", false);
  clients.forEach((from, i) => {
    const after = bench.from(from).ask();
    if (before[i] === "b") expect(after).not.toBe("b");
    else expect(after).toBe(before[i]);
  });
});

test("proximity spreads clients that nobody can place", () => {
  const bench = benchOf("p policy=proximity: a@DUB b@SYD c");
  const answers = new Set<string>();
  for (let net = 0; net < 64; net++) answers.add(bench.from(`20.0.${net}.1`).ask());
  expect([...answers].sort()).toEqual(["a", "b", "c"]);
});

test.each([
  ["p policy=proximity: a@DUB b@SYD", "8.8.8.8 @LHR", 7],
  ["p policy=proximity: a@DUB b@DUB", "8.8.8.8 @LHR", 24],
  ["p policy=proximity: a@DUB b@DUB c@SYD", "2400::1 @LHR", 56],
  ["p policy=proximity+failover: a@DUB b@DUB", "8.8.8.8 @LHR", 7],
  ["p policy=proximity: a@DUB b@SYD", "8.8.8.8", 24],
  ["p policy=proximity: a b", "8.8.8.8 @LHR", 24],
  ["p policy=proximity+failover: a b", "8.8.8.8 @LHR", 0],
  ["p policy=proximity: a@DUB", "8.8.8.8", 0],
  ["p policy=proximity answers=2: a@DUB b@DUB", "8.8.8.8 @LHR", 24],
  ["p policy=proximity answers=2: a@DUB b@SYD c d", "8.8.8.8 @LHR", 7],
  ["p policy=proximity answers=3: a@DUB b@SYD c d", "8.8.8.8 @LHR", 24],
])("proximity looks at the client's hash only to settle a tie: %s from %s", (pool, from, scope) => {
  // A place is one of ordinary clients, and the widest network of these is 8.0.0.0/7.
  const bench = benchOf(pool).from(from);
  bench.ask();
  expect(bench.picks.scopePrefixLength).toBe(scope);
});

test.each([0, 20])(
  "proximity gives any two clients of one scope the same answer, bias up to %i",
  (biasMax) => {
    checkScopes(SEED, 25_000, (random) =>
      poolOf(
        membersOf(2 + randomBelow(random, 6), () => ({
          location: randomBelow(random, 5) === 0 ? null : randomPlace(random),
          bias: randomBelow(random, biasMax + 1),
        })),
        "proximity",
        1 + randomBelow(random, 3),
      ),
    );
  },
);

test("proximity tells distances, and why", () => {
  const trace: Trace = { choices: [] };
  benchOf("p policy=proximity: d@DUB~20 v@IAD~-10 x").from("FR").ask("A", trace);
  const [step] = trace.choices[0]!.pool.steps;
  expect(step!.kept).toEqual(["d", "v", "x"]);
  expect(step!.numbers).toEqual([
    { member: "d", values: { km: 872, "biased km": 698 } },
    { member: "v", values: { km: 6245, "biased km": 6938 } },
    { member: "x", values: { km: "unknown" } },
  ]);
  expect(step!.why).toEqual([
    "d is the nearest by biased distance, 698 km away, the client being placed by its country",
  ]);
});

test("proximity tells who went, and what was equal", () => {
  const trace: Trace = { choices: [] };
  benchOf("p policy=proximity(within=400km)+failover: d@DUB l@LHR s@SYD x").from("FR @CDG").ask("A", trace);
  const [step] = trace.choices[0]!.pool.steps;
  expect(step!.dropped).toEqual([
    { member: "d", why: "785 km away" },
    { member: "s", why: "16945 km away" },
    { member: "x", why: "nobody knows where it is" },
  ]);
  expect(step!.why).toEqual(["l is the nearest, 347 km away"]);
});

test.each([
  [
    "p policy=proximity: a@DUB b@SYD",
    "8.8.8.8",
    "nobody knows where the client is, so its hash puts them in order",
  ],
  [
    "p policy=proximity+failover: a@DUB b@SYD",
    "8.8.8.8",
    "nobody knows where the client is, so all candidates stay",
  ],
  ["p policy=proximity: a b", "FR", "no candidate says where it is, so its hash puts them in order"],
  ["p policy=proximity: a@DUB b@DUB", "@LHR", "2 candidates are as near: the client's hash decides"],
  ["p policy=proximity: a@DUB", "@LHR", "only a is left; nothing is asked about the client"],
])("proximity says why: %s from %s", (pool, from, why) => {
  const trace: Trace = { choices: [] };
  benchOf(pool).from(from).ask("A", trace);
  expect(trace.choices[0]!.pool.steps[0]!.why.at(-1)).toBe(why);
});
