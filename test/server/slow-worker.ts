/**
 * A worker that takes 50 µs for an answer, so that its sockets are never empty under load.
 *
 * @module
 */
import { workerData } from "node:worker_threads";
import { respond } from "../../src/server/respond.ts";
import { runUdpWorker, type UdpWorkerStart } from "../../src/server/udp-worker.ts";

const ANSWER_MS = 0.05;

runUdpWorker(workerData as UdpWorkerStart, (view, query, client, out) => {
  for (const untilMs = performance.now() + ANSWER_MS; performance.now() < untilMs; );
  return respond(view, query, client, out);
});
