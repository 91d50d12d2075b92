import { expect, test } from "vitest";
import type { StepTrace, Trace } from "../../../src/steering/trace.ts";
import { type Bench, benchOf } from "../notation.ts";

const TIMES = "a 30, b 12, c 12.5";

function traced(bench: Bench): StepTrace {
  const trace: Trace = { choices: [] };
  bench.ask("A", trace);
  return trace.choices[0]!.pool.steps[0]!;
}

test("response-time answers the quickest, and then the next", () => {
  const bench = benchOf("p policy=response-time answers=3: a b c").time(TIMES);
  expect(bench.ask()).toBe("b+c+a");
  bench.time("a 1");
  expect(bench.ask()).toBe("a+b+c");
});

test("response-time puts the unmeasured last, in the order before", () => {
  expect(benchOf("p policy=response-time answers=5: x a y b c").time(TIMES).ask()).toBe("b+c+a+x+y");
});

test("response-time leaves all as they are where nothing was measured, and says so", () => {
  const bench = benchOf("p policy=response-time answers=3: c a b");
  expect(bench.ask()).toBe("c+a+b");
  const step = traced(bench);
  expect(step.numbers[0]).toEqual({ member: "c", values: { "response time": "never measured" } });
  expect(step.why).toEqual(["no candidate was ever measured, so all stay as they are"]);
});

test("response-time keeps who is within so many ms, or such a part, of the best", () => {
  const members = "answers=3: a b c d";
  expect(benchOf(`p policy=response-time(within=1ms) ${members}`).time(TIMES).ask()).toBe("b+c");
  expect(benchOf(`p policy=response-time(within=20ms) ${members}`).time(TIMES).ask()).toBe("a+b+c");
  expect(benchOf(`p policy=response-time(within=4%) ${members}`).time(TIMES).ask()).toBe("b");
  expect(benchOf(`p policy=response-time(within=5%) ${members}`).time(TIMES).ask()).toBe("b+c");
});

test("response-time keeps the best and its equals for the steps after it", () => {
  const bench = benchOf("p policy=response-time+failover answers=4: a b c d").time("a 30, b 12, c 12, d 13");
  expect(bench.ask()).toBe("b+c");
});

test("response-time takes a pool for as quick as the quickest of its members that stand", () => {
  const bench = benchOf("w policy=response-time: [x] [y]; x: a b; y: c d").time("a 30, b 10, c 20");
  expect(bench.ask()).toBe("a");
  bench.set("b", false);
  expect(bench.ask()).toBe("c");
  bench.set("c", false);
  expect(bench.ask()).toBe("a");
});

test("response-time does not take a pool for as quick as a last resort that waits", () => {
  const bench = benchOf("w policy=response-time: [x] [y]; x policy=weighted: a s=0; y: c").time(
    "a 30, s 5, c 20",
  );
  expect(bench.ask()).toBe("c");
  bench.set("a", false);
  expect(bench.ask()).toBe("s");
});

test("response-time tells every time, and why each one went", () => {
  const step = traced(benchOf("p policy=response-time+failover: a b c d").time(TIMES));
  expect(step.numbers.map(({ values }) => values["response time"])).toEqual([
    "30 ms",
    "12 ms",
    "12.5 ms",
    "never measured",
  ]);
  expect(step.dropped).toEqual([
    { member: "a", why: "30 ms is above 12 ms" },
    { member: "c", why: "12.5 ms is above 12 ms" },
    { member: "d", why: "never measured, and others were" },
  ]);
  expect(step.why).toEqual(["the quickest takes 12 ms"]);
});

test("response-time says nothing about where the client is", () => {
  const bench = benchOf("p policy=response-time: a b c").time(TIMES);
  bench.from("60.1.2.0/24").ask();
  expect(bench.picks.scopePrefixLength).toBe(0);
});
