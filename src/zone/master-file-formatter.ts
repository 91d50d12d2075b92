/**
 * Writes a zone as a master file: canonical, so that two exports can be compared by line, and
 * readable. See master-file.ts for the form.
 *
 * @module
 */
import { quoteOctets } from "../wire/escape.ts";
import { formatName, formatRelativeName, type Name, nameKey } from "../wire/name.ts";
import { formatRdata, rdataNames } from "../wire/rdata/index.ts";
import type { RR } from "../wire/rr.ts";
import { RRType, typeMnemonic } from "../wire/rr-type.ts";
import { STEERED_LINE, STEERED_TYPE } from "./master-file-parser.ts";
import { formatTtl } from "./ttl.ts";
import type { SteeredName, ZoneData } from "./zone-data.ts";

/** The text that parseMasterFile() reads back to the same records and steered names. */
export function formatMasterFile(data: ZoneData): string {
  const owners = groupByOwner(data);
  const width = ownerWidth(owners, data.apex);
  const lines = [`$ORIGIN ${formatName(data.apex)}`];
  for (const { rrs, steered } of owners) {
    for (const rr of rrs) lines.push(formatRR(rr, data.apex, width));
    for (const each of steered) lines.push(formatSteered(each, data.apex));
  }
  return `${lines.join("\n")}\n`;
}

interface Owner {
  readonly name: Name;
  readonly order: string;
  readonly rrs: RR[];
  readonly steered: SteeredName[];
}

/** Names in canonical order, which puts the apex first; types at a name with SOA and NS first, records as they came. */
function groupByOwner(data: ZoneData): Owner[] {
  const owners = new Map<string, Owner>();
  function at(name: Name): Owner {
    const key = nameKey(name);
    let owner = owners.get(key);
    if (owner === undefined) {
      owner = { name, order: canonicalOrder(key), rrs: [], steered: [] };
      owners.set(key, owner);
    }
    return owner;
  }
  for (const rr of data.rrs) at(rr.owner).rrs.push(rr);
  for (const each of data.steered) at(each.owner).steered.push(each);
  const sorted = [...owners.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
  for (const { rrs } of sorted) rrs.sort((a, b) => typeRank(a.type) - typeRank(b.type));
  // Out-of-zone names may sort before the apex, and a file begins with its SOA.
  const apexIndex = sorted.findIndex(({ rrs }) => rrs[0]?.type === RRType.SOA);
  if (apexIndex > 0) sorted.unshift(...sorted.splice(apexIndex, 1));
  return sorted;
}

/** Texts that sort as names do (RFC 4034 section 6.1); compareNames() would cut each name into labels twenty times. */
function canonicalOrder(key: string): string {
  const labels: string[] = [];
  for (let at = 0; key.charCodeAt(at) > 0; at += 1 + key.charCodeAt(at)) {
    labels.push(key.slice(at + 1, at + 1 + key.charCodeAt(at)));
  }
  // 0 parts labels, so that a shorter label sorts first; octets are one up to leave it free.
  return labels
    .reverse()
    .map((label) => Array.from(label, (char) => String.fromCharCode(char.charCodeAt(0) + 1)).join(""))
    .join("\0");
}

function typeRank(type: number): number {
  return type === RRType.SOA ? -2 : type === RRType.NS ? -1 : type;
}

/** Wider owners push their line to the right; aligning all to the longest would make a desert of the rest. */
const OWNER_WIDTH_MAX = 24;

function ownerWidth(owners: readonly Owner[], apex: Name): number {
  let width = 1;
  for (const { name, rrs } of owners) {
    if (width >= OWNER_WIDTH_MAX) break;
    if (rrs.length > 0) width = Math.max(width, formatRelativeName(name, apex).length);
  }
  return Math.min(width, OWNER_WIDTH_MAX);
}

function formatRR(rr: RR, apex: Name, width: number): string {
  const owner = formatRelativeName(rr.owner, apex).padEnd(width);
  const head = `${owner} ${String(rr.ttl).padEnd(5)} IN ${typeMnemonic(rr.type).padEnd(5)}`;
  return `${head} ${rr.type === RRType.SOA ? formatSoa(rr, apex) : formatRdata(rr.type, rr.rdata, apex)}`;
}

const SOA_NUMBERS = ["serial", "refresh", "retry", "expire", "minimum"];

/** One number a line, with its meaning; malformed rdata as formatRdata() has it. */
function formatSoa(rr: RR, apex: Name): string {
  const text = formatRdata(rr.type, rr.rdata, apex);
  const fields = text.split(" ");
  if (rdataNames(rr.type, rr.rdata).length !== 2 || fields.length !== 7) return text;
  const lines = SOA_NUMBERS.map((what, index) => {
    const number = fields[index + 2]!;
    const time = index === 0 ? "" : ` (${formatTtl(Number(number))})`;
    return `    ${number.padEnd(10)} ; ${what}${time}`;
  });
  return `${fields[0]} ${fields[1]} (\n${lines.join("\n")}\n    )`;
}

function formatSteered({ owner, ttl, pool }: SteeredName, apex: Name): string {
  return `${STEERED_LINE} ${formatRelativeName(owner, apex)} ${ttl} ${STEERED_TYPE} ${quoteWhereNeeded(pool)}`;
}

/** Ids of pools are plain words; whatever else it may be comes back too, in quotes. */
function quoteWhereNeeded(text: string): string {
  if (/^[A-Za-z0-9_.:-]+$/.test(text)) return text;
  return quoteOctets(Buffer.from(text));
}
