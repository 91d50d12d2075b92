/**
 * The thread that expectation-thread.ts starts: keeps a snapshot, and asks of it what it is told to.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { applyNews, type Snapshot } from "../snapshot/snapshot.ts";
import type { ThreadAnswer, ThreadQuestion } from "./expectation-thread.ts";
import { complaintsAbout } from "./run-expectations.ts";

let snapshot: Snapshot | undefined;

parentPort!.on("message", ({ news, asked }: ThreadQuestion) => {
  snapshot = applyNews(snapshot, news);
  parentPort!.postMessage(complaintsAbout(snapshot, asked) satisfies ThreadAnswer);
});
