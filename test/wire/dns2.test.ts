/**
 * dns2, a codec by other hands, as a second opinion on messages.
 *
 * Left out, where dns2 3.0 differs from the RFCs:
 * - names with dots, backslashes or octets beyond ASCII in labels: dns2 joins labels by
 *   dots and has no escapes, so what it reads cannot be told from other names;
 * - upper case in names it writes: it compresses without case, so a name may come out in
 *   the case of an earlier one (RFC 4343 allows that; we keep the case);
 * - text other than ASCII in TXT: it decodes as UTF-8 and loses other octets;
 * - TTLs and SOA minimums above 2^31 - 1: it makes them 2^31 - 1, RFC 2181 section 8 wants 0;
 * - the bounds of rdata: it reads NS or MX past RDLENGTH, so malformed messages are not compared.
 * It also compresses SRV targets, against RFC 2782; that we read what it writes all the
 * same is part of the test.
 *
 * @module
 */
import { Packet } from "dns2";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "../../src/lib/address.ts";
import { decodeMessage, encodeMessage, type Message, type MessageRR } from "../../src/wire/message.ts";
import { formatName, parseName } from "../../src/wire/name.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import { RRClass, RRType } from "../../src/wire/rr-type.ts";
import { octets } from "./arbitraries.ts";

/** Absolute text; dns2 writes names without the final dot, and the root as nothing. */
const hostNames = fc
  .array(fc.string({ unit: fc.constantFrom(..."abc019-_"), minLength: 1, maxLength: 12 }), { maxLength: 4 })
  .map((labels) => `${[...labels, ...(labels.length > 0 ? ["test"] : [])].join(".")}.`);
const withoutDot = (name: string) => name.slice(0, -1);
const u16 = fc.nat(0xffff);
const seconds = fc.nat(0x7fff_ffff);
const text = fc.string({ unit: "grapheme-ascii", maxLength: 60 });

/** One record as our text, and as the fields dns2 has for it. */
interface Pair {
  readonly type: number;
  readonly rdata: Uint8Array;
  readonly fields: Readonly<Record<string, unknown>>;
}

const pair = (type: number, presentation: string, fields: Pair["fields"]): Pair => ({
  type,
  rdata: parseRdata(type, presentation),
  fields,
});

const pairs: fc.Arbitrary<Pair> = fc.oneof(
  octets(4, 4).map((octetsOf) => {
    const address = formatAddress(octetsOf);
    return pair(RRType.A, address, { address });
  }),
  fc
    .oneof(
      octets(16, 16),
      fc.array(fc.constantFrom(0, 0, 1), { minLength: 16, maxLength: 16 }).map((a) => Uint8Array.from(a)),
    )
    .map((octetsOf) => {
      const address = formatAddress(octetsOf);
      return pair(RRType.AAAA, address, { address });
    }),
  hostNames.map((name) => pair(RRType.NS, name, { ns: withoutDot(name) })),
  hostNames.map((name) => pair(RRType.CNAME, name, { domain: withoutDot(name) })),
  fc
    .tuple(u16, hostNames)
    .map(([priority, name]) =>
      pair(RRType.MX, `${priority} ${name}`, { priority, exchange: withoutDot(name) }),
    ),
  fc.array(text, { minLength: 1, maxLength: 3 }).map((data) => {
    const quoted = data.map((string) => `"${string.replaceAll(/["\\]/g, "\\$&")}"`);
    return pair(RRType.TXT, quoted.join(" "), { data });
  }),
  fc.tuple(u16, u16, u16, hostNames).map(([priority, weight, port, name]) =>
    pair(RRType.SRV, `${priority} ${weight} ${port} ${name}`, {
      priority,
      weight,
      port,
      target: withoutDot(name),
    }),
  ),
  fc
    .tuple(hostNames, hostNames, fc.nat(0xffff_ffff), seconds, seconds, seconds, seconds)
    .map(([primary, admin, serial, refresh, retry, expiration, minimum]) =>
      pair(RRType.SOA, [primary, admin, serial, refresh, retry, expiration, minimum].join(" "), {
        primary: withoutDot(primary),
        admin: withoutDot(admin),
        serial,
        refresh,
        retry,
        expiration,
        minimum,
      }),
    ),
);

