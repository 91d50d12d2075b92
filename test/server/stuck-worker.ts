/**
 * A worker that never comes back from its first query.
 *
 * @module
 */
import { workerData } from "node:worker_threads";
import { runUdpWorker, type UdpWorkerStart } from "../../src/server/udp-worker.ts";

runUdpWorker(workerData as UdpWorkerStart, () => {
  for (;;);
});
