/**
 * What comes from elsewhere (another process, a file) as a record of the exchange, or undefined when it is none. Opinions have
 * parseOpinion() of their own.
 *
 * @module
 */
import {
  type AppliedVerdict,
  type Demand,
  type GivenOrder,
  type MemberKey,
  type MemberLoad,
  type MemberOrder,
  type ProberHead,
  type RttSample,
  SAMPLE_SOURCES,
  type SavedVerdict,
} from "./live-exchange.ts";

/** Ids have at most 64 characters, an endpoint has an id and an address, an incident an endpoint and a time. */
const NAME_LENGTH_MAX = 256;
/** As the API takes it. */
const ORDER_REASON_LENGTH_MAX = 500;

/** One key for a member of a pool. JSON, for both names may hold any character. */
export function memberText({ pool, member }: MemberKey): string {
  return JSON.stringify([pool, member]);
}

export function parseMember(text: string): MemberKey | undefined {
  const parts = parseJson(text);
  if (!Array.isArray(parts)) return undefined;
  const [pool, member] = parts as unknown[];
  return isName(pool) && isName(member) ? { pool, member } : undefined;
}

/** `value` is a GivenOrder, or null for one that was taken back. */
export function parseMemberOrder(key: string, value: unknown): MemberOrder | undefined {
  const member = parseMember(key);
  const order = value === null ? null : parseOrder(value);
  return member === undefined || order === undefined ? undefined : { ...member, order };
}

/** `value` is a number, or null where nothing is reported any more. */
export function parseMemberLoad(key: string, value: unknown): MemberLoad | undefined {
  const member = parseMember(key);
  return member === undefined || !(value === null || isCount(value)) ? undefined : { ...member, load: value };
}

export function parseHead(value: unknown): ProberHead | undefined {
  const { name, region, epoch, version } = fieldsOf(value);
  if (!(isName(name) && isName(region) && isCount(epoch) && isName(version))) return undefined;
  return { name, region, epoch, version };
}

export function parseVerdict(value: unknown): SavedVerdict | undefined {
  const { state, sinceMs, savedMs } = fieldsOf(value);
  if (!(state === "up" || state === "down") || !isCount(sinceMs) || !isCount(savedMs)) return undefined;
  return { state, sinceMs, savedMs };
}

export function parseApplied(value: unknown): AppliedVerdict | undefined {
  const { incident, node, atMs } = fieldsOf(value);
  return isName(incident) && isName(node) && isCount(atMs) ? { incident, node, atMs } : undefined;
}

export function parseSample(value: unknown): RttSample | undefined {
  const { network, region, rttMs, count, atMs, source } = fieldsOf(value);
  if (!(isName(network) && isName(region) && isCount(rttMs) && isCount(count) && isCount(atMs))) {
    return undefined;
  }
  const known = SAMPLE_SOURCES.find((one) => one === source);
  return { network, region, rttMs, count, atMs, ...(known !== undefined && { source: known }) };
}

export function parseDemand(value: unknown): Demand | undefined {
  const { network, rate, resolver } = fieldsOf(value);
  return isName(network) && isCount(rate) && isName(resolver) ? { network, rate, resolver } : undefined;
}

/** Of an array, those that are what they should be. */
export function parseEach<Item>(values: unknown, parse: (value: unknown) => Item | undefined): Item[] {
  if (!Array.isArray(values)) return [];
  return (values as unknown[]).map(parse).filter((item) => item !== undefined);
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseOrder(value: unknown): GivenOrder | undefined {
  const { kind, untilMs, by, reason, atMs } = fieldsOf(value);
  if (kind !== "up" && kind !== "down" && kind !== "drain") return undefined;
  if (!(untilMs === null || isCount(untilMs)) || !isName(by) || !isCount(atMs)) return undefined;
  if (typeof reason !== "string" || reason.length > ORDER_REASON_LENGTH_MAX) return undefined;
  return { kind, untilMs, by, reason, atMs };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= NAME_LENGTH_MAX;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
