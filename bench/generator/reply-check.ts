/**
 * Is this the reply that the workload expects? QR, rcode, number of answers, and the question octet for octet,
 * its case included.
 *
 * @module
 */
import type { Workload } from "../workloads.ts";

/** `asked` is one of our own queries: uncompressed, one question. */
export function isRightReply(workload: Workload, asked: Uint8Array, reply: Uint8Array): boolean {
  const answers = (reply[6]! << 8) | reply[7]!;
  const isResponse = (reply[2]! & 0x80) !== 0;
  if (!isResponse || (reply[3]! & 0x0f) !== workload.rcode || answers !== workload.answers) return false;
  const end = questionEnd(asked);
  for (let i = 12; i < end; i++) if (reply[i] !== asked[i]) return false;
  return true;
}

function questionEnd(query: Uint8Array): number {
  let at = 12;
  while (query[at] !== 0) at += 1 + query[at]!;
  return at + 5;
}
