import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Opinion } from "../../src/health/opinion.ts";
import {
  decodeFull,
  decodeMessage,
  decodeNumbers,
  encodeFull,
  encodeMessage,
  encodeNumbers,
  needsFull,
  type OpinionMessage,
} from "../../src/store/redis/opinion-message.ts";
import { API, opinionOf, WEB } from "./live-contract.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const HEAD = { name: "us-1", region: "us", epoch: NOW_MS - 1e6, version: "1" };
const SPEAKER = { prober: "us-1", region: "us", epoch: HEAD.epoch, run: "f00" };
const opinion = (changes: Partial<Opinion> = {}) => opinionOf(HEAD, NOW_MS, changes);

const count = (max: number) => fc.integer({ min: 0, max });
const response = fc.option(count(600_000).map((tenths) => tenths / 10));
const numbers = fc
  .record({
    number: count(200_000),
    base: count(1e9),
    later: count(1e9),
    ago: count(1e8),
    response,
    failures: count(1e6),
  })
  .map(({ number, base, later, ago, response: responseMs, failures }) => ({
    ...{ number, baseSequence: base, sequence: base + later, checkedMs: NOW_MS - ago, responseMs, failures },
  }));
const opinions = fc
  .record({
    endpoint: fc.constantFrom(WEB, API),
    sequence: count(1e9),
    state: fc.constantFrom("up", "down", "unknown"),
    sinceMs: count(NOW_MS),
    checkedMs: count(NOW_MS),
    firstFailureMs: fc.option(count(NOW_MS)),
    failures: count(1e6),
    reason: fc.constantFrom("", "HTTP 503", 'bad "é" \u2026'),
    responseMs: response,
    agent: fc.option(
      fc.record({
        weightPercent: fc.option(count(200)),
        state: fc.constantFrom("ready", "drain", "maint", null),
      }),
    ),
    daysToExpiry: fc.option(fc.integer({ min: -9000, max: 9000 })),
  })
  .map((fields) => opinion(fields as Partial<Opinion>));

describe("encodeMessage()", () => {
  it("and decodeMessage() keep all of it", () => {
    const full = fc.record({ number: count(1e6), opinion: opinions });
    fc.assert(
      fc.property(
        fc.array(full),
        fc.array(numbers),
        fc.array(fc.constantFrom(WEB, API)),
        (some, each, gone) => {
          const message: OpinionMessage = { ...SPEAKER, n: 7, full: some, gone, numbers: each };
          expect(decodeMessage(encodeMessage(message), NOW_MS)).toEqual(message);
          for (const one of some) {
            expect(decodeFull(SPEAKER, one.opinion.endpoint, encodeFull(one), NOW_MS)).toEqual(one);
          }
        },
      ),
    );
  });

  it("takes at most 10 octets for the numbers of an endpoint that is checked each ten seconds for a week", () => {
    const all = Array.from({ length: 5000 }, (_, number) => {
      const at = { number, baseSequence: 3, sequence: 60_480, checkedMs: NOW_MS - (number % 1000) };
      return { ...at, responseMs: 12.5, failures: 0 };
    });
    expect(encodeNumbers(all).length / all.length).toBeLessThanOrEqual(10);
  });
});

describe("decodeMessage()", () => {
  it("never throws, whatever comes, and takes no opinion from the future", () => {
    const heads = fc.json().map((json) => Buffer.from(`${json}\n`));
    const octets = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
    fc.assert(
      fc.property(fc.oneof(heads, octets), octets, (head, rest) => {
        decodeMessage(Buffer.concat([head, rest]), NOW_MS);
        for (const { checkedMs, sequence } of decodeNumbers(rest, NOW_MS)) {
          expect(checkedMs).toBeLessThanOrEqual(NOW_MS + 60_000);
          expect(Number.isSafeInteger(sequence)).toBe(true);
        }
      }),
    );
    const ahead = { number: 1, opinion: opinion({ checkedMs: NOW_MS + 61_000 }) };
    const message = encodeMessage({ ...SPEAKER, n: 1, full: [ahead], gone: [], numbers: [] });
    expect(decodeMessage(message, NOW_MS)?.full).toEqual([]);
  });

  it("takes a message that was cut off for what is whole of it", () => {
    const entry = { number: 1, baseSequence: 1, sequence: 2, checkedMs: NOW_MS, responseMs: 1, failures: 0 };
    const message = encodeMessage({
      ...SPEAKER,
      n: 1,
      full: [],
      gone: [],
      numbers: [entry, { ...entry, number: 2 }],
    });
    for (let end = 0; end < message.length; end++) {
      expect(decodeMessage(message.subarray(0, end), NOW_MS)?.numbers.length ?? 0).toBeLessThan(2);
    }
  });
});

describe("needsFull()", () => {
  it("is false of what numbers say, and true of everything else", () => {
    const told = opinion({ daysToExpiry: 30 });
    const same: Partial<Opinion>[] = [
      ...[
        { sequence: 2 },
        { checkedMs: NOW_MS + 1 },
        { responseMs: null },
        { failures: 9 },
        { daysToExpiry: 29.95 },
      ],
    ];
    for (const change of same) expect(needsFull(told, { ...told, ...change })).toBe(false);
    const other: Partial<Opinion>[] = [
      ...[{ state: "down" as const }, { sinceMs: 1 }, { firstFailureMs: 1 }, { reason: "x" }, { epoch: 1 }],
      ...[
        { agent: { weightPercent: 1, state: null } },
        { daysToExpiry: null },
        { daysToExpiry: 29 },
        { region: "eu" },
      ],
      { sequence: 0 },
    ];
    for (const change of other) expect(needsFull(told, { ...told, ...change })).toBe(true);
  });
});
