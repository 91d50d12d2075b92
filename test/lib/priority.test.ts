import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PROGRAM = `
import { getPriority } from "node:os";
import { readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { letOthersGiveWay } from ${JSON.stringify(new URL("../../src/lib/priority.ts", import.meta.url).href)};
await stat("."); // so that libuv has its threads
const before = getPriority(0);
letOthersGiveWay();
const others = readdirSync("/proc/self/task").map(Number).filter((thread) => thread !== process.pid);
console.log(JSON.stringify({ before, own: getPriority(0), others: others.map((thread) => getPriority(thread)) }));
`;

test.runIf(process.platform === "linux")(
  "letOthersGiveWay() puts every other thread behind this one",
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--input-type=module",
      "--eval",
      PROGRAM,
    ]);
    const { before, own, others } = JSON.parse(stdout) as { before: number; own: number; others: number[] };
    expect(own).toBe(before);
    expect(others.length).toBeGreaterThan(2);
    expect(new Set(others)).toEqual(new Set([Math.min(19, before + 10)]));
  },
);
