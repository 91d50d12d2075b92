/**
 * What steps that look at clients and load know of a member: whose clients it serves, where it stands, whose
 * round-trip times speak for it, and what it can carry.
 *
 * What a member that is a pool says nothing of, its pool may say; that pool may stand in another file, so
 * linkPoolMembers() fills it in when all files are joined. Lacks are only known then, and reported there.
 *
 * @module
 */
import type { Coordinates } from "../geo/coordinates.ts";
import { findPlace } from "../geo/places.ts";
import { formatServedPlace, parseServedPlace, type ServedPlace } from "../geo/served-place.ts";
import type { Capacity, MemberSpec, StepSpec } from "../steering/spec.ts";
import type { PoolDocument } from "./configuration.ts";
import type { FaultList, Place } from "./fault-list.ts";
import { listOf, type MemberText, type PoolText } from "./schema.ts";

const LOAD = 0;
const LOW = 0.8;
const HIGH = 1;

type Traits = Pick<MemberSpec, "serves" | "location" | "bias" | "region" | "capacity">;

type MemberMap = Exclude<MemberText, string>;

/** Of one member; `location` and `region` are null where it says nothing of them. */
export function compileTraits(text: MemberMap, place: Place, faults: FaultList): Traits {
  return {
    serves: compileServes(text.serves, place.at("serves"), faults),
    location: compileLocation(text.location, place.at("location"), faults),
    bias: text.bias ?? 0,
    region: text.region ?? null,
    capacity: compileCapacity(text, place, faults),
  };
}

/** Null also where there is no such place, which is reported. */
export function compileLocation(
  location: PoolText["location"],
  place: Place,
  faults: FaultList,
): Coordinates | null {
  if (location === undefined) return null;
  if (typeof location !== "string") return { latitude: location[0], longitude: location[1] };
  const found = findPlace(location);
  if (!("fault" in found)) return found;
  faults.error(place, "value", found.fault);
  return null;
}

function compileServes(written: MemberMap["serves"], place: Place, faults: FaultList): ServedPlace[] {
  const serves: ServedPlace[] = [];
  /** By its one way of being written. */
  const textByKey = new Map<string, string>();
  for (const [index, text] of listOf(written).entries()) {
    const at = typeof written === "string" ? place : place.at(index);
    const served = parseServedPlace(text);
    if ("fault" in served) {
      faults.error(at, "value", served.fault);
      continue;
    }
    const key = formatServedPlace(served);
    const first = textByKey.get(key);
    if (first === undefined) {
      textByKey.set(key, text);
      serves.push(served);
    } else {
      const as = first === text ? "" : ` (as "${first}")`;
      faults.error(at, "value", `"${text}" is in serves already${as}; leave it out here`);
    }
  }
  return serves;
}

function compileCapacity(text: MemberMap, place: Place, faults: FaultList): Capacity | null {
  const { capacity } = text;
  if (capacity === undefined) {
    const stray = (["load", "low", "high"] as const).find((key) => text[key] !== undefined);
    if (stray !== undefined) {
      const message = `${stray} without capacity says nothing; add capacity, in the unit that loads are reported in`;
      faults.error(place.at(stray), "key", message);
    }
    return null;
  }
  const low = partOf(text.low, LOW);
  const high = partOf(text.high, HIGH);
  if (low >= high) {
    const shown = (part: number) => `${Number((100 * part).toPrecision(12))}%`;
    const message = `low is ${shown(low)} of the capacity and high is ${shown(high)}; wanted low below high`;
    faults.error(place.at(text.low === undefined ? "high" : "low"), "value", message);
  }
  return { load: text.load ?? LOAD, capacity, low, high };
}

function partOf(mark: MemberMap["low"], fallback: number): number {
  if (mark === undefined) return fallback;
  return typeof mark === "number" ? mark : Number(mark.slice(0, -1)) / 100;
}

/** What one pool's members say and its policy does not use, and what `geo` lacks. */
export function checkTraits(
  text: PoolText,
  members: readonly MemberSpec[],
  policy: readonly StepSpec[],
  { id, place, faults, isWhole }: { id: string; place: Place; faults: FaultList; isWhole: boolean },
): void {
  // With members left out by a fault, indexes are not those of the document, and what is missing may only seem so.
  if (!isWhole || members.length !== text.members.length) return;
  const has = (type: string) => policy.some((step) => step.type === type);
  const warnOfUnused = (key: keyof MemberMap, step: string) => {
    if (has(step)) return;
    const index = text.members.findIndex((member) => mapOf(member)?.[key] !== undefined);
    if (index < 0) return;
    const message = `${key} is for the step ${step}, which is not in the policy of pool "${id}"; add ${step} to it, or leave ${key} out`;
    faults.warning(place.at("members", index, key), "key", message);
  };
  warnOfUnused("serves", "geo");
  warnOfUnused("bias", "proximity");
  warnOfUnused("capacity", "load");
  if (has("geo")) warnOfUnserved(members, { id, place, faults });
  if (policy.at(-1)?.type === "geo") checkServedTwice(text, members, place, faults);
}

