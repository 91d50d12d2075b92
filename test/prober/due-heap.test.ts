import fc from "fast-check";
import { expect, test } from "vitest";
import { type Due, DueHeap } from "../../src/prober/due-heap.ts";

test("DueHeap gives what is due first, whatever was put in and taken out before", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "remove", "take"), fc.nat(50)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (all) => {
      const heap = new DueHeap<Due>();
      const jobs: Due[] = [];
      const took: number[] = [];
      const wanted: number[] = [];
      for (const [what, number] of all) {
        if (what === "add") {
          const job = { dueMs: number, heapIndex: -1 };
          jobs.push(job);
          heap.add(job);
        } else if (what === "remove") {
          const [job] = jobs.splice(number % Math.max(1, jobs.length), 1);
          if (job === undefined) continue;
          heap.remove(job);
          heap.remove(job); // the second time it is in none
        } else {
          const { next } = heap;
          if (next === undefined) continue;
          wanted.push(Math.min(...jobs.map(({ dueMs }) => dueMs)));
          took.push(next.dueMs);
          heap.remove(next);
          jobs.splice(jobs.indexOf(next), 1);
        }
        expect(heap.size).toBe(jobs.length);
      }
      expect(took).toEqual(wanted);
    }),
  );
});
