/**
 * The line of HAProxy's agent-check: words in any order, parted by spaces, tabs or commas.
 *
 *   75%                     weight
 *   ready │ drain │ maint   whether it takes traffic at all, as its operator wants
 *   up                      well
 *   down │ failed │ fail │ stopped [# reason]    not well
 *   maxconn:N               not for us
 *
 * HAProxy passes over words that it does not know. Here they are a failure: an agent that says "dwon" must not count as up.
 *
 * @module
 */
import type { AgentReport } from "./check.ts";
import { quote } from "./words.ts";

export interface AgentLine extends AgentReport {
  /** Why the endpoint is not well, or what is wrong with the line; empty when it is well. */
  readonly reason: string;
}

/** As a weight that grows tenfold, more would be a slip of the pen. */
const WEIGHT_PERCENT_MAX = 1000;

export function readAgentLine(line: string): AgentLine {
  const hash = line.indexOf("#");
  const said = hash < 0 ? "" : line.slice(hash + 1).trim();
  const words = (hash < 0 ? line : line.slice(0, hash)).split(/[ \t,]+/).filter((word) => word !== "");
  if (words.length === 0) return garbage("the agent sent an empty line");
  let weightPercent: number | null = null;
  let state: AgentReport["state"] = null;
  let reason = "";
  for (const written of words) {
    const word = written.toLowerCase();
    if (/^[0-9]{1,4}%$/.test(word) && Number.parseInt(word, 10) <= WEIGHT_PERCENT_MAX) {
      weightPercent = Number.parseInt(word, 10);
    } else if (word === "ready" || word === "drain" || word === "maint") {
      state = word;
    } else if (word === "down" || word === "failed" || word === "fail" || word === "stopped") {
      reason = said === "" ? `the agent says ${word}` : `the agent says ${word}: ${quote(said)}`;
    } else if (word !== "up" && !/^maxconn:[0-9]+$/.test(word)) {
      return garbage(`the agent sent ${quote(line)}, and ${quote(written)} is no word of agent-check`);
    }
  }
  return { weightPercent, state, reason };
}

/** Of a line that is not understood, nothing is believed. */
function garbage(reason: string): AgentLine {
  return { weightPercent: null, state: null, reason };
}
