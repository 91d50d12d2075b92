/**
 * Expectations: what a zone says about who gets which answer, parsed. They are part of the documents and of no
 * snapshot: `check` runs them against a compiled configuration (expectations/), and nothing that answers reads them.
 *
 *   { name: www, from: FR, when: { down: [eu] }, then: us }
 *
 * What only the whole configuration can tell (is the name steered, can it reach that pool?) is found out when
 * they run.
 *
 * @module
 */
import { parseServedPlace, type ServedPlace } from "../geo/served-place.ts";
import { PresentationError } from "../lib/errors.ts";
import { formatName, isAtOrBelow, type Name, parseName } from "../wire/name.ts";
import type { FaultList, Place } from "./fault-list.ts";
import { type ExpectationText, listOf } from "./schema.ts";

export interface Expectation {
  /** In full. */
  readonly name: Name;
  readonly type: "A" | "AAAA";
  /** Who asks; all of them. */
  readonly from: readonly ExpectedClient[];
  readonly when: {
    /** Pools, and members as pool/member. */
    readonly down: readonly string[];
    /** By region, or by member as pool/member. */
    readonly latencyMs: ReadonlyMap<string, number>;
    /** By member as pool/member, in the unit of its capacity. */
    readonly load: ReadonlyMap<string, number>;
  };
  readonly wanted: Wanted;
}

/** An address is a network of all its bits. */
export interface ExpectedClient {
  readonly text: string;
  readonly place: ServedPlace;
}

/** Outcomes are as they are written: a pool, a member as pool/member, an address, or NODATA. */
export type Wanted =
  | { readonly kind: "then" | "never"; readonly outcomes: readonly string[] }
  | { readonly kind: "share"; readonly shares: readonly Share[] };

/** A part of the answers, in percent; `min` < `max`. */
export interface Share {
  readonly outcome: string;
  readonly min: number;
  readonly max: number;
}

/** Narrower ranges would take millions of draws to tell from chance. */
const SHARE_PERCENT_MIN = 1;

export function compileExpectations(
  apex: Name,
  texts: readonly ExpectationText[],
  place: Place,
  faults: FaultList,
): Expectation[] {
  return texts.flatMap((text, index) => {
    const name = readName(text.name, apex, place.at(index, "name"), faults);
    const from = readClients(text.from, place.at(index, "from"), faults);
    const wanted = readWanted(text, place.at(index), faults);
    if (name === undefined || from === undefined || wanted === undefined) return [];
    const when = {
      down: listOf(text.when?.down),
      latencyMs: new Map(Object.entries(text.when?.latency ?? {})),
      load: new Map(Object.entries(text.when?.load ?? {})),
    };
    return [{ name, type: text.type ?? "A", from, when, wanted }];
  });
}

function readName(text: string, apex: Name, place: Place, faults: FaultList): Name | undefined {
  try {
    const name = parseName(text, apex);
    if (isAtOrBelow(name, apex)) return name;
    const message = `${formatName(name)} is not in zone ${formatName(apex)}; put this expectation into the zone that has the name`;
    faults.error(place, "value", message);
  } catch (error) {
    if (!(error instanceof PresentationError)) throw error;
    faults.error(place, "value", error.message);
  }
  return undefined;
}

function readClients(
  written: ExpectationText["from"],
  place: Place,
  faults: FaultList,
): ExpectedClient[] | undefined {
  const clients: ExpectedClient[] = [];
  const texts = listOf(written);
  for (const [index, text] of texts.entries()) {
    const client = parseServedPlace(text);
    if ("fault" in client)
      faults.error(typeof written === "string" ? place : place.at(index), "value", client.fault);
    else clients.push({ text, place: client });
  }
  return clients.length === texts.length ? clients : undefined;
}

function readWanted(text: ExpectationText, place: Place, faults: FaultList): Wanted | undefined {
  const kinds = (["then", "never", "share"] as const).filter((kind) => text[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const found =
      kind === undefined
        ? "an expectation without then, never or share"
        : `an expectation with ${kinds.join(" and ")}`;
    faults.error(place, "value", `${found}; give it exactly one of the three`);
    return undefined;
  }
  return kind === "share"
    ? readShares(text.share!, place.at("share"), faults)
    : { kind, outcomes: listOf(text[kind]) };
}

function readShares(
  ranges: NonNullable<ExpectationText["share"]>,
  place: Place,
  faults: FaultList,
): Wanted | undefined {
  const shares: Share[] = [];
  const entries = Object.entries(ranges);
  if (entries.length === 0)
    faults.error(place, "value", "share is empty; name an outcome, as in { eu: 70-80 }");
  for (const [outcome, range] of entries) {
    const [min, max] = range.replace("%", "").split("-").map(Number) as [number, number];
    const fault =
      min > max
        ? `the range ${range} ends before it begins; write ${max}-${min}`
        : max > 100
          ? `the range ${range} goes beyond 100 percent; end it at 100`
          : max - min < SHARE_PERCENT_MIN - 1e-6 // 34.3 - 33.3 is a little less than 1
            ? `the range ${range} is narrower than ${SHARE_PERCENT_MIN} percent, which is hard to tell from chance; widen it`
            : undefined;
    if (fault === undefined) shares.push({ outcome, min, max });
    else faults.error(place.at(outcome), "value", fault);
  }
  return shares.length > 0 && shares.length === entries.length ? { kind: "share", shares } : undefined;
}
