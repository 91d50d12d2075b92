import pino from "pino";
import { expect, test } from "vitest";
import { failureReport } from "../../src/server/failure-report.ts";

test("failureReport() logs one failure a second, with its query and how many there were", () => {
  const lines: { query: string; count: number; err: { message: string } }[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  let nowMs = 0;
  const report = failureReport(log, () => nowMs);
  for (let i = 0; i < 3; i++) report(new Error("a fault of ours"), Uint8Array.of(1, 2, 3));
  nowMs = 999;
  report(new Error("another"), Uint8Array.of(4));
  expect(lines.length).toBe(1);
  expect(lines[0]).toMatchObject({ query: "AQID", count: 1, err: { message: "a fault of ours" } });
  nowMs = 1000;
  report(new Error("a third"), Uint8Array.of(5));
  expect(lines[1]).toMatchObject({ query: "BQ==", count: 4, err: { message: "a third" } });
});
