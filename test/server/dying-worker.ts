/**
 * A worker that dies on demand, and else answers as any other: what the first label of the qname begins
 * with says how.
 *
 *   exit…     the thread ends
 *   throw…    an error that nothing catches
 *   fail…     an error inside respond(), which is answered with SERVFAIL
 *
 * @module
 */
import { workerData } from "node:worker_threads";
import { respond } from "../../src/server/respond.ts";
import { runUdpWorker, type UdpWorkerStart } from "../../src/server/udp-worker.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";

const BROKEN = {
  get directory(): never {
    throw new Error("broken on demand");
  },
} as unknown as Snapshot;

runUdpWorker(workerData as UdpWorkerStart, (view, query, client, out) => {
  const label = String.fromCharCode(...query.octets.subarray(13, 13 + (query.octets[12] ?? 0)));
  if (label.startsWith("exit")) process.exit(7);
  if (label.startsWith("throw")) throw new Error("dead on demand");
  if (!label.startsWith("fail")) return respond(view, query, client, out);
  const { snapshot } = view;
  view.snapshot = BROKEN;
  try {
    return respond(view, query, client, out);
  } finally {
    view.snapshot = snapshot;
  }
});
