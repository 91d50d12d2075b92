/**
 * An opinion: what one prober holds of one endpoint, after its own `down-after` and `up-after`.
 *
 *   check ─► check ─► …  one prober ─► opinion ─┐
 *                        another    ─► opinion ─┼─► HealthFold ─► verdict
 *                        in a region ─► …       ┘
 *
 * Of each prober on each endpoint only the latest counts, and which one that is can be told from the two alone. So it does not
 * matter in which order they come, how often, or how late. All times are ms since 1970 of the clock that all share.
 *
 * @module
 */

export type OpinionState = "up" | "down" | "unknown";

/** What HAProxy's agent-check says beside up and down; null where it said nothing. */
export interface AgentReport {
  /** 0 and more, in percent of the weight in the documents. */
  readonly weightPercent: number | null;
  readonly state: "ready" | "drain" | "maint" | null;
}

export interface Opinion {
  /** See endpointKey(). */
  readonly endpoint: string;
  readonly prober: string;
  readonly region: string;
  /** When the prober's process started. A later epoch replaces all opinions of an earlier one. */
  readonly epoch: number;
  /** Grows with each opinion of this prober on this endpoint. */
  readonly sequence: number;
  readonly state: OpinionState;
  /** When the state began. */
  readonly sinceMs: number;
  /** When it was checked last. */
  readonly checkedMs: number;
  /** When the failures that last until now began; null after a success. */
  readonly firstFailureMs: number | null;
  /** Consecutive. */
  readonly failures: number;
  /** Why the last check failed, in words; "" when it did not. Strangers have a say in it. At most 200 characters. */
  readonly reason: string;
  /** Of the last good check, in ms. */
  readonly responseMs: number | null;
  readonly agent: AgentReport | null;
  /** Of the certificate; below 0 when it is over. */
  readonly daysToExpiry: number | null;
}

/** Longer reasons say no more, and strangers can make them long. */
const REASON_LENGTH_MAX = 200;
/** As endpoints, probers and regions are named: ids of 64 characters, and an id with an address. */
const NAME_LENGTH_MAX = 128;
/** Clocks that are shared differ by milliseconds. What is a minute ahead is no time at all. */
const AHEAD_MS_MAX = 60_000;

/** `web 192.0.2.10`: the id of a monitor, and an address in its canonical text. */
export function endpointKey(monitor: string, address: string): string {
  return `${monitor} ${address}`;
}

/** The two parts of an endpointKey(). */
export function endpointParts(endpoint: string): { monitor: string; address: string } {
  const space = endpoint.indexOf(" ");
  return { monitor: endpoint.slice(0, space), address: endpoint.slice(space + 1) };
}

/**
 * A value that came from elsewhere as an opinion; undefined when it is none, or is from the future by a minute and more.
 * Control characters in the reason become spaces, and what is too long is cut.
 */
export function parseOpinion(value: unknown, nowMs: number): Opinion | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { endpoint, prober, region, reason, state, agent, ...numbers } = value as Record<string, unknown>;
  const { epoch, sequence, sinceMs, checkedMs, failures } = numbers;
  const { firstFailureMs = null, responseMs = null, daysToExpiry = null } = numbers;
  if (!(isName(endpoint) && isName(prober) && isName(region)) || endpoint.indexOf(" ") < 1) return undefined;
  if (state !== "up" && state !== "down" && state !== "unknown") return undefined;
  if (typeof reason !== "string") return undefined;
  const latest = nowMs + AHEAD_MS_MAX;
  if (!isTime(epoch, latest) || !isTime(sinceMs, latest) || !isTime(checkedMs, latest)) return undefined;
  if (!isCount(sequence) || !isCount(failures)) return undefined;
  if (firstFailureMs !== null && !isTime(firstFailureMs, latest)) return undefined;
  if (responseMs !== null && !isTime(responseMs, latest)) return undefined;
  if (daysToExpiry !== null && !Number.isFinite(daysToExpiry)) return undefined;
  return {
    endpoint,
    prober,
    region,
    epoch,
    sequence,
    state,
    sinceMs,
    checkedMs,
    firstFailureMs,
    failures,
    reason: cleanReason(reason),
    responseMs,
    agent: parseAgent(agent),
    daysToExpiry: daysToExpiry as number | null,
  };
}

/** In one line, of printable characters, and not too long. */
export function cleanReason(reason: string): string {
  const cut = reason.length <= REASON_LENGTH_MAX ? reason : `${reason.slice(0, REASON_LENGTH_MAX - 1)}…`;
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}

/** An opinion without its head, for who knows whose it is. */
export type OpinionBody = Omit<Opinion, "endpoint" | "prober">;

/** Does `a` come after `b`, of the same prober on the same endpoint? Never both ways, and always one way unless they are equal. */
export function isLater(a: OpinionBody, b: OpinionBody): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  if (a.sequence !== b.sequence) return a.sequence > b.sequence;
  if (a.checkedMs !== b.checkedMs) return a.checkedMs > b.checkedMs;
  // Two processes with one name and one start. Either will do, but it must be the same one everywhere.
  return textOf(a) > textOf(b);
}

function textOf(opinion: OpinionBody): string {
  const { region, state, sinceMs, firstFailureMs, failures, reason, responseMs, agent, daysToExpiry } =
    opinion;
  const said = agent && [agent.weightPercent, agent.state];
  return JSON.stringify([
    region,
    state,
    sinceMs,
    firstFailureMs,
    failures,
    reason,
    responseMs,
    said,
    daysToExpiry,
  ]);
}

function parseAgent(value: unknown): AgentReport | null {
  if (typeof value !== "object" || value === null) return null;
  const { weightPercent, state } = value as Record<string, unknown>;
  return {
    weightPercent: isCount(weightPercent) ? weightPercent : null,
    state: state === "ready" || state === "drain" || state === "maint" ? state : null,
  };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= NAME_LENGTH_MAX;
}

function isTime(value: unknown, latest: number): value is number {
  return typeof value === "number" && value >= 0 && value <= latest;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
