/**
 * Zones between their two forms: data, which master files are made of, and documents. What becomes a document is read back
 * by parseDocuments() to the same records.
 *
 * As the text of a YAML file (`import`) each owner is printed by itself, on one line where it fits, so that a
 * zone of a million records does not become a tree of ten million nodes first.
 *
 * @module
 */
import { stringify } from "yaml";
import { formatName, formatRelativeName, type Name, nameKey } from "../wire/name.ts";
import { formatRdata } from "../wire/rdata/index.ts";
import { RRType, typeMnemonic } from "../wire/rr-type.ts";
import type { ZoneData } from "../zone/zone-data.ts";
import { FaultList, Place } from "./fault-list.ts";
import type { ZoneText } from "./schema.ts";
import { withSoaSerial } from "./soa.ts";
import type { Locator } from "./source.ts";
import { readZone } from "./zones.ts";

/** Data as the body of a document; every RRset has one TTL. */
export function zoneTextOf(data: ZoneData): ZoneText {
  const owners = groupByOwner(data);
  const ttl = commonTtl(owners);
  // As entries: an owner may be called __proto__.
  const records = owners.map(
    (owner) => [formatRelativeName(owner.name, data.apex), ownerValue(owner, ttl)] as const,
  );
  return { ttl, records: Object.fromEntries(records) as ZoneText["records"] };
}

/** The data of a document without faults. A SOA that it does not give is made, with this serial. */
export function zoneDataOf(apex: Name, text: ZoneText, serial: number): ZoneData {
  const place = new Place(NOWHERE, []);
  const { data, soa } = readZone(apex, text, {
    place,
    faults: new FaultList(),
    isWhole: true,
    modifiedMs: 0,
  });
  if (soa === "given") return data;
  return { ...data, rrs: data.rrs.map((rr) => (rr.type === RRType.SOA ? withSoaSerial(rr, serial) : rr)) };
}

/** Of documents that are not in a file. */
const NOWHERE: Locator = {
  file: "",
  locate: () => ({ line: 1, column: 1 }),
  fault: (path, _part, severity, message) => ({ severity, file: "", line: 1, column: 1, message, path }),
};

/** The text of a file in zones/, owners in the order of the data; every RRset has one TTL. */
export function formatZoneDocument(data: ZoneData): string {
  const zone = groupByOwner(data);
  const ttl = commonTtl(zone);
  const id = formatName(data.apex).slice(0, -1) || ".";
  const lines = [
    "# yaml-language-server: $schema=./schema.json",
    "zones:",
    `  ${formatScalar(id)}:`,
    `    ttl: ${ttl}`,
    "    records:",
  ];
  for (const owner of zone)
    lines.push(formatOwner(formatRelativeName(owner.name, data.apex), ownerValue(owner, ttl)));
  return `${lines.join("\n")}\n`;
}

interface Owner {
  readonly name: Name;
  readonly rrsets: Map<number, RRset>;
  steered: { readonly pool: string; readonly ttl: number } | undefined;
}

interface RRset {
  readonly ttl: number;
  readonly data: string[];
}

function groupByOwner(data: ZoneData): Owner[] {
  const owners = new Map<string, Owner>();
  function at(name: Name): Owner {
    const key = nameKey(name);
    let owner = owners.get(key);
    if (owner === undefined) {
      owner = { name, rrsets: new Map(), steered: undefined };
      owners.set(key, owner);
    }
    return owner;
  }
  for (const rr of data.rrs) {
    const { rrsets } = at(rr.owner);
    const text = formatRdata(rr.type, rr.rdata, data.apex);
    const rrset = rrsets.get(rr.type);
    if (rrset === undefined) rrsets.set(rr.type, { ttl: rr.ttl, data: [text] });
    else rrset.data.push(text);
  }
  for (const { owner, pool, ttl } of data.steered) at(owner).steered = { pool, ttl };
  return [...owners.values()];
}

/** The one that most have, so that few must say theirs; of equals, the first. */
function commonTtl(owners: readonly Owner[]): number {
  const counts = new Map<number, number>();
  for (const { rrsets, steered } of owners) {
    for (const { ttl } of rrsets.values()) counts.set(ttl, (counts.get(ttl) ?? 0) + 1);
    if (steered !== undefined) counts.set(steered.ttl, (counts.get(steered.ttl) ?? 0) + 1);
  }
  const [common] = [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), [300, 0]);
  return common;
}

function ownerValue({ rrsets, steered }: Owner, zoneTtl: number): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  if (steered !== undefined) {
    value.pool = steered.pool;
    // The pool's TTL is that of the owner, which the RRsets beside it would take over.
    if (steered.ttl !== zoneTtl) value.ttl = steered.ttl;
  }
  const ownerTtl = steered?.ttl ?? zoneTtl;
  for (const [type, { ttl, data }] of rrsets) {
    const texts = data.length === 1 ? data[0] : data;
    value[typeMnemonic(type)] = ttl === ownerTtl ? texts : { ttl, data };
  }
  return value;
}

const LINE_LENGTH_MAX = 110;

/** On one line where it fits, else each type on its own, else each record. */
function formatOwner(owner: string, value: Record<string, unknown>): string {
  const key = `      ${formatScalar(owner)}:`;
  const parts = Object.entries(value).map(
    ([name, data]) => [name, data, `${name}: ${formatFlow(data)}`] as const,
  );
  const line = `${key} { ${parts.map(([, , part]) => part).join(", ")} }`;
  if (line.length <= LINE_LENGTH_MAX) return line;
  const indent = " ".repeat(8);
  const lines = parts.map(([name, data, part]) => {
    if (indent.length + part.length <= LINE_LENGTH_MAX) return indent + part;
    return stringify({ [name]: data }, { lineWidth: 0 })
      .trimEnd()
      .replaceAll(/^/gm, indent);
  });
  return [key, ...lines].join("\n");
}

function formatFlow(data: unknown): string {
  if (typeof data === "object" && data !== null && !Array.isArray(data)) {
    return `{ ${Object.entries(data)
      .map(([key, each]) => `${key}: ${formatFlow(each)}`)
      .join(", ")} }`;
  }
  // In a list, a text is quoted where a comma or a brace would end it.
  const list = Array.isArray(data) ? data : [data];
  const text = stringify(list, {
    collectionStyle: "flow",
    flowCollectionPadding: false,
    lineWidth: 0,
  }).trimEnd();
  return Array.isArray(data) ? text : text.slice(1, -1);
}

function formatScalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}