function mapOf(member: MemberText | null | undefined): MemberMap | undefined {
  return typeof member === "object" && member !== null ? member : undefined;
}

function warnOfUnserved(
  members: readonly MemberSpec[],
  { id, place, faults }: { id: string; place: Place; faults: FaultList },
): void {
  const silent = members.filter(({ serves }) => serves.length === 0).map(({ name }) => name);
  if (silent.length > 0) {
    const message = `geo is in the policy of pool "${id}", but ${listed(silent)} ${silent.length === 1 ? "has" : "have"} no serves; say whose clients each member serves, "*" for all others`;
    faults.warning(place.at("policy"), "value", message);
  }
  if (!members.some(({ serves }) => serves.some(({ kind }) => kind === "all"))) {
    const message = `no member of pool "${id}" serves "*", so clients whom none of them serves may get any member; add "*" to one`;
    faults.warning(place.at("policy"), "value", message);
  }
}

/** Two members for the same clients, and no step that decides between them. */
function checkServedTwice(
  text: PoolText,
  members: readonly MemberSpec[],
  place: Place,
  faults: FaultList,
): void {
  const first = new Map<string, { name: string; at: Place }>();
  for (const [index, { name, serves }] of members.entries()) {
    const written = mapOf(text.members[index])?.serves;
    const texts = listOf(written);
    if (serves.length !== texts.length) continue; // one of them has a fault of its own
    for (const [i, served] of serves.entries()) {
      const at = place.at("members", index, "serves", ...(typeof written === "string" ? [] : [i]));
      const before = first.get(formatServedPlace(served));
      if (before === undefined) {
        first.set(formatServedPlace(served), { name, at });
        continue;
      }
      const { line } = before.at.source.locate(before.at.path, "value");
      const message = `"${texts[i]}" is served by "${before.name}" (line ${line}) and by "${name}", and no step after geo decides between them; leave it to one of them, or add a step such as weighted to the policy`;
      faults.error(at, "value", message);
    }
  }
}

/**
 * Fills in where members stand and whose round-trip times speak for them: their own word, else that of the pool
 * that they are, else that of the pool that they are in. Warns where a step would need it and nobody says it;
 * nothing is said of what may only seem to be missing, because its pool is not `isWhole`.
 */
export function linkPoolMembers(
  pools: ReadonlyMap<string, PoolDocument>,
  faults: FaultList,
  placeOf: (id: string) => { readonly place: Place; readonly isWhole: boolean },
): Map<string, PoolDocument> {
  const linked = new Map<string, PoolDocument>();
  for (const [id, pool] of pools) {
    const isOfPools = pool.members.some(({ kind }) => kind === "pool");
    const document = isOfPools
      ? { ...pool, members: pool.members.map((member) => linkMember(member, pool, pools)) }
      : pool;
    linked.set(id, document);
    const { place, isWhole } = placeOf(id);
    const isKnown = (member: MemberSpec) =>
      member.kind !== "pool" || (pools.has(member.pool) && placeOf(member.pool).isWhole);
    if (isWhole) warnOfLacks(document, document.members.filter(isKnown), place, faults);
  }
  return linked;
}

function linkMember(
  member: MemberSpec,
  pool: PoolDocument,
  pools: ReadonlyMap<string, PoolDocument>,
): MemberSpec {
  if (member.kind !== "pool") return member;
  const own = pools.get(member.pool);
  return {
    ...member,
    location: member.location ?? own?.location ?? pool.location ?? null,
    region: member.region ?? own?.region ?? pool.region ?? null,
  };
}

function warnOfLacks(
  { id, policy }: PoolDocument,
  known: readonly MemberSpec[],
  place: Place,
  faults: FaultList,
): void {
  const warn = (type: string, lacks: (member: MemberSpec) => boolean, where: string, remedy: string) => {
    if (!policy.some((step) => step.type === type)) return;
    const names = known.filter(lacks).map(({ name }) => name);
    if (names.length === 0) return;
    const message = `${type} is in the policy of pool "${id}", but nothing says ${where} ${listed(names)} ${names.length === 1 ? "stands" : "stand"}; ${remedy}`;
    faults.warning(place.at("policy"), "value", message);
  };
  const isNowhere = ({ location }: MemberSpec) => location === null;
  warn("proximity", isNowhere, "where", "add location to the member or to its pool");
  warn(
    "latency",
    (member) => member.region === null && isNowhere(member),
    "in which region or where",
    "add region to the member or to its pool",
  );
}

const NAMES_SHOWN_MAX = 8;

function listed(names: readonly string[]): string {
  const quoted = names.slice(0, NAMES_SHOWN_MAX).map((name) => `"${name}"`);
  const rest = names.length - quoted.length;
  if (rest > 0) return `${quoted.join(", ")} and ${rest} more`;
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)!}`;
}
