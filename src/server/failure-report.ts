/**
 * Tells of answers that failed by a fault of ours: respond() has answered SERVFAIL, and the
 * log gets the query, so that the failure can be repeated. One line a second at most: a query
 * that fails can be sent a hundred thousand times a second.
 *
 * @module
 */
import type { Logger } from "pino";

const REPORT_INTERVAL_MS = 1000;

/** For ViewOptions.onFailure. `nowMs` is a clock that only goes up. */
export function failureReport(
  log: Logger,
  nowMs: () => number = () => performance.now(),
): (error: unknown, query: Uint8Array, failures?: number) => void {
  let reportedMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  return function report(error, query, failures = 1) {
    count += failures;
    if (nowMs() - reportedMs < REPORT_INTERVAL_MS) return;
    reportedMs = nowMs();
    log.error({ err: error, query: Buffer.from(query).toString("base64"), count }, "answer failed");
    count = 0;
  };
}
