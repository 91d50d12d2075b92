/**
 * Shared memory for tables that are read at random: large ones stand in huge pages, where Linux has them.
 *
 * A look-up in a table of 50 MB touches a page or two that no look-up before it did, and the processor has to find out first where
 * those are; with pages of 2 MB it knows. Of a look-up of round-trip times that is a fifth of the time.
 *
 * @module
 */
import { createRequire } from "node:module";

/** Linux gives no smaller table a huge page. */
const HUGE_OCTETS = 2 << 20;
/** A mapping begins at a multiple of it, so memory of one that is rounded down to it is still that of the mapping. */
const PAGE_OCTETS = 4096n;
const MADV_HUGEPAGE = 14;

interface Koffi {
  load(path: string | null): {
    func(definition: string): (address: bigint, length: bigint, advice: number) => number;
  };
  address(octets: Uint8Array): bigint;
}

/** So many words of 0. Memory that nothing was written to is not taken from the system, but for what shares a huge page with what was. */
export function sharedWords(count: number): Uint32Array {
  const words = new Uint32Array(new SharedArrayBuffer(4 * count));
  if (words.byteLength >= HUGE_OCTETS && process.platform === "linux") adviseHugePages(words);
  return words;
}

/** Before anything is written: pages are given out at the first touch. */
function adviseHugePages({ buffer, byteLength }: Uint32Array): void {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    const madvise = koffi.load(null).func("int madvise(uintptr_t, size_t, int)");
    const start = koffi.address(new Uint8Array(buffer));
    const from = start - (start % PAGE_OCTETS);
    madvise(from, start + BigInt(byteLength) - from, MADV_HUGEPAGE);
  } catch {
    // No koffi, or no libc that it finds: small pages do as well, and take longer.
  }
}
