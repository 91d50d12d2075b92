/**
 * The reply of an explanation: its records, and in words how long and for whom a resolver may keep it.
 *
 * @module
 */
import { cutAddress, formatAddress } from "../lib/address.ts";
import { count } from "../lib/count.ts";
import { rcodeMnemonic } from "../wire/dns-codes.ts";
import { decodeClientSubnet, OptionCode } from "../wire/edns.ts";
import { decodeMessage, type Message, type MessageRR } from "../wire/message.ts";
import { formatName } from "../wire/name.ts";
import { formatRdata } from "../wire/rdata/index.ts";
import { RRType, typeMnemonic } from "../wire/rr-type.ts";

export interface Reply {
  readonly rcode: string;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly answer: readonly ReplyRecord[];
  readonly authority: readonly ReplyRecord[];
  readonly additional: readonly ReplyRecord[];
  /** Null where the reply has none. */
  readonly ecs: ReplySubnet | null;
  /** How long a resolver may keep the reply: the least TTL of the answer, or of the SOA; null where it may not. */
  readonly ttl: number | null;
  /** For how long, and for whom: one sentence without a full stop. */
  readonly holds: string;
}

export interface ReplyRecord {
  readonly owner: string;
  readonly ttl: number;
  readonly type: string;
  readonly data: string;
}

/** As RFC 7871 has it: the reply is for all clients in the first `scopePrefixLength` bits of the network. */
export interface ReplySubnet {
  /** `203.0.113.0/24`, as the query had it. */
  readonly network: string;
  readonly sourcePrefixLength: number;
  readonly scopePrefixLength: number;
  /** The network whose clients a resolver may give the reply to: of that length, but no longer than the query's. */
  readonly heldFor: string;
}

export function readReply(octets: Uint8Array): Reply {
  const message = decodeMessage(octets);
  if ("malformed" in message) throw new Error(`our own reply is malformed: ${message.malformed}`);
  const ttl = ttlOf(message);
  const subnet = subnetOf(message);
  return {
    rcode: rcodeMnemonic(message.rcode),
    aa: message.aa,
    tc: message.tc,
    answer: message.answer.map(recordOf),
    authority: message.authority.map(recordOf),
    additional: message.additional.map(recordOf),
    ecs: subnet,
    ttl,
    holds:
      ttl === null ? "nothing that a resolver keeps" : `kept for ${count(ttl, "second")}, ${forWhom(subnet)}`,
  };
}

/** Answers go by the least of their TTLs, negative ones by the SOA's (RFC 2308 section 5), referrals by their NS. */
function ttlOf({ answer, authority }: Message): number | null {
  const soa = authority.filter(({ type }) => type === RRType.SOA);
  const records = [...answer, ...(soa.length > 0 ? soa : answer.length > 0 ? [] : authority)];
  return records.length === 0 ? null : Math.min(...records.map(({ ttl }) => ttl));
}

function subnetOf({ edns }: Message): ReplySubnet | null {
  const option = edns?.options.find(({ code }) => code === OptionCode.ECS);
  const subnet = option === undefined ? null : decodeClientSubnet(option.data, false);
  if (subnet === null) return null;
  const { address, sourcePrefixLength, scopePrefixLength } = subnet;
  const known = Math.min(sourcePrefixLength, scopePrefixLength);
  return {
    network: `${formatAddress(address)}/${sourcePrefixLength}`,
    sourcePrefixLength,
    scopePrefixLength,
    heldFor: `${formatAddress(cutAddress(address, known))}/${known}`,
  };
}

function forWhom(subnet: ReplySubnet | null): string {
  if (subnet === null) return "for all clients of the resolver: the query had no ECS";
  const { heldFor, sourcePrefixLength, scopePrefixLength } = subnet;
  if (scopePrefixLength === 0) return "for every client (scope /0)";
  const needed =
    scopePrefixLength > sourcePrefixLength ? ", of which more bits would be needed to be exact" : "";
  return `for all of ${heldFor} (scope /${scopePrefixLength}${needed})`;
}

function recordOf(rr: MessageRR): ReplyRecord {
  const type = typeMnemonic(rr.type);
  return { owner: formatName(rr.owner), ttl: rr.ttl, type, data: formatRdata(rr.type, rr.rdata) };
}

export function formatReply({ rcode, aa, tc, answer, authority, additional, holds }: Reply): string {
  const flags = [rcode, ...(aa ? ["aa"] : []), ...(tc ? ["tc"] : [])].join(" ");
  const records = [...answer, ...authority, ...additional];
  return [
    `reply: ${flags}`,
    ...records.map((record) => `  ${record.owner} ${record.ttl} ${record.type} ${record.data}`),
    holds,
  ].join("\n");
}
