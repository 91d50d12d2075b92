import { describe, expect, test } from "vitest";
import { ClientPlace } from "../../../src/geo/client-place.ts";
import { unitVector } from "../../../src/geo/distance.ts";
import { SeededRandom } from "../../../src/lib/random.ts";
import { STEP_TYPES } from "../../../src/steering/step-table.ts";
import { msOfDistance } from "../../../src/steering/steps/latency.ts";
import type { StepTrace, Trace } from "../../../src/steering/trace.ts";
import { Bench, benchOf, parsePools } from "../notation.ts";

const NETWORK = "192.0.2.0/24";
const CLIENT = "192.0.2.7";

function traceOf(bench: Bench): StepTrace {
  const trace: Trace = { choices: [] };
  bench.ask("A", trace);
  return trace.choices[0]!.pool.steps[0]!;
}

/** Of a client that is at 0° N 0° E, members that stand at these longitudes on the equator; null = nobody knows. */
function benchAt(longitudes: readonly (number | null)[], policy = "latency"): Bench {
  class Placed extends ClientPlace {
    override locate(): boolean {
      [this.x, this.y, this.z] = unitVector({ latitude: 0, longitude: 0 });
      return true;
    }
  }
  const [spec] = parsePools(
    `p policy=${policy} answers=8: ${longitudes.map((_, i) => `${"abcd"[i]}:r${i}`).join(" ")}`,
  );
  const members = spec!.members.map((member, i) => {
    const longitude = longitudes[i]!;
    return { ...member, location: longitude === null ? null : { latitude: 0, longitude } };
  });
  const bench = new Bench([{ ...spec!, members }]);
  Object.assign(bench.request, { client: new Placed() });
  return bench;
}

