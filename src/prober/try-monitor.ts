/**
 * One check, now, that shows all there is to see. It counts for nothing.
 *
 * @module
 */
import type { MonitorDocument } from "../documents/configuration.ts";
import type { CheckResult, CheckTarget } from "./checks/check.ts";
import { makeCheck } from "./checks/check-table.ts";

/** Never rejects; settles within the monitor's timeout and 50 ms, or at once when the signal says so. `detail` of the result is filled. */
export function tryMonitor(
  monitor: MonitorDocument,
  target: CheckTarget,
  signal: AbortSignal = new AbortController().signal,
): Promise<CheckResult> {
  return makeCheck(monitor).run(target, { signal, detailed: true });
}
