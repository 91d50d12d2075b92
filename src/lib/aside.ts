/**
 * Work in a thread of its own, in which nobody is kept waiting; the garbage goes with the thread. What comes of it is
 * posted, and shared memory in it comes by reference.
 *
 *   runAside(new URL("./place-worker.ts", …), input)  ─►  the thread: answerAside(load)
 *                                             result  ◄─
 *
 * @module
 */
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { ErrorCode } from "./error-codes.ts";
import { WindroseError } from "./errors.ts";

/** Of an error that is posted only the message arrives, so the rest of it goes beside. */
type Answer<Result> =
  | { readonly result: Result }
  | {
      readonly code: ErrorCode;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** Of an entry that is named as it stands in src/, which is what tools look for; built, it ends as this file does. */
export function builtUrl(entry: URL): URL {
  entry.pathname = entry.pathname.replace(/\.ts$/, import.meta.url.slice(-3));
  return entry;
}

/** What the thread's answerAside() gives. Rejects as that throws. */
export function runAside<Result>(entry: URL, input: unknown): Promise<Result> {
  const worker = new Worker(builtUrl(entry), { workerData: input });
  return new Promise((resolve, reject) => {
    worker.on("message", (answer: Answer<Result>) => {
      if ("result" in answer) resolve(answer.result);
      else reject(new WindroseError(answer.code, answer.message, { ...answer.fields }));
    });
    worker.on("error", reject);
    worker.on("exit", (code) =>
      reject(new Error(`the thread of ${entry.pathname} ended with code ${code} and without an answer`)),
    );
  });
}

/** In the thread, once: does the work with what runAside() was given, and posts what comes of it. */
export function answerAside<Input, Result>(work: (input: Input) => Result): void {
  parentPort!.postMessage(answerOf(() => work(workerData as Input)));
}

function answerOf<Result>(work: () => Result): Answer<Result> {
  try {
    return { result: work() };
  } catch (error) {
    if (!(error instanceof WindroseError)) throw error;
    return { code: error.code, message: error.message, fields: error.fields };
  }
}
