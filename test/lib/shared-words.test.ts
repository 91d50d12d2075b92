import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sharedWords } from "../../src/lib/shared-words.ts";

/** Octets of this process in huge pages; null where the system does not say. */
function hugeOctets(): number | null {
  try {
    const text = readFileSync("/proc/self/smaps_rollup", "utf8");
    return Number(/^AnonHugePages: +([0-9]+) kB$/m.exec(text)?.[1] ?? Number.NaN) * 1024;
  } catch {
    return null;
  }
}

function isHugeOnRequest(): boolean {
  try {
    return /\[(?:madvise|always)\]/.test(readFileSync("/sys/kernel/mm/transparent_hugepage/enabled", "utf8"));
  } catch {
    return false;
  }
}

describe("sharedWords()", () => {
  test.each([0, 1, 1 << 10, (2 << 20) / 4, 3_000_001])(
    "gives %i words of 0 that threads can share",
    (count) => {
      const words = sharedWords(count);
      expect(words.length).toBe(count);
      expect(words.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(words.every((word) => word === 0)).toBe(true);
    },
  );

  test("puts large tables into huge pages where the system has them", () => {
    const before = hugeOctets();
    const words = sharedWords((64 << 20) / 4).fill(1);
    const after = hugeOctets();
    if (before !== null && after !== null && isHugeOnRequest())
      expect(after - before).toBeGreaterThan(32 << 20);
    expect(words[words.length - 1]).toBe(1);
  });
});
