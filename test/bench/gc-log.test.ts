import { expect, test } from "vitest";
import { GcLog } from "../../bench/gc-log.ts";

const MAIN = "[4711:0x40673000]    10123 ms:";
const WORKER = "[4711:0x7fb9e4001000]       10 ms:";
const TAIL = "(average mu = 1.000, current mu = 1.000) allocation failure;";

test("read() counts collections and adds up their pauses, and heapsMB adds up threads", () => {
  const log = new GcLog();
  const counts = log.read(
    [
      `${MAIN} Scavenge 12.1 (18.3) -> 11.9 (18.3) MB, pooled: 0 MB, 0.61 / 0.00 ms  ${TAIL}`,
      `${WORKER} Scavenge 3.5 (4.5) -> 2.9 (5.5) MB, pooled: 0.1 MB, 0.40 / 0.00 ms  ${TAIL}`,
      `${MAIN} Mark-Compact (reduce) 20.1 (25.6) -> 10.5 (22.6) MB, pooled: 0 MB, 5.25 / 0.00 ms  (+ 1.0 ms in 3 steps) ${TAIL}`,
    ].join("\n"),
  );
  expect(counts).toEqual({ scavenges: 2, markSweeps: 1, pauseMs: 6.26 });
  expect(log.heapsMB).toBeCloseTo(10.5 + 2.9);
});

test("read() keeps the heap of a thread that collected nothing since", () => {
  const log = new GcLog();
  log.read(`${WORKER} Scavenge 3.5 (4.5) -> 2.9 (5.5) MB, 0.40 / 0.00 ms  ${TAIL}\n`);
  expect(log.read("other output\n")).toEqual({ scavenges: 0, markSweeps: 0, pauseMs: 0 });
  expect(log.heapsMB).toBe(2.9);
});
