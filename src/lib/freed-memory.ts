/**
 * Memory that was freed and that libc keeps for later.
 *
 * @module
 */
import { createRequire } from "node:module";

interface Koffi {
  load(path: string | null): { func(definition: string): (octets: number) => number };
}

/**
 * Gives it back to the system. glibc keeps what threads have freed, some 50 MB after a million records were read, and never
 * needs as much again. Does nothing where there is no glibc (musl gives back by itself), or no koffi to call it with.
 */
export function giveBackFreedMemory(): void {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    koffi.load(null).func("int malloc_trim(size_t)")(0);
  } catch {
    // Then it stays; nothing depends on it.
  }
}
