/**
 * What a worker thread of the data plane runs: see udp-worker.ts.
 *
 * @module
 */
import { workerData } from "node:worker_threads";
import { respond } from "./respond.ts";
import { runUdpWorker, type UdpWorkerStart } from "./udp-worker.ts";

runUdpWorker(workerData as UdpWorkerStart, respond);