describe("latency", () => {
  test("orders all by time as the last step, members of one region as they are written, unknown ones last", () => {
    const bench = benchOf("p policy=latency answers=8: x u1:eu d1:us u2:eu y:zz a:ap d2:us").measure(
      `${NETWORK} us 20 ap 90 eu 50`,
    );
    expect(bench.from(CLIENT).ask()).toBe("d1+d2+u1+u2+a+x+y");
  });

  test("orders only as many as are answered", () => {
    const bench = benchOf("p policy=latency answers=2: a:r1 b:r2 c:r3 d:r4").measure(
      `${NETWORK} r1 90 r2 70 r3 30 r4 50`,
    );
    expect(bench.from(CLIENT).ask()).toBe("c+d");
  });

  test("keeps the best and what shares its region where steps follow", () => {
    const bench = benchOf("p policy=latency+failover answers=8: a:eu b:us c:eu d").measure(
      `${NETWORK} eu 20 us 50`,
    );
    expect(bench.from(CLIENT).ask()).toBe("a+c");
    expect(traceOf(bench).dropped).toEqual([
      { member: "b", why: "a is first" },
      { member: "d", why: "nothing is known of it, and of others there is" },
    ]);
  });

  test("keeps those within the best, in the order before", () => {
    const members = "p policy=latency(within=30ms)+failover answers=8: a:eu b:us c:ap d";
    expect(benchOf(members).measure(`${NETWORK} eu 50 us 20 ap 51`).from(CLIENT).ask()).toBe("a+b");
    const parts = "p policy=latency(within=50%)+failover answers=8: a:eu b:us c:ap";
    expect(benchOf(parts).measure(`${NETWORK} eu 61 us 40 ap 60`).from(CLIENT).ask()).toBe("b+c");
  });

  test("stays with who holds the network until another is better by 5 ms and 10 %", () => {
    const bench = benchOf("p policy=latency: a:eu b:us").measure(`${NETWORK} eu 40 us 36`).from(CLIENT);
    expect(bench.ask()).toBe("a");
    expect(traceOf(bench).why).toEqual([
      "eu stays first with 40 ms: us is better by 4 ms and 10 %, 5 ms and 10 % are needed",
    ]);
    bench.measure(`${NETWORK} us 20`); // the mean of both is 28
    expect(bench.ask()).toBe("b");
    expect(traceOf(bench).why).toEqual(["us is lowest at 28 ms"]);
    bench.measure(`${NETWORK} eu 14`); // 27
    expect(bench.ask()).toBe("b");
  });

  test("stays first even where it is farther from the lowest than `within`", () => {
    const bench = benchOf("p policy=latency(within=1ms)+failover answers=8: b:us a:eu c:ap");
    bench.measure(`${NETWORK} eu 40 us 37 ap 39`).from(CLIENT);
    expect(bench.ask()).toBe("b+a+c");
    const loose = benchOf("p policy=latency(within=1ms,sticky=false)+failover answers=8: b:us a:eu c:ap");
    expect(loose.measure(`${NETWORK} eu 40 us 37 ap 39`).from(CLIENT).ask()).toBe("b");
  });

  test("weighs estimates of different networks against each other by both margins", () => {
    // eu from the /24; us and ap from the /20, where us was first.
    const text = `${NETWORK} eu 40; 192.0.3.0/24 us 30 ap 28`;
    expect(benchOf("p policy=latency: a:eu b:us c:ap").measure(text).from(CLIENT).ask()).toBe("b");
    const near = `${NETWORK} eu 40; 192.0.3.0/24 us 38 ap 36`;
    expect(benchOf("p policy=latency: a:eu b:us c:ap").measure(near).from(CLIENT).ask()).toBe("a");
  });

  test("passes over estimates of too few samples", () => {
    const text = `${NETWORK} eu 20 us 50 us 50; 192.0.3.0/24 eu 100 us 50 eu 100`;
    expect(benchOf("p policy=latency: a:eu b:us").measure(text).from(CLIENT).ask()).toBe("a");
    // The /20 has eu at 73 ms.
    expect(benchOf("p policy=latency(samples=2): a:eu b:us").measure(text).from(CLIENT).ask()).toBe("b");
  });

  test("takes the distance where nothing was measured", () => {
    const bench = benchAt([90, 30, null, 60]);
    expect(bench.ask()).toBe("b+d+a+c");
    const [b] = traceOf(bench).numbers.filter(({ member }) => member === "b");
    expect(b!.values).toEqual({ rttMs: 55, from: "distance 3336 km" });
    expect(msOfDistance(0)).toBe(5);
    // Measured and reckoned times stand side by side.
    bench.measure("0.0.0.0/24 r0 20").from("0.0.0.0");
    const placed = benchAt([90, 30, null, 60]);
    placed.measure("0.0.0.0/24 r0 20");
    placed.request.client.network.set(4, new Uint8Array(4), 0, 32, "resolver");
    expect(placed.ask()).toBe("a+b+d+c");
  });

  test("keeps all where nothing is known: in an order that is the client's as the last step, else as they are", () => {
    const orders = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const bench = benchOf("p policy=latency answers=3: a:eu b:us c").from(`45.0.${i}.7`);
      orders.add(bench.ask());
      expect(benchOf("p policy=latency answers=3: a:eu b:us c").from(`45.0.${i}.99`).ask()).toBe(bench.ask());
      expect(bench.picks.scopePrefixLength).toBe(24);
      const chain = benchOf("p policy=latency+failover answers=3: a:eu b:us c").from(`45.0.${i}.7`);
      expect(chain.ask()).toBe("a+b+c");
      expect(chain.picks.scopePrefixLength).toBe(0);
    }
    expect(orders.size).toBe(6);
  });

  test("says of each member what it goes by, and from where", () => {
    const bench = benchOf("p policy=latency: a:eu b:us c").measure(
      `${NETWORK} eu 20 eu 24; 192.0.3.0/24 us 80`,
    );
    const { numbers, why } = traceOf(bench.from(CLIENT));
    expect(numbers).toEqual([
      {
        member: "a",
        values: {
          rttMs: 22,
          deviationMs: expect.any(Number),
          samples: 2,
          confidence: expect.any(Number),
          from: NETWORK,
        },
      },
      {
        member: "b",
        values: {
          rttMs: 80,
          deviationMs: 40,
          samples: 1,
          confidence: expect.any(Number),
          from: "192.0.0.0/20",
        },
      },
      { member: "c", values: { from: "nothing is known" } },
    ]);
    expect(why).toEqual(["eu is lowest at 22 ms"]);
  });

  test("gives A and AAAA of one client the same member", () => {
    const random = new SeededRandom(3);
    const bench = benchOf("p policy=latency+weighted: a:eu b:us c:eu d:us").measure(`${NETWORK} eu 20 us 80`);
    bench.from(CLIENT);
    Object.assign(bench.request, { random });
    for (let i = 0; i < 20; i++) expect(["a", "c"]).toContain(bench.ask(i % 2 === 0 ? "A" : "AAAA"));
  });

  test("forgets the regions of a table that another one has replaced", () => {
    const bench = benchOf("p policy=latency: a:eu b:us").measure(`${NETWORK} eu 20 us 50`).from(CLIENT);
    expect(bench.ask()).toBe("a");
    bench.request.latency = benchOf("p: a").measure(`${NETWORK} us 50 ap 10 eu 80`).request.latency;
    expect(bench.ask()).toBe("b");
    bench.request.latency = null;
    expect(["a", "b"]).toContain(bench.ask());
  });

  test("takes times and parts for `within`, and refuses other texts by its schema", () => {
    const { pattern } = STEP_TYPES.get("latency")!.optionsSchema.properties.within as { pattern: string };
    for (const text of ["10ms", "0.5ms", "20%", "0%"]) expect(text).toMatch(new RegExp(pattern));
    for (const text of ["10", "ten ms", "-1ms", "10 ms", "1e3ms", "%"])
      expect(text).not.toMatch(new RegExp(pattern));
  });
});
