/**
 * The data that every server is given: a small zone with the names of most workloads, and a large
 * one. The same owners, types and TTLs for all; only the weighted name is written in each
 * server's own way.
 *
 * @module
 */
import { LARGE_ZONE_NAMES, largeZoneLabel } from "../workloads.ts";

export const SMALL_ZONE = "example.com";
export const LARGE_ZONE = "large.example";
export const STATIC_ADDRESS = "192.0.2.1";
export const WILDCARD_ADDRESS = "192.0.2.9";
export const WEIGHTED_MEMBERS = [
  { address: "192.0.2.11", weight: 1 },
  { address: "192.0.2.12", weight: 3 },
  { address: "192.0.2.13", weight: 6 },
] as const;

export function largeZoneAddress(n: number): string {
  return `198.51.${100 + (n >> 8)}.${n & 0xff}`;
}

export const WEIGHTED_NAME = `weighted.${SMALL_ZONE}`;

/** The weighted name as a zone of its own; its address is another's to give. */
export function weightedMasterFile(): string {
  return masterFileHead(WEIGHTED_NAME);
}

/** Answers by place; each of these addresses answers for two continents. */
export const GEO_NAME = `geo.${SMALL_ZONE}`;
export const GEO_MEMBERS = [
  { name: "eu", address: "192.0.2.21", codes: ["EU", "AF"], continents: ["europe", "africa"] },
  { name: "us", address: "192.0.2.22", codes: ["NA", "SA"], continents: ["north-america", "south-america"] },
  { name: "asia", address: "192.0.2.23", codes: ["AS", "OC"], continents: ["asia", "oceania"] },
] as const;
/** The member that answers clients of which nothing is known. */
export const GEO_DEFAULT = GEO_MEMBERS[1];

/** The name that is answered by place as a zone of its own; `record` is the line for it. */
export function geoMasterFile(record: string): string {
  return `${masterFileHead(GEO_NAME)}${record}\n`;
}

/** The small zone as a master file; `weighted` is the line for the weighted name. */
export function smallMasterFile(weighted = `weighted A ${WEIGHTED_MEMBERS[2].address}`): string {
  return `${masterFileHead(SMALL_ZONE)}www A ${STATIC_ADDRESS}\n*.wild A ${WILDCARD_ADDRESS}\n${weighted}\n`;
}

export function largeMasterFile(): string {
  const lines = Array.from(
    { length: LARGE_ZONE_NAMES },
    (_, n) => `${largeZoneLabel(n)} A ${largeZoneAddress(n)}`,
  );
  return `${masterFileHead(LARGE_ZONE)}${lines.join("\n")}\n`;
}

const DOCUMENT_HEAD = `    ttl: 300
    contact: hostmaster@example.com
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.53 }
      ns2: { A: 198.51.100.53 }
`;

/** Where Windrose's documents are, below its directory. */
export const ZONES_FOLDER = "zones";
/** The document of the zone that is edited while others are asked. */
export const EDITED_FILE = "edited.yaml";
const EDITED_ZONE = "edited.example";
const EDITED_RECORDS = 1000;
/** Says which edition of the zone answers. */
export const EDITION_NAME = `edition.${EDITED_ZONE}`;

export function editionAddress(edition: number): string {
  return `10.${edition >> 16}.${(edition >> 8) & 0xff}.${edition & 0xff}`;
}

/** A zone of 1,000 records as a document; editions differ in one of them. */
export function editedDocument(edition: number): string {
  // The head has four records, the edition is one.
  const hosts = Array.from(
    { length: EDITED_RECORDS - 5 },
    (_, n) => `      ${largeZoneLabel(n)}: { A: ${largeZoneAddress(n)} }`,
  );
  return `zones:
  ${EDITED_ZONE}:
${DOCUMENT_HEAD}      edition: { A: ${editionAddress(edition)} }
${hosts.join("\n")}
`;
}

/** Both zones as one of our documents (DESIGN section 2). */
export function zonesDocument(): string {
  const members = WEIGHTED_MEMBERS.map(({ address, weight }) => `{ address: ${address}, weight: ${weight} }`);
  const large = Array.from(
    { length: LARGE_ZONE_NAMES },
    (_, n) => `      ${largeZoneLabel(n)}: { A: ${largeZoneAddress(n)} }`,
  );
  return `pools:
  weighted:
    policy: weighted
    members: [${members.join(", ")}]
zones:
  ${SMALL_ZONE}:
${DOCUMENT_HEAD}      www: { A: ${STATIC_ADDRESS} }
      "*.wild": { A: ${WILDCARD_ADDRESS} }
      weighted: { pool: weighted }
  ${LARGE_ZONE}:
${DOCUMENT_HEAD}${large.join("\n")}
`;
}

function masterFileHead(apex: string): string {
  return `$ORIGIN ${apex}.
$TTL 300
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
@ NS ns2
ns1 A 192.0.2.53
ns2 A 198.51.100.53
`;
}
