/**
 * Monitors: what the schema cannot say about them, and their defaults. What passes here, makeCheck() of
 * src/prober/checks/ can make.
 *
 * @module
 */
import { PresentationError } from "../lib/errors.ts";
import { nearestWord } from "../lib/nearest.ts";
import { Rcode } from "../wire/dns-codes.ts";
import { parseName, ROOT } from "../wire/name.ts";
import { parseRdata } from "../wire/rdata/index.ts";
import { parseType } from "../wire/rr-type.ts";
import type { MonitorDocument } from "./configuration.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import type { FaultList, Place } from "./fault-list.ts";
import type { MonitorText } from "./schema.ts";

const INTERVAL_MS = 10_000;
const TIMEOUT_MS = 5000;
const RECHECK_MS = 1000;
const DOWN_AFTER = 3;
const UP_AFTER = 2;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Below this a check measures the prober's own scheduling. */
const CHECK_MS_MIN = 10;

export function compileMonitor(
  id: string,
  text: MonitorText,
  place: Place,
  faults: FaultList,
): MonitorDocument {
  function time(
    key: "interval" | "timeout" | "recheck" | "slow",
    fallbackMs: number,
    min: number,
    max: number,
  ): number {
    const written = text[key];
    if (written === undefined) return fallbackMs;
    const ms = parseDuration(written);
    if (ms < min || ms > max) {
      faults.error(
        place.at(key),
        "value",
        `${key} is ${written}; wanted ${formatDuration(min)} to ${formatDuration(max)}`,
      );
    }
    return ms;
  }
  const intervalMs = time("interval", INTERVAL_MS, 1000, HOUR_MS);
  const timeoutMs = time(
    "timeout",
    Math.min(TIMEOUT_MS, intervalMs),
    CHECK_MS_MIN,
    Math.min(MINUTE_MS, Math.max(intervalMs, CHECK_MS_MIN)),
  );
  const recheckMs = time(
    "recheck",
    Math.min(RECHECK_MS, intervalMs),
    CHECK_MS_MIN,
    Math.max(intervalMs, CHECK_MS_MIN),
  );
  const slowMs = time("slow", 0, 1, Math.max(timeoutMs, 1));

  checkParticulars(text, place, faults);
  return {
    id,
    type: text.type,
    intervalMs,
    timeoutMs,
    downAfter: text["down-after"] ?? DOWN_AFTER,
    upAfter: text["up-after"] ?? UP_AFTER,
    recheckMs,
    quorum: text.quorum ?? "majority",
    ...(text.slow === undefined ? {} : { slowMs }),
    observe: text.observe ?? false,
    check: text,
  };
}

function checkParticulars(text: MonitorText, place: Place, faults: FaultList): void {
  switch (text.type) {
    case "http": {
      const statuses = text.expect?.status ?? [];
      for (const [index, status] of [statuses].flat().entries()) {
        const [low, high] = String(status).split("-").map(Number);
        if (high === undefined || low! <= high) continue;
        const at = Array.isArray(statuses)
          ? place.at("expect", "status", index)
          : place.at("expect", "status");
        faults.error(at, "value", `the range ${status} ends before it begins; write ${high}-${low}`);
      }
      const pattern = text.expect?.["body-matches"];
      if (pattern !== undefined) checkPattern(pattern, place.at("expect", "body-matches"), faults);
      break;
    }
    case "dns":
      checkDns(text, place, faults);
      break;
    default:
  }
}

function checkPattern(pattern: string, place: Place, faults: FaultList): void {
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : String(error);
    faults.error(
      place,
      "value",
      `not a regular expression: ${reason}; escape what is meant literally with \\`,
    );
  }
}

function checkDns(text: Extract<MonitorText, { type: "dns" }>, place: Place, faults: FaultList): void {
  try {
    parseName(text.name, ROOT);
  } catch (error) {
    if (!(error instanceof PresentationError)) throw error;
    faults.error(place.at("name"), "value", error.message);
  }
  const type = parseType(text.rrtype ?? "A");
  if (type === undefined) {
    faults.error(
      place.at("rrtype"),
      "value",
      `unknown RR type "${text.rrtype}"; wanted a mnemonic such as A, or TYPEnnn`,
    );
  }
  const answer = text.expect?.answer;
  if (type !== undefined && answer !== undefined) {
    try {
      parseRdata(type, answer, ROOT);
    } catch (error) {
      if (!(error instanceof PresentationError)) throw error;
      faults.error(place.at("expect", "answer"), "value", error.message);
    }
  }
  const rcode = text.expect?.rcode;
  if (rcode !== undefined && !Object.hasOwn(Rcode, rcode)) {
    const nearest = nearestWord(rcode, Object.keys(Rcode));
    const hint =
      nearest === undefined ? "wanted one such as NOERROR or NXDOMAIN" : `did you mean "${nearest}"?`;
    faults.error(place.at("expect", "rcode"), "value", `unknown RCODE "${rcode}"; ${hint}`);
  }
}