const records = fc.array(fc.record({ owner: hostNames, ttl: seconds, pair: pairs }), { maxLength: 6 });
const conversations = fc.record({
  id: u16,
  aa: fc.boolean(),
  rd: fc.boolean(),
  rcode: fc.nat(15),
  qname: hostNames,
  qtype: fc.constantFrom(RRType.A, RRType.MX, RRType.ANY),
  answer: records,
  authority: records,
  additional: records,
});
type Conversation = typeof conversations extends fc.Arbitrary<infer T> ? T : never;
type Records = Conversation["answer"];

const toRRs = (list: Records): MessageRR[] =>
  list.map(({ owner, ttl, pair: { type, rdata } }) => ({
    owner: parseName(owner),
    type,
    class: RRClass.IN,
    ttl,
    rdata,
  }));

function toMessage({ id, aa, rd, rcode, qname, qtype, ...sections }: Conversation): Message {
  return {
    ...{ id, qr: true, opcode: 0, aa, tc: false, rd, ra: false, z: false, ad: false, cd: false, rcode },
    question: [{ name: parseName(qname), type: qtype, class: RRClass.IN }],
    answer: toRRs(sections.answer),
    authority: toRRs(sections.authority),
    additional: toRRs(sections.additional),
  };
}

const toResources = (list: Records) =>
  list.map(({ owner, ttl, pair: { type, fields } }) => ({
    name: withoutDot(owner),
    type,
    class: RRClass.IN,
    ttl,
    ...fields,
  }));

/** dns2 writes IPv4-mapped addresses in hexadecimal groups; the octets are what counts. */
function withOctets(resource: object): object {
  const address = "address" in resource ? parseAddress(String(resource.address)) : undefined;
  return address === undefined ? { ...resource } : { ...resource, address };
}

test("dns2 reads what encodeMessage() writes", () => {
  fc.assert(
    fc.property(conversations, (conversation) => {
      const packet = Packet.parse(Buffer.from(encodeMessage(toMessage(conversation))));
      expect(packet.header).toMatchObject({
        id: conversation.id,
        qr: 1,
        aa: Number(conversation.aa),
        rd: Number(conversation.rd),
        rcode: conversation.rcode,
      });
      expect(packet.questions.map(({ name, type }) => [name, type])).toEqual([
        [withoutDot(conversation.qname), conversation.qtype],
      ]);
      expect(packet.answers.map(withOctets)).toEqual(toResources(conversation.answer).map(withOctets));
      expect(packet.authorities.map(withOctets)).toEqual(toResources(conversation.authority).map(withOctets));
      expect(packet.additionals.map(withOctets)).toEqual(
        toResources(conversation.additional).map(withOctets),
      );
    }),
    { numRuns: 300 },
  );
});

test("decodeMessage() reads what dns2 writes", () => {
  fc.assert(
    fc.property(conversations, (conversation) => {
      const packet = new Packet();
      const { id, aa, rd, rcode, qname, qtype } = conversation;
      Object.assign(packet.header, { id, qr: 1, aa: Number(aa), rd: Number(rd), rcode });
      Object.assign(packet, {
        questions: [{ name: withoutDot(qname), type: qtype, class: RRClass.IN }],
        // dns2's reader of IPv6 text knows hexadecimal groups only.
        answers: toResources(conversation.answer).map(withHexGroups),
        authorities: toResources(conversation.authority).map(withHexGroups),
        additionals: toResources(conversation.additional).map(withHexGroups),
      });
      expect(decodeMessage(packet.toBuffer())).toEqual(toMessage(conversation));
    }),
    { numRuns: 300 },
  );
});

test("both make the same octets of a question", () => {
  fc.assert(
    fc.property(hostNames, u16, (qname, id) => {
      const packet = new Packet();
      Object.assign(packet.header, { id, rd: 1 });
      Object.assign(packet, {
        questions: [{ name: withoutDot(qname), type: RRType.AAAA, class: RRClass.IN }],
      });
      const name = parseName(qname);
      expect(formatName(name)).toBe(qname);
      expect(Buffer.from(encodeMessage({ id, rd: true, question: [{ name, type: RRType.AAAA }] }))).toEqual(
        packet.toBuffer(),
      );
    }),
  );
});

function withHexGroups(resource: object): object {
  if (!("address" in resource)) return resource;
  const octetsOf = parseAddress(String(resource.address))!;
  if (octetsOf.length === 4) return resource;
  return { ...resource, address: Buffer.from(octetsOf).toString("hex").match(/.{4}/g)!.join(":") };
}
