/**
 * Pools: what the schema cannot say about one pool, and its defaults.
 *
 * How pools hang together (unknown pools, cycles, depth, families) is in pool-graph.ts.
 *
 * @module
 */
import { Default } from "typebox/value";
import { formatAddress, parseAddress } from "../lib/address.ts";
import { count } from "../lib/count.ts";
import { PresentationError } from "../lib/errors.ts";
import { specialAddress } from "../lib/special-address.ts";
import type { EndpointSpec, MemberSpec, PoolSpec, StepSpec } from "../steering/spec.ts";
import { STEP_TYPES } from "../steering/step-table.ts";
import { parseName, ROOT } from "../wire/name.ts";
import type { PoolDocument } from "./configuration.ts";
import { parseDuration } from "./duration.ts";
import type { FaultList, Place } from "./fault-list.ts";
import { checkTraits, compileLocation, compileTraits } from "./member-traits.ts";
import { listOf, type MemberText, type PoolText, type StepText } from "./schema.ts";

const WEIGHT = 1;
const WARM_UP_MS_MAX = 3_600_000;
const POLICY: StepText = "weighted";

/** `isWhole` is false when the schema refused some part; then nothing is said of what may only seem to be missing. */
export function compilePool(
  id: string,
  text: PoolText,
  { place, faults, isWhole }: { place: Place; faults: FaultList; isWhole: boolean },
): PoolDocument {
  if (id === "open" || id === "closed") {
    faults.error(
      place,
      "key",
      `a pool cannot be called "${id}", which has a meaning of its own in when-down; choose another id`,
    );
  }
  const location = compileLocation(text.location, place.at("location"), faults);
  const members = compileMembers(text.members, place.at("members"), faults).map((member) =>
    withDefaultsOf(member, text.region ?? null, location),
  );
  const policy = compilePolicy(text.policy ?? POLICY);
  checkTraits(text, members, policy, { id, place, faults, isWhole });
  const minUp = text["min-up"] ?? 1;
  if (text.members.length === 0) {
    faults.error(place.at("members"), "value", `pool "${id}" has no members; add at least one`);
  } else {
    checkMinUp(minUp, text.members.length, place, faults);
    if (isWhole && members.length === text.members.length && members.every((member) => !member.enabled)) {
      faults.warning(
        place,
        "key",
        `all members of pool "${id}" are disabled, so when-down decides its answers; enable one`,
      );
    }
  }
  return {
    id,
    members,
    policy,
    answers: text.answers ?? 1,
    minUp,
    whenDown: compileWhenDown(text["when-down"] ?? "open"),
    ...(text.region === undefined ? {} : { region: text.region }),
    ...(location === null ? {} : { location }),
    ...(text.monitor === undefined ? {} : { monitor: text.monitor }),
    ...compileHealth(id, text, place, faults),
  };
}

/** What the pool makes of verdicts. */
function compileHealth(
  id: string,
  text: PoolText,
  place: Place,
  faults: FaultList,
): Pick<PoolDocument, "warmUpMs" | "maxOut" | "healthView"> {
  if (text.monitor === undefined) {
    for (const key of ["warm-up", "max-out", "health-view"] as const) {
      if (text[key] === undefined) continue;
      const message = `${key} does nothing in pool "${id}", which nothing checks; give it a monitor`;
      faults.warning(place.at(key), "key", message);
    }
  }
  const { "warm-up": warmUp, "max-out": maxOut, "health-view": healthView } = text;
  if (typeof maxOut === "number" && maxOut >= text.members.length && text.members.length > 0) {
    const message = `max-out is ${maxOut}, and the pool has ${count(text.members.length, "member")}, so it limits nothing; lower it, or take it out`;
    faults.warning(place.at("max-out"), "value", message);
  }
  return {
    ...(warmUp === undefined ? {} : { warmUpMs: compileWarmUp(warmUp, place.at("warm-up"), faults) }),
    ...(maxOut === undefined
      ? {}
      : { maxOut: typeof maxOut === "number" ? maxOut : { percent: Number.parseInt(maxOut, 10) } }),
    ...(healthView === undefined ? {} : { healthView }),
  };
}

function compileWarmUp(written: string, place: Place, faults: FaultList): number {
  const ms = parseDuration(written);
  if (ms < 1000 || ms > WARM_UP_MS_MAX) {
    faults.error(place, "value", `warm-up is ${written}; wanted 1s to 1h`);
  }
  return ms;
}

/** Of a member that is a pool, the word of that pool comes first: see linkPoolMembers(). */
function withDefaultsOf(
  member: MemberSpec,
  region: string | null,
  location: MemberSpec["location"],
): MemberSpec {
  if (member.kind === "pool") return member;
  return { ...member, region: member.region ?? region, location: member.location ?? location };
}

function checkMinUp(minUp: number, members: number, place: Place, faults: FaultList): void {
  if (minUp <= members) return;
  const message = `min-up is ${minUp}, but the pool has ${members} member${members === 1 ? "" : "s"}, so it can never be up; wanted at most ${members}`;
  faults.error(place.at("min-up"), "value", message);
}

