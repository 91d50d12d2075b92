import { describe, expect, test } from "vitest";
import { CounterBlocks, sumOf } from "../../src/server/counter-blocks.ts";
import { COUNTER, Counters, LATENCY_BUCKETS } from "../../src/server/counters.ts";

/** What is not 0 in a block, by offset. */
function counted({ values }: Counters): Record<number, number> {
  return Object.fromEntries([...values.entries()].filter(([, value]) => value !== 0));
}

describe("Counters", () => {
  test("query() counts by transport and family, and by type", () => {
    const counters = Counters.make(2, 2);
    counters.query(false, 4, 1);
    counters.query(false, 6, 28);
    counters.query(true, 4, 28);
    counters.query(true, 6, 0);
    const { transports, types } = COUNTER;
    expect(counted(counters)).toEqual({
      [transports]: 1,
      [transports + 1]: 1,
      [transports + 2]: 1,
      [transports + 3]: 1,
      [types]: 1,
      [types + 1]: 1,
      [types + 28]: 2,
    });
  });

  test("query() counts all types above 258 as one", () => {
    const counters = Counters.make(0, 0);
    for (const qtype of [258, 259, 260, 65_280, 65_535]) counters.query(false, 4, qtype);
    expect(counters.values[COUNTER.types + 258]).toBe(1);
    expect(counters.values[COUNTER.latency - 1]).toBe(4);
    expect(counters.values[COUNTER.latency]).toBe(0);
  });

  test("rcode() counts BADVERS, BADCOOKIE and all above it in places of their own", () => {
    const counters = Counters.make(0, 0);
    for (const rcode of [0, 3, 3, 16, 23, 24, 4095]) counters.rcode(rcode);
    const { rcodes } = COUNTER;
    expect(counted(counters)).toEqual({ [rcodes]: 1, [rcodes + 3]: 2, [rcodes + 16]: 1, [rcodes + 23]: 3 });
  });

  test("zone() and member() count apart, and nowhere what is beyond the block", () => {
    const counters = Counters.make(3, 2);
    counters.zone(2);
    counters.zone(3);
    counters.member(0);
    counters.member(1);
    counters.member(1);
    counters.member(2);
    expect([0, 1, 2, 3].map((number) => counters.zoneCount(number))).toEqual([0, 0, 1, 0]);
    expect([0, 1, 2].map((slot) => counters.memberCount(slot))).toEqual([1, 2, 0]);
    expect(Object.values(counted(counters))).toEqual([1, 1, 2]);
  });

  test("latency() counts queries by buckets that grow by the square root of 2", () => {
    const counters = Counters.make(0, 0);
    for (const microseconds of [0, 0.5, 1]) counters.latency(microseconds, 1);
    counters.latency(2, 10);
    counters.latency(3, 100); // above 2^(3/2), at most 2^(4/2)
    counters.latency(1e9, 1000);
    expect(counted(counters)).toEqual({
      [COUNTER.latency]: 3,
      [COUNTER.latency + 2]: 10,
      [COUNTER.latency + 4]: 100,
      [COUNTER.latency + LATENCY_BUCKETS - 1]: 1000,
    });
  });

  test("shares its memory with another thread's Counters", () => {
    const counters = Counters.make(5, 7);
    const other = new Counters(structuredClone(counters.buffer), 5);
    expect([other.zoneCapacity, other.memberCapacity]).toEqual([5, 7]);
    counters.zone(4);
    counters.member(6);
    counters.add(COUNTER.ignored);
    expect([other.zoneCount(4), other.memberCount(6), other.values[COUNTER.ignored]]).toEqual([1, 1, 1]);
  });
});

describe("CounterBlocks", () => {
  test("roomFor() keeps a block while it has room, and then goes on in a new one", () => {
    const blocks = new CounterBlocks();
    const first = blocks.roomFor({ zone: 1, slot: 1 });
    expect(blocks.roomFor({ zone: first.zoneCapacity, slot: first.memberCapacity })).toBe(first);
    const second = blocks.roomFor({ zone: first.zoneCapacity + 1, slot: 0 });
    expect(second).not.toBe(first);
    expect(second.zoneCapacity).toBeGreaterThan(first.zoneCapacity);
    const third = blocks.roomFor({ zone: 0, slot: second.memberCapacity + 1 });
    expect(blocks.all).toEqual([first, second, third]);
  });

  test("sumOf() adds up over blocks", () => {
    const blocks = new CounterBlocks();
    blocks.roomFor({ zone: 1, slot: 1 }).rcode(3);
    const second = blocks.roomFor({ zone: 1000, slot: 1 });
    second.rcode(3);
    second.rcode(0);
    expect(sumOf(blocks.all, COUNTER.rcodes + 3)).toBe(2);
    expect(sumOf(blocks.all, COUNTER.rcodes)).toBe(1);
  });
});
