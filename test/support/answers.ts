/**
 * Asks respond() without sockets: zones from master-file text, pools from specs, replies as
 * text that reads like dig's.
 *
 * @module
 */

import type { Configuration, ZoneDocument } from "../../src/documents/configuration.ts";
import { makeZoneDocument } from "../../src/documents/zone-document.ts";
import { ZoneTable } from "../../src/documents/zone-table.ts";
import { parseAddress } from "../../src/lib/address.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import type { Client } from "../../src/server/client.ts";
import { respond } from "../../src/server/respond.ts";
import { View, type ViewOptions } from "../../src/server/view.ts";
import { compileSnapshot } from "../../src/snapshot/snapshot.ts";
import type { MemberSpec, PoolSpec } from "../../src/steering/spec.ts";
import { rcodeMnemonic } from "../../src/wire/dns-codes.ts";
import type { Edns } from "../../src/wire/edns.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageDraft,
  type MessageRR,
} from "../../src/wire/message.ts";
import { formatName, parseName } from "../../src/wire/name.ts";
import { formatRdata } from "../../src/wire/rdata/index.ts";
import { parseType, RRClass, typeMnemonic } from "../../src/wire/rr-type.ts";
import { parseMasterFile } from "../../src/zone/master-file.ts";

/** A zone from master-file text; the apex is that of its SOA. Throws what the parser finds. */
export function zoneOf(text: string, steered: Readonly<Record<string, string>> = {}): ZoneDocument {
  const { data, faults } = parseMasterFile(text, { file: "test.zone" });
  const errors = faults.filter((fault) => fault.severity === "error");
  if (data === undefined || errors.length > 0) throw new Error(JSON.stringify(faults));
  const id = formatName(data.apex);
  const names = Object.entries(steered).map(([owner, pool]) => ({
    owner: parseName(owner, data.apex),
    pool,
    ttl: 30,
  }));
  return makeZoneDocument(id, { ...data, steered: names }, "given");
}

/** A pool of endpoints `NAME ADDRESS...`, of `target NAME`, or of `pool ID`. */
export function poolOf(id: string, members: readonly string[], more: Partial<PoolSpec> = {}): PoolSpec {
  return {
    id,
    members: members.map(memberOf),
    policy: [{ type: "failover", options: {} }],
    answers: 1,
    minUp: 1,
    whenDown: "open",
    ...more,
  };
}

/** What documents fill in for a member of which nothing more is said. */
export const UNSAID = { serves: [], location: null, bias: 0, region: null, capacity: null } as const;

function memberOf(text: string): MemberSpec {
  const [first, ...rest] = text.split(" ") as [string, ...string[]];
  const common = { ...UNSAID, weight: 1, enabled: true };
  if (first === "target") return { ...common, kind: "target", name: rest[0]!, target: parseName(rest[0]!) };
  if (first === "pool") return { ...common, kind: "pool", name: rest[0]!, pool: rest[0]! };
  const addresses = rest.map((address) => parseAddress(address)!);
  return {
    ...common,
    kind: "endpoint",
    name: first,
    ipv4: addresses.find((address) => address.length === 4) ?? null,
    ipv6: addresses.find((address) => address.length === 16) ?? null,
  };
}

export function configurationOf(
  zones: readonly ZoneDocument[],
  pools: readonly PoolSpec[] = [],
): Configuration {
  return {
    zones: ZoneTable.of(zones),
    pools: new Map(pools.map((pool) => [pool.id, pool])),
    monitors: new Map(),
  };
}

export function viewOf(
  zones: readonly ZoneDocument[],
  pools: readonly PoolSpec[] = [],
  options: Partial<ViewOptions> = {},
): View {
  return new View({
    snapshot: compileSnapshot(configurationOf(zones, pools)),
    random: new SeededRandom(1),
    identity: { id: "node-1.example.com", version: "windrose test" },
    tcpIdleTimeoutMs: 30_000,
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
}

export interface Asking {
  readonly transport?: "udp" | "tcp";
  readonly class?: number;
  readonly edns?: Partial<Edns>;
  readonly draft?: MessageDraft;
}

/** Asks `NAME TYPE` and gives the decoded reply; null is silence. */
export function ask(view: View, question: string, asking: Asking = {}): Message | null {
  const [name, type] = question.split(" ") as [string, string];
  const octets = encodeMessage({
    id: 4711,
    question: [{ name: parseName(name), type: parseType(type)!, class: asking.class ?? RRClass.IN }],
    ...(asking.edns === undefined ? {} : { edns: asking.edns }),
    ...asking.draft,
  });
  const reply = send(view, octets, asking.transport);
  return reply === null ? null : decodeReply(reply);
}

/** Sends octets; null is silence. */
export function send(view: View, octets: Uint8Array, transport: "udp" | "tcp" = "udp"): Uint8Array | null {
  const out = new Uint8Array(transport === "udp" ? 4096 : 65_535);
  const client: Client = { family: 4, address: new Uint8Array(16), port: 4711, transport };
  const length = respond(view, { octets, length: octets.length }, client, out);
  return length === 0 ? null : out.slice(0, length);
}

export function decodeReply(octets: Uint8Array): Message {
  const message = decodeMessage(octets);
  if ("malformed" in message) throw new Error(`${message.malformed} at ${message.offset}`);
  return message;
}

/** A reply as text: `NOERROR aa`, then a line a record, with the section in front. */
export function show(message: Message | null): string[] {
  if (message === null) return ["silence"];
  const flags = (["aa", "tc", "rd", "ra", "ad", "cd"] as const).filter((flag) => message[flag]);
  return [
    [rcodeMnemonic(message.rcode), ...flags].join(" "),
    ...message.answer.map((rr) => `answer ${showRR(rr)}`),
    ...message.authority.map((rr) => `authority ${showRR(rr)}`),
    ...message.additional.map((rr) => `additional ${showRR(rr)}`),
  ];
}

function showRR(rr: MessageRR): string {
  return `${formatName(rr.owner)} ${rr.ttl} ${typeMnemonic(rr.type)} ${formatRdata(rr.type, rr.rdata)}`;
}

/** Asks and shows in one. */
export function answerTo(view: View, question: string, asking: Asking = {}): string[] {
  return show(ask(view, question, asking));
}