function compileMembers(texts: PoolText["members"], place: Place, faults: FaultList): MemberSpec[] {
  const members: MemberSpec[] = [];
  const firstByName = new Map<string, Place>();
  for (const [index, text] of texts.entries()) {
    const at = place.at(index);
    const member = text === null ? undefined : compileMember(text, at, faults);
    if (member === undefined) continue;
    const first = firstByName.get(member.name);
    if (first === undefined) firstByName.set(member.name, at);
    else {
      const where = text !== null && typeof text === "object" && text.name !== undefined ? at.at("name") : at;
      const message = `two members are called "${member.name}", the first at line ${lineOf(first)}; give this one a name of its own`;
      faults.error(where, "value", message);
    }
    members.push(member);
  }
  return members;
}

function lineOf(place: Place): number {
  return place.source.locate(place.path, "value").line;
}

function compileMember(written: MemberText, place: Place, faults: FaultList): MemberSpec | undefined {
  const isAlone = typeof written === "string";
  const text = isAlone ? { address: written } : written;
  const kinds = (["address", "target", "pool"] as const).filter((key) => text[key] !== undefined);
  if (kinds.length !== 1) {
    const found =
      kinds.length === 0
        ? "a member without address, target or pool"
        : `a member with ${kinds.join(" and ")}`;
    faults.error(place, "value", `${found}; give it exactly one of the three`);
    return undefined;
  }
  const common = {
    ...compileTraits(text, place, faults),
    weight: text.weight ?? WEIGHT,
    enabled: text.enabled ?? true,
  };
  if (text.pool !== undefined)
    return { kind: "pool", name: text.name ?? text.pool, ...common, pool: text.pool };
  if (text.target !== undefined) {
    try {
      // Absolute with or without the final dot: a pool does not belong to a zone.
      return {
        kind: "target",
        name: text.name ?? text.target,
        ...common,
        target: parseName(text.target, ROOT),
      };
    } catch (error) {
      if (!(error instanceof PresentationError)) throw error;
      faults.error(place.at("target"), "value", error.message);
      return undefined;
    }
  }
  const addresses = listOf(text.address);
  const at = isAlone ? place : place.at("address");
  const places = Array.isArray(text.address) ? addresses.map((_, index) => at.at(index)) : [at];
  const endpoint = compileAddresses(addresses, places, at, faults);
  return (
    endpoint && {
      kind: "endpoint",
      name: text.name ?? endpoint.name,
      ...common,
      ipv4: endpoint.ipv4,
      ipv6: endpoint.ipv6,
    }
  );
}

function compileAddresses(
  texts: readonly string[],
  places: readonly Place[],
  whole: Place,
  faults: FaultList,
): Pick<EndpointSpec, "name" | "ipv4" | "ipv6"> | undefined {
  let ipv4: Uint8Array | null = null;
  let ipv6: Uint8Array | null = null;
  let isGood = true;
  for (const [index, text] of texts.entries()) {
    const octets = parseAddress(text);
    if (octets === undefined) {
      faults.error(
        places[index]!,
        "value",
        `"${text}" is not an IP address; wanted one like 192.0.2.1 or 2001:db8::1${hintAt(text)}`,
      );
      isGood = false;
      continue;
    }
    const special = specialAddress(octets);
    if (special !== undefined) {
      faults[special.severity](places[index]!, "value", `${text} ${special.message}`);
      if (special.severity === "error") {
        isGood = false;
        continue;
      }
    }
    if (octets.length === 4 ? ipv4 !== null : ipv6 !== null) {
      const family = octets.length === 4 ? "IPv4" : "IPv6";
      faults.error(
        whole,
        "value",
        `a member with two ${family} addresses; make two members of them, so that each can be up or down`,
      );
      isGood = false;
    } else if (octets.length === 4) ipv4 = octets;
    else ipv6 = octets;
  }
  return isGood ? { name: formatAddress(ipv4 ?? ipv6!), ipv4, ipv6 } : undefined;
}

/** What may be wrong with an address that is none. */
function hintAt(text: string): string {
  if (/^[0-9.]+$/.test(text)) {
    const parts = text.split(".");
    const tooBig = parts.find((part) => Number(part) > 255);
    if (tooBig !== undefined) return ` (${tooBig} is above 255)`;
    const padded = parts.find((part) => /^0[0-9]/.test(part));
    if (padded !== undefined) return ` (no leading zeros: ${Number(padded)} rather than ${padded})`;
    if (parts.length !== 4) return ` (four numbers, not ${parts.length})`;
  }
  if (text.includes("/")) return " (one address, not a network)";
  if (text.includes("%")) return " (no zone id)";
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?$/i.test(text) && /[g-z]/i.test(text))
    return " (for a host name use target)";
  return "";
}

function compilePolicy(policy: StepText | readonly StepText[]): StepSpec[] {
  return (isStepList(policy) ? policy : [policy]).map(compileStep);
}

function compileStep(step: StepText): StepSpec {
  if (typeof step === "string") return { type: step, options: withDefaults(step, {}) };
  const { type, ...options } = step;
  if (typeof type === "string") return { type, options: withDefaults(type, options) };
  const [name, named] = Object.entries(step)[0]!;
  return { type: name, options: withDefaults(name, { ...(named as Record<string, unknown>) }) };
}

function withDefaults(type: string, options: Record<string, unknown>): Readonly<Record<string, unknown>> {
  return Default(STEP_TYPES.get(type)!.optionsSchema, options) as Readonly<Record<string, unknown>>;
}

function isStepList(policy: StepText | readonly StepText[]): policy is readonly StepText[] {
  return Array.isArray(policy);
}

function compileWhenDown(text: string): PoolSpec["whenDown"] {
  return text === "open" || text === "closed" ? text : { pool: text };
}
