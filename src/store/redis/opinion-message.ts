/**
 * How a prober's opinions go through Redis: each once in full, and then its numbers in a few octets.
 *
 *   message   HEAD as JSON, newline, NUMBERS
 *   HEAD      {"p":"us-1","g":"us-east","e":EPOCH,"r":RUN,"n":57,"full":[[endpoint,number,sequence,state,…]],"gone":[endpoint]}
 *   NUMBERS   time (double), then for each endpoint: number, sequence of its opinion in full, how much later this is,
 *             ms since that time, response in tenths of a ms and 1 (0: none), failures; each 7 bits an octet, lowest first
 *
 * `n` counts the messages of a prober, so that a lost one is noticed. Numbers say on which opinion in full they stand: who has missed it
 * leaves them out. Beside messages, the opinion in full and all numbers stand in the prober's hash, in the same form.
 *
 * What comes from Redis may be anything; what is no message is undefined here.
 *
 * @module
 */
import { type Opinion, parseOpinion } from "../../health/opinion.ts";
import { parseJson } from "../live/live-records.ts";

/** Whose it is. */
export interface Speaker {
  readonly prober: string;
  readonly region: string;
  readonly epoch: number;
  /** Of the process, for two may have one name and start in the same millisecond. */
  readonly run: string;
}

/** An opinion with the number by which its prober calls its endpoint. */
export interface Numbered {
  readonly number: number;
  readonly opinion: Opinion;
}

/** What changes with each check that finds nothing new. */
export interface Numbers {
  readonly number: number;
  /** Of the opinion in full. */
  readonly baseSequence: number;
  readonly sequence: number;
  readonly checkedMs: number;
  readonly responseMs: number | null;
  readonly failures: number;
}

export interface OpinionMessage extends Speaker {
  readonly n: number;
  readonly full: readonly Numbered[];
  readonly gone: readonly string[];
  readonly numbers: readonly Numbers[];
}

const NEWLINE = 0x0a;
/** Of one entry of NUMBERS: six numbers below 2^53. */
const ENTRY_OCTETS_MAX = 48;
/** A change of less is told with the next opinion in full, as it comes with every check. */
const DAYS_MIN = 0.1;
/** As of an opinion in full. */
const AHEAD_MS_MAX = 60_000;

export function encodeMessage({
  prober,
  region,
  epoch,
  run,
  n,
  full,
  gone,
  numbers,
}: OpinionMessage): Buffer {
  const head = {
    ...{ p: prober, g: region, e: epoch, r: run, n },
    ...(full.length > 0
      ? { full: full.map(({ number, opinion }) => [opinion.endpoint, ...fieldsOf(number, opinion)]) }
      : {}),
    ...(gone.length > 0 ? { gone } : {}),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), encodeNumbers(numbers)]);
}

export function decodeMessage(octets: Buffer, nowMs: number): OpinionMessage | undefined {
  const end = octets.indexOf(NEWLINE);
  const head = end < 0 ? undefined : parseJson(octets.toString("utf8", 0, end));
  if (typeof head !== "object" || head === null) return undefined;
  const { p: prober, g: region, e: epoch, r: run, n, full = [], gone = [] } = head as Record<string, unknown>;
  if (!isText(prober) || !isText(region) || !isText(run) || !isCount(epoch) || !isCount(n)) return undefined;
  if (!Array.isArray(full) || !Array.isArray(gone)) return undefined;
  const speaker = { prober, region, epoch, run };
  const opinions = (full as unknown[]).map((each) =>
    Array.isArray(each) && isText(each[0]) ? parseFields(speaker, each[0], each.slice(1), nowMs) : undefined,
  );
  return {
    ...speaker,
    n,
    full: opinions.filter((each) => each !== undefined),
    gone: (gone as unknown[]).filter(isText),
    numbers: decodeNumbers(octets.subarray(end + 1), nowMs),
  };
}

/** As it stands in the hash, at its endpoint. */
export function encodeFull({ number, opinion }: Numbered): string {
  return JSON.stringify(fieldsOf(number, opinion));
}

export function decodeFull(
  speaker: Speaker,
  endpoint: string,
  text: string,
  nowMs: number,
): Numbered | undefined {
  const fields = parseJson(text);
  return Array.isArray(fields) ? parseFields(speaker, endpoint, fields, nowMs) : undefined;
}

