/**
 * Verdicts: from the opinions on one endpoint to what is held of it.
 *
 *   probers of a region ── more than half ──► region ── quorum ──► verdict
 *
 * A region is down when more than half of its probers say so; a tie is up, for one of the two must be wrong, and a false alarm
 * costs more than a failure that the other regions see anyway. The quorum says how many of the regions with an opinion must see
 * the endpoint down. All of it is a function of the opinions that are handed in.
 *
 * @module
 */
import type { AgentReport, OpinionBody, OpinionState } from "./opinion.ts";

export type Quorum = "majority" | "any" | "all" | number;

/** What the fold must know of a monitor. A MonitorDocument will do. */
export interface MonitorRules {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly quorum: Quorum;
}

/** What one region sees. */
export interface RegionView {
  readonly region: string;
  /** Unknown = no opinion: its probers are silent or suspect, or never checked. */
  readonly state: OpinionState;
  /** Null without an opinion. */
  readonly sinceMs: number | null;
  /** When the failures began, as the first of its probers saw it; null when it is not down. */
  readonly firstFailureMs: number | null;
  /** Why it is down, or why it has no opinion; "" when up. */
  readonly reason: string;
  /** In ms, the middle one of its probers. */
  readonly responseMs: number | null;
  /** Probers that count. */
  readonly probers: number;
  /** Of these, how many say down. */
  readonly down: number;
  /** Probers that see nearly everything down, and so do not count. */
  readonly suspects: number;
  /** Probers that have not spoken for too long, or have gone. */
  readonly silent: number;
}

export interface Verdict {
  readonly state: OpinionState;
  /** How answers treat it: what is unknown counts as up. */
  readonly countsAs: "up" | "down";
  /** When the last region that it took saw it so, as far as the probers of now remember. Null while unknown. */
  readonly sinceMs: number | null;
  /** Of the newest check that counts; null while there was none. */
  readonly checkedMs: number | null;
  /** There is no fresh opinion, so this is the last verdict. */
  readonly stale: boolean;
  /** Known from before this process began, and not confirmed yet. */
  readonly coldStart: boolean;
  /** `connect timed out after 2 s from us-east, eu-west; HTTP 503 from ap-south`; "" when nothing is wrong. */
  readonly reason: string;
  /** When the failures began, of the regions that see it down. */
  readonly firstFailureMs: number | null;
  /** Regions that must see it down, and regions with an opinion. */
  readonly needed: number;
  readonly heard: number;
  /** By name. */
  readonly regions: readonly RegionView[];
  /** The newest report. */
  readonly agent: AgentReport | null;
  /** In ms, the middle one of the regions that see it up. */
  readonly responseMs: number | null;
  /** The least that was seen. */
  readonly daysToExpiry: number | null;
}

/** A verdict as it is kept for the next start. */
export interface LastVerdict {
  readonly state: OpinionState;
  readonly sinceMs: number | null;
  /** When it was kept. */
  readonly atMs: number;
  readonly reason: string;
}

/** An opinion, and whether it counts. */
export interface Voice extends OpinionBody {
  readonly credit: "counts" | "suspect" | "silent";
}

/** How many of `heard` regions must see an endpoint down for it to be down. At least 1. */
export function neededOf(quorum: Quorum, heard: number): number {
  if (quorum === "any") return 1;
  if (quorum === "all") return Math.max(1, heard);
  if (quorum === "majority") return Math.floor(heard / 2) + 1;
  // Three regions cannot agree where two are left; then these decide, as with `all`.
  return Math.max(1, Math.min(quorum, heard));
}

/** After this long without a check an opinion has expired: losing one or two reports is ordinary, three mean that nobody checks. */
export function lifetimeMs({ intervalMs, timeoutMs }: MonitorRules): number {
  return 3 * intervalMs + timeoutMs;
}

/** The verdict of voices that are in the order of their regions, at least one of which counts. `isStale` is said of all of them. */
export function verdictOf(voices: readonly Voice[], quorum: Quorum, isStale: boolean): Verdict {
  const regions = viewRegions(voices);
  const upSince: number[] = [];
  const downSince: number[] = [];
  for (const { state, sinceMs } of regions) {
    if (state === "up") upSince.push(sinceMs!);
    if (state === "down") downSince.push(sinceMs!);
  }
  const heard = upSince.length + downSince.length;
  const needed = neededOf(quorum, heard);
  const isDown = downSince.length >= needed;
  const counting = voices.filter((voice) => voice.credit === "counts");
  return {
    state: isDown ? "down" : "up",
    countsAs: isDown ? "down" : "up",
    // It is up from the moment on when too few were left that saw it down.
    sinceMs: isDown ? nthSmallest(downSince, needed) : nthSmallest(upSince, heard - needed + 1),
    checkedMs: Math.max(...counting.map((voice) => voice.checkedMs)),
    stale: isStale,
    coldStart: false,
    reason: reasonOf(regions),
    firstFailureMs: leastOf(regions.map((view) => view.firstFailureMs)),
    needed,
    heard,
    regions,
    agent: newestAgent(counting),
    responseMs: middleOf(regions.filter(({ state }) => state === "up").map((view) => view.responseMs)),
    daysToExpiry: leastOf(counting.map((voice) => voice.daysToExpiry)),
  };
}

