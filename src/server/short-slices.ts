/**
 * Asks the scheduler to let this thread run soon rather than long.
 *
 * When a query arrives while the control thread works on the same core, Linux lets that finish its slice of some
 * 3 ms first, whatever the nice values are. A thread that asks for short slices may cut in (EEVDF, Linux 6.12 and
 * later); earlier kernels ignore the wish. It gets no more of the core by it.
 *
 * @module
 */
import { getPriority } from "node:os";
import type { Libc } from "./libc.ts";

/** The shortest that Linux grants: some 30 queries. */
const SLICE_NANOSECONDS = 100_000n;

const ATTRIBUTES_OCTETS = 48;

/** False where the kernel knows no such thing. */
export function askForShortSlices(libc: Libc): boolean {
  // struct sched_attr: size, policy (0 = SCHED_OTHER), flags, nice, priority, runtime, deadline, period.
  const attributes = new DataView(new ArrayBuffer(ATTRIBUTES_OCTETS));
  attributes.setUint32(0, ATTRIBUTES_OCTETS, true);
  attributes.setInt32(16, getPriority(0), true);
  attributes.setBigUint64(24, SLICE_NANOSECONDS, true);
  return libc.schedSetattr(0, new Uint8Array(attributes.buffer)) === 0;
}
