/**
 * Runs expectations in a thread of its own, for whoever has others to serve meanwhile: a narrow share takes hundreds of thousands of
 * answers, which is seconds.
 *
 *   configuration ─► what is new in it over the one before ─► the thread: its snapshot, put together from that
 *   expectations ─────────────────────────────────────────►   asks, as clients would
 *   faults, with their places  ◄── what is wrong with which ──┘
 *
 * The thread is started when there is something to run for the first time, and lives until close(). It keeps its snapshot, so that
 * one edit does not send ten thousand zones; images are in shared memory as it is. Should it die, what it was asked rejects, and
 * the next one begins anew.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { Configuration } from "../documents/configuration.ts";
import type { Expectation } from "../documents/expectations.ts";
import type { PlacedExpectation } from "../documents/parse-documents.ts";
import { builtUrl } from "../lib/aside.ts";
import {
  applyNews,
  type ClientTables,
  newsBetween,
  type Snapshot,
  type SnapshotNews,
} from "../snapshot/snapshot.ts";
import type { Name } from "../wire/name.ts";
import { type Complaint, type ExpectationsResult, resultOf } from "./run-expectations.ts";

/** What the thread is asked: one at a time. */
export interface ThreadQuestion {
  readonly news: SnapshotNews;
  readonly asked: readonly { readonly expectation: Expectation; readonly zone: Name }[];
}

/** What is wrong with each of `asked`, in their order. */
export type ThreadAnswer = readonly (readonly Complaint[])[];

interface Running {
  readonly worker: Worker;
  /** What the thread has, and the configuration that it came from. */
  snapshot: Snapshot | undefined;
  configuration: Configuration | undefined;
}

export class ExpectationThread {
  #running: Running | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  /** As runExpectations(); rejects when the thread dies. */
  run(
    configuration: Configuration,
    expectations: readonly PlacedExpectation[],
    clientTables: ClientTables,
  ): Promise<ExpectationsResult> {
    const done = this.#queue.then(() => this.#run(configuration, expectations, clientTables));
    this.#queue = done.catch(() => {}); // who asked is told
    return done;
  }

  async close(): Promise<void> {
    await this.#running?.worker.terminate();
  }

  async #run(
    configuration: Configuration,
    expectations: readonly PlacedExpectation[],
    clientTables: ClientTables,
  ): Promise<ExpectationsResult> {
    if (expectations.length === 0) return { faults: [], held: 0 };
    this.#running ??= this.#start();
    const running = this.#running;
    const { snapshot, configuration: before } = running;
    const fresh = newsBetween(snapshot, configuration, before === undefined ? {} : { before });
    const areTablesSame =
      snapshot?.clientTables.places === clientTables.places &&
      snapshot.clientTables.latency === clientTables.latency;
    const news = areTablesSame ? fresh : { ...fresh, clientTables };
    running.snapshot = applyNews(snapshot, news);
    running.configuration = configuration;
    const asked = expectations.map(({ expectation, zone }) => ({ expectation, zone }));
    try {
      return resultOf(expectations, await ask(running.worker, { news, asked }));
    } catch (error) {
      // What it has is not what we think that it has.
      this.#running = undefined;
      await running.worker.terminate();
      throw error;
    }
  }

  #start(): Running {
    const worker = new Worker(builtUrl(new URL("./expectation-worker.ts", import.meta.url)));
    // Of whoever is asking; without a listener it would end the process.
    worker.on("error", () => {});
    worker.unref();
    return { worker, snapshot: undefined, configuration: undefined };
  }
}

function ask(worker: Worker, question: ThreadQuestion): Promise<ThreadAnswer> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      worker.unref();
    };
    const onMessage = (answer: ThreadAnswer) => {
      settle();
      resolve(answer);
    };
    const onError = (error: unknown) => {
      settle();
      reject(error);
    };
    const onExit = () => {
      settle();
      reject(new Error("the thread that runs expectations ended without an answer"));
    };
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.ref();
    worker.postMessage(question);
  });
}