/** The verdict where nobody's voice counts: what was known before, or nothing. */
export function verdictWithout(voices: readonly Voice[], last: LastVerdict | undefined): Verdict {
  const state = last?.state ?? "unknown";
  const regions = viewRegions(voices);
  return {
    state,
    countsAs: state === "down" ? "down" : "up",
    sinceMs: last?.sinceMs ?? null,
    checkedMs: null,
    stale: last !== undefined,
    coldStart: last !== undefined,
    reason: last?.reason ?? (regions.length > 0 ? "no region has an opinion" : "never checked"),
    firstFailureMs: null,
    needed: 1,
    heard: 0,
    regions,
    agent: null,
    responseMs: null,
    daysToExpiry: null,
  };
}

function viewRegions(voices: readonly Voice[]): RegionView[] {
  const regions: RegionView[] = [];
  for (let begin = 0; begin < voices.length; ) {
    let end = begin + 1;
    while (end < voices.length && voices[end]!.region === voices[begin]!.region) end++;
    regions.push(viewRegion(voices[begin]!.region, voices.slice(begin, end)));
    begin = end;
  }
  return regions;
}

function viewRegion(region: string, voices: readonly Voice[]): RegionView {
  const counting = voices.filter((voice) => voice.credit === "counts" && voice.state !== "unknown");
  const down = counting.filter((voice) => voice.state === "down");
  const suspects = voices.filter((voice) => voice.credit === "suspect").length;
  const silent = voices.filter((voice) => voice.credit === "silent" && voice.state !== "unknown").length;
  const counts = { region, probers: counting.length, down: down.length, suspects, silent };
  if (counting.length === 0) {
    const reason =
      suspects > 0
        ? "sees nearly everything down, which other regions do not"
        : silent > 0
          ? "silent"
          : "not checked yet";
    return { ...counts, state: "unknown", sinceMs: null, firstFailureMs: null, reason, responseMs: null };
  }
  const needed = Math.floor(counting.length / 2) + 1;
  if (down.length >= needed) {
    return {
      ...counts,
      state: "down",
      sinceMs: nthSmallest(
        down.map((voice) => voice.sinceMs),
        needed,
      ),
      firstFailureMs: leastOf(down.map((voice) => voice.firstFailureMs)),
      reason: commonReason(down),
      responseMs: null,
    };
  }
  const up = counting.filter((voice) => voice.state === "up");
  return {
    ...counts,
    state: "up",
    sinceMs: nthSmallest(
      up.map((voice) => voice.sinceMs),
      counting.length - needed + 1,
    ),
    firstFailureMs: null,
    reason: "",
    responseMs: middleOf(up.map((voice) => voice.responseMs)),
  };
}

/** What is wrong, by reason: those that most regions give come first. */
function reasonOf(regions: readonly RegionView[]): string {
  const byReason = new Map<string, string[]>();
  for (const { state, reason, region } of regions) {
    if (state !== "down") continue;
    const from = byReason.get(reason);
    if (from === undefined) byReason.set(reason, [region]);
    else from.push(region);
  }
  return [...byReason]
    .sort(([a, fromA], [b, fromB]) => fromB.length - fromA.length || compareTexts(a, b))
    .map(([reason, from]) => `${reason} from ${from.join(", ")}`)
    .join("; ");
}

/** The reason that most give; of equals, the first in the order of texts. */
function commonReason(voices: readonly Voice[]): string {
  const counts = new Map<string, number>();
  for (const voice of voices) {
    // A prober whose last check was good may still be waiting for `up-after`.
    const reason = voice.reason === "" ? "was down, and has not been up for long enough" : voice.reason;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].sort(([a, times], [b, timesOfB]) => timesOfB - times || compareTexts(a, b))[0]![0];
}

/** Of two reports of one moment, either; but the same one everywhere, so the order of the voices decides. */
function newestAgent(voices: readonly Voice[]): AgentReport | null {
  let newest: Voice | null = null;
  for (const voice of voices) {
    if (voice.agent !== null && (newest === null || voice.checkedMs > newest.checkedMs)) newest = voice;
  }
  return newest?.agent ?? null;
}

/** By code units, so that it is the same on every machine, whatever its language. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** From 1. */
function nthSmallest(values: number[], nth: number): number {
  return values.sort((a, b) => a - b)[nth - 1]!;
}

function leastOf(values: readonly (number | null)[]): number | null {
  return known(values)[0] ?? null;
}

/** Of an even number, the lower of the two in the middle. */
function middleOf(values: readonly (number | null)[]): number | null {
  const sorted = known(values);
  return sorted[(sorted.length - 1) >> 1] ?? null;
}

/** Those that are known, the least first. */
function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null).sort((a, b) => a - b);
}
