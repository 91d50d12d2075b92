import fc from "fast-check";
import { expect, test } from "vitest";
import { keyOfMember, orderByKeys } from "../../src/steering/keyed-order.ts";
import { benchOf } from "./notation.ts";

test("orderByKeys() puts the smallest keys first, for however many places are wanted", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0.001, 0.5, 1, 3, 16_777_216), { minLength: 1, maxLength: 30 }),
      fc.integer(),
      fc.nat(30),
      fc.boolean(),
      (weights, seed, wanted, isEqual) => {
        const bench = benchOf(`p: ${weights.map((weight, i) => `m${i}=${weight}`).join(" ")}`);
        const { candidates } = bench.top.state;
        candidates.count = weights.length;
        candidates.wanted = wanted;
        candidates.indexes.set([...weights.keys()]);
        const sorted = weights
          .map((_, i) => [keyOfMember(candidates, seed, i, isEqual), i] as const)
          .sort(([a, i], [b, j]) => a - b || i - j)
          .map(([, i]) => i);
        orderByKeys(candidates, seed, isEqual);
        expect([...candidates.indexes.subarray(0, wanted)]).toEqual(sorted.slice(0, wanted));
        expect([...candidates.indexes].sort((a, b) => a - b)).toEqual(weights.map((_, i) => i));
      },
    ),
    { numRuns: 500 },
  );
});
