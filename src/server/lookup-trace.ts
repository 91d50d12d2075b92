/**
 * How a look-up went, for explain: the zone, how the name was matched in it, and what came of it. One for each
 * name of a CNAME or DNAME chain. Read off what lookup() found, so it cannot tell another story.
 *
 * @module
 */
import type { SnapshotZone } from "../snapshot/snapshot.ts";
import { formatName, type Name } from "../wire/name.ts";
import type { NameKey } from "../wire/name-key.ts";
import { Found, type LookupResult } from "../zone/lookup.ts";
import { NODE } from "../zone/zone-image.ts";

export interface LookupTrace {
  readonly name: string;
  /** The id of the zone that answers; null when there is none. */
  readonly zone: string | null;
  readonly match: "no-zone" | "exact" | "empty-non-terminal" | "wildcard" | "zone-cut" | "dname" | "none";
  /** The closest name that exists: the name itself, the cut, the owner of the DNAME, or the closest encloser. */
  readonly encloser: string | null;
  readonly outcome: keyof typeof Found | "refused" | "elsewhere";
}

/** `zone` is null where no zone holds the name; then a first name is refused, and a chain ends. */
export function traceLookup(
  lookups: LookupTrace[],
  zone: SnapshotZone | null,
  name: NameKey,
  found: LookupResult,
): void {
  if (zone === null) {
    const outcome = lookups.length === 0 ? "refused" : "elsewhere";
    lookups.push({ name: nameFrom(name, 0), zone: null, match: "no-zone", encloser: null, outcome });
    return;
  }
  lookups.push({
    name: nameFrom(name, 0),
    zone: zone.id,
    match: matchOf(zone, found),
    encloser: nameFrom(name, found.ownerLabel),
    outcome: OUTCOMES.get(found.found)!,
  });
}

const OUTCOMES = new Map(
  Object.entries(Found).map(([outcome, value]) => [value, outcome as keyof typeof Found]),
);

function matchOf({ image: { words } }: SnapshotZone, found: LookupResult): LookupTrace["match"] {
  if (found.found === Found.referral) return "zone-cut";
  if (found.found === Found.dname) return "dname";
  if (found.found === Found.nxdomain) return "none";
  if (found.ownerLabel > 0) return "wildcard";
  const isEmpty = words[found.node + NODE.rrsetCount] === 0 && words[found.node + NODE.pool] === 0;
  return isEmpty && words[found.node + NODE.referral] === 0 ? "empty-non-terminal" : "exact";
}

function nameFrom(name: NameKey, label: number): string {
  return formatName(name.octets.slice(name.labelStart[label]!, name.length) as Name);
}

/** Two lines for each look-up, and one where no zone holds the name. */
export function formatLookups(lookups: readonly LookupTrace[], type: string): string {
  return lookups
    .map(({ name, zone, match, encloser, outcome }) => {
      if (zone === null) {
        const then = outcome === "refused" ? "REFUSED" : "the chain ends here, and the resolver asks on";
        return `look-up of ${name}: no zone here holds it → ${then}`;
      }
      const matched = {
        "no-zone": "",
        exact: "the name is there",
        "empty-non-terminal": "an empty non-terminal: the name exists only because names below it do",
        wildcard: `not there; closest encloser ${encloser}, whose wildcard *.${encloser === "." ? "" : encloser} stands in`,
        "zone-cut": `at or below the zone cut ${encloser}`,
        dname: `below the DNAME at ${encloser}`,
        none: `not there; closest encloser ${encloser}, which has no wildcard`,
      }[match];
      return `look-up of ${name} in zone ${zone}\n└─ ${matched} → ${outcomeText(outcome, type)}`;
    })
    .join("\n");
}

/** What is asked of a pool. */
const ADDRESS_TYPES: readonly string[] = ["A", "AAAA", "ANY"];

function outcomeText(outcome: LookupTrace["outcome"], type: string): string {
  switch (outcome) {
    case "answer":
      return `answer: its ${type}`;
    case "cname":
      return "a CNAME, followed to its target";
    case "dname":
      return "a CNAME made by the DNAME, followed to its target";
    case "steered":
      return ADDRESS_TYPES.includes(type)
        ? "a steered name: its pool answers"
        : `a steered name: its pool answers A and AAAA, and ${type} only with a CNAME`;
    case "nodata":
      return `NODATA: it has no ${type} (NOERROR with the SOA)`;
    case "nxdomain":
      return "NXDOMAIN, with the SOA";
    case "referral":
      return "referral to the servers of the cut";
    default:
      return outcome;
  }
}