/** Nothing where there are none. */
export function encodeNumbers(numbers: readonly Numbers[]): Buffer {
  if (numbers.length === 0) return Buffer.alloc(0);
  const octets = Buffer.allocUnsafe(8 + ENTRY_OCTETS_MAX * numbers.length);
  const fromMs = numbers.reduce(
    (least, { checkedMs }) => Math.min(least, checkedMs),
    Number.POSITIVE_INFINITY,
  );
  let at = octets.writeDoubleBE(fromMs, 0);
  const put = (value: number) => {
    let rest = value;
    while (rest >= 0x80) {
      octets[at++] = 0x80 | (rest % 0x80);
      rest = Math.floor(rest / 0x80);
    }
    octets[at++] = rest;
  };
  for (const { number, baseSequence, sequence, checkedMs, responseMs, failures } of numbers) {
    put(number);
    put(baseSequence);
    put(sequence - baseSequence);
    put(Math.round(checkedMs - fromMs));
    put(responseMs === null ? 0 : Math.round(10 * responseMs) + 1);
    put(failures);
  }
  return octets.subarray(0, at);
}

/** Those that are from the future are left out. */
export function decodeNumbers(octets: Buffer, nowMs: number): Numbers[] {
  if (octets.length < 8) return [];
  const fromMs = octets.readDoubleBE(0);
  if (!isCount(fromMs)) return [];
  let at = 8;
  const take = () => {
    let [value, scale] = [0, 1];
    while (at < octets.length) {
      const octet = octets[at++]!;
      value += (octet & 0x7f) * scale;
      if (octet < 0x80) return value;
      scale *= 0x80;
    }
    return Number.NaN;
  };
  const all: Numbers[] = [];
  while (at < octets.length) {
    const [number, baseSequence, later, ms, response, failures] = [
      take(),
      take(),
      take(),
      take(),
      take(),
      take(),
    ];
    const sequence = baseSequence + later;
    const checkedMs = fromMs + ms;
    // Beyond that it is garbage, and so is all that follows.
    if (!Number.isSafeInteger(number) || !Number.isSafeInteger(sequence) || !Number.isSafeInteger(failures))
      break;
    if (!Number.isFinite(checkedMs) || !Number.isFinite(response)) break;
    if (checkedMs > nowMs + AHEAD_MS_MAX) continue;
    const responseMs = response === 0 ? null : (response - 1) / 10;
    all.push({ number, baseSequence, sequence, checkedMs, responseMs, failures });
  }
  return all;
}

/** Are numbers not enough to tell `now` to who knows `told`? */
export function needsFull(told: Opinion, now: Opinion): boolean {
  return (
    told.state !== now.state ||
    told.sinceMs !== now.sinceMs ||
    told.firstFailureMs !== now.firstFailureMs ||
    told.reason !== now.reason ||
    told.agent?.weightPercent !== now.agent?.weightPercent ||
    told.agent?.state !== now.agent?.state ||
    (told.daysToExpiry === null) !== (now.daysToExpiry === null) ||
    Math.abs((told.daysToExpiry ?? 0) - (now.daysToExpiry ?? 0)) >= DAYS_MIN ||
    told.epoch !== now.epoch ||
    told.region !== now.region ||
    now.sequence < told.sequence
  );
}

function fieldsOf(number: number, opinion: Opinion): unknown[] {
  const {
    sequence,
    state,
    sinceMs,
    checkedMs,
    firstFailureMs,
    failures,
    reason,
    responseMs,
    agent,
    daysToExpiry,
  } = opinion;
  const numbers = [
    number,
    sequence,
    state,
    sinceMs,
    checkedMs,
    firstFailureMs,
    failures,
    reason,
    responseMs,
    daysToExpiry,
  ];
  return agent === null ? numbers : [...numbers, agent.weightPercent, agent.state];
}

function parseFields(
  { prober, region, epoch }: Speaker,
  endpoint: string,
  fields: readonly unknown[],
  nowMs: number,
): Numbered | undefined {
  const [
    number,
    sequence,
    state,
    sinceMs,
    checkedMs,
    firstFailureMs,
    failures,
    reason,
    responseMs,
    daysToExpiry,
    ...rest
  ] = fields;
  const [weightPercent, agentState] = rest;
  const agent = rest.length === 0 ? null : { weightPercent, state: agentState };
  const value = {
    ...{ endpoint, prober, region, epoch, sequence, state, sinceMs, checkedMs, firstFailureMs, failures },
    ...{ reason, responseMs, agent, daysToExpiry },
  };
  const opinion = parseOpinion(value, nowMs);
  return opinion === undefined || !isCount(number) ? undefined : { number, opinion };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
