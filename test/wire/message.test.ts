import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Rcode } from "../../src/wire/dns-codes.ts";
import { decodeMessage, encodeMessage, type Message, type MessageRR } from "../../src/wire/message.ts";
import { formatName, parseName, ROOT } from "../../src/wire/name.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import { RRClass, RRType } from "../../src/wire/rr-type.ts";
import { hex, join, names, octets, typedRdata } from "./arbitraries.ts";

const WWW = parseName("www.example.test.");

/** Few names, so that compression has something to find. */
const someNames = fc.constantFrom(
  ...["example.test.", "www.example.test.", "WWW.example.test.", "a.b.www.example.test.", "test.", "."].map(
    (text) => parseName(text),
  ),
);
const rr: fc.Arbitrary<MessageRR> = fc
  .tuple(fc.oneof(someNames, names), fc.nat(0x7fff_ffff), typedRdata)
  .map(([owner, ttl, { type, rdata }]) => ({ owner, type, class: RRClass.IN, ttl, rdata }));
const section = fc.array(rr, { maxLength: 6 });
const question = fc.record({ name: someNames, type: fc.nat(0xffff), class: fc.nat(0xffff) });
const edns = fc.record({
  udpSize: fc.nat(0xffff),
  version: fc.nat(255),
  dnssecOk: fc.boolean(),
  flags: fc.nat(0x7fff),
  options: fc.array(fc.record({ code: fc.nat(0xffff), data: octets(0, 20) }), { maxLength: 4 }),
});
const flags = {
  qr: fc.boolean(),
  aa: fc.boolean(),
  tc: fc.boolean(),
  rd: fc.boolean(),
  ra: fc.boolean(),
  z: fc.boolean(),
  ad: fc.boolean(),
  cd: fc.boolean(),
};
const messages: fc.Arbitrary<Message> = fc
  .tuple(
    fc.record({
      id: fc.nat(0xffff),
      ...flags,
      opcode: fc.nat(15),
      question: fc.array(question, { maxLength: 2 }),
      answer: section,
      authority: section,
      additional: section,
    }),
    fc.option(fc.tuple(edns, fc.nat(0xfff)), { nil: undefined }),
    fc.nat(15),
  )
  .map(([message, opt, rcode]) =>
    opt === undefined ? { ...message, rcode } : { ...message, edns: opt[0], rcode: opt[1] },
  );

describe("encodeMessage(), decodeMessage()", () => {
  test("undo each other: flags, sections, OPT, twelve bits of rcode, and the case of names", () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  test("a draft has defaults: class IN, NOERROR, no flags, no OPT", () => {
    const draft = { id: 7, question: [{ name: WWW, type: RRType.A }] };
    expect(encodeMessage(draft)).toEqual(
      hex("0007 0000 0001 0000 0000 0000 03777777 076578616d706c65 0474657374 00 0001 0001"),
    );
    expect(encodeMessage({ edns: {} })).toEqual(
      hex("0000 0000 0000 0000 0000 0001 00 0029 04d0 00 00 0000 0000"),
    );
  });

  test("names are compressed in owners and in rdata of RFC 1035 types, and in no others", () => {
    const wire = encodeMessage({
      question: [{ name: WWW, type: RRType.MX }],
      answer: [
        { owner: WWW, type: RRType.MX, ttl: 1, rdata: parseRdata(RRType.MX, "10 example.test.") },
        { owner: WWW, type: RRType.SRV, ttl: 1, rdata: parseRdata(RRType.SRV, "1 2 3 example.test.") },
      ],
    });
    expect(wire.subarray(12 + 22)).toEqual(
      hex(`c00c 000f 0001 00000001 0004 000a c010
           c00c 0021 0001 00000001 0014 0001 0002 0003 076578616d706c65 0474657374 00`),
    );
  });

  test("names are not pointed at where pointers do not reach", () => {
    const filler = { owner: ROOT, type: 1000, ttl: 0, rdata: new Uint8Array(0x4000) };
    const late = { owner: WWW, type: 1000, ttl: 0, rdata: new Uint8Array() };
    const wire = encodeMessage({ answer: [filler, late, late] });
    const decoded = decodeMessage(wire) as Message;
    expect(decoded.answer.map(({ owner }) => formatName(owner))).toEqual([
      ".",
      ...Array(2).fill("www.example.test."),
    ]);
    expect(wire).toHaveLength(12 + 11 + 0x4000 + 2 * (18 + 10));
  });

  test("what no message can hold is the caller's fault", () => {
    expect(() => encodeMessage({ rcode: Rcode.BADVERS })).toThrow(RangeError);
    const big = { owner: ROOT, type: 1000, ttl: 0, rdata: new Uint8Array(40_000) };
    expect(() => encodeMessage({ answer: [big, big] })).toThrow(RangeError);
  });

  test("rdata of other classes is what it is (CHAOS, UPDATE)", () => {
    const deletion = { owner: WWW, type: RRType.A, class: RRClass.ANY, ttl: 0, rdata: new Uint8Array() };
    const version = { owner: WWW, type: RRType.TXT, class: RRClass.CH, ttl: 0, rdata: hex("0161") };
    expect(decodeMessage(encodeMessage({ authority: [deletion, version] }))).toMatchObject({
      authority: [deletion, version],
    });
  });

  test("a TTL with the top bit set is 0 (RFC 2181 section 8)", () => {
    const wire = encodeMessage({ answer: [{ owner: ROOT, type: 1000, ttl: 0x8000_0001, rdata: hex("00") }] });
    expect((decodeMessage(wire) as Message).answer[0]!.ttl).toBe(0);
  });
});

describe("decodeMessage()", () => {
  const header = (counts: string) => `0001 8000 ${counts}`;
  const opt = "00 0029 04d0 00000000 0000";

  test.each([
    ["nothing", "", /0 octets are no message/],
    ["half a header", "0001 8000 0000", /no message/],
    ["no question though one is announced", header("0001 0000 0000 0000"), /name of a question/],
    ["half a question", header("0001 0000 0000 0000 00 0001"), /question is cut short/],
    [
      "a record's owner that points at itself",
      header("0000 0001 0000 0000 c00c 0001 0001 00000000 0000"),
      /owner.*answer/,
    ],
    ["half a record", header("0000 0000 0001 0000 00 0001 0001"), /record in authority is cut short/],
    [
      "rdata cut short",
      header("0000 0001 0000 0000 00 0001 0001 00000000 0004 c00002"),
      /rdata of A in answer is cut short/,
    ],
    [
      "malformed rdata",
      header("0000 0001 0000 0000 00 0001 0001 00000000 0003 c00002"),
      /rdata of A in answer is malformed/,
    ],
    [
      "rdata that ends before its name",
      header("0000 0001 0000 0000 00 0002 0001 00000000 0001 01 6100"),
      /rdata of NS/,
    ],
    ["octets left over", header("0000 0000 0000 0000 00"), /1 octets behind/],
    ["two OPTs", header(`0000 0000 0000 0002 ${opt} ${opt}`), /second OPT/],
    ["an OPT in answer", header(`0000 0001 0000 0000 ${opt}`), /OPT in answer/],
    [
      "an OPT that the root does not own",
      header("0000 0000 0000 0001 0161 00 0029 04d0 00000000 0000"),
      /not the root/,
    ],
    ["half an option", header("0000 0000 0000 0001 00 0029 04d0 00000000 0002 0003"), /option of the OPT/],
  ])("names what is wrong with %s", (_what, wire, message) => {
    const decoded = decodeMessage(hex(wire.replaceAll(" ", "")));
    expect(decoded).toHaveProperty("malformed", expect.stringMatching(message));
  });

  test("takes no message that is cut short at any octet", () => {
    fc.assert(
      fc.property(messages, (message) => {
        const wire = encodeMessage(message).subarray(0, 2000);
        for (let length = 0; length < wire.length; length++) {
          const decoded = decodeMessage(wire.subarray(0, length));
          if (!("malformed" in decoded)) throw new Error(`taken at ${length} of ${wire.length} octets`);
          expect(decoded.offset).toBeLessThanOrEqual(length);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("never throws on octets changed or drawn at random, and what it takes can be sent again", () => {
    const changed = fc
      .tuple(messages, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
      .map(([message, changes]) => {
        const wire = encodeMessage(message);
        for (const [at, octet] of changes) wire[at % wire.length] = octet;
        return wire;
      });
    const random = fc
      .tuple(fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), octets(0, 120))
      .map(([counts, body]) =>
        join([hex("00010000"), ...counts.map((count) => Uint8Array.of(0, count)), body]),
      );
    fc.assert(
      fc.property(fc.oneof(changed, random, octets(0, 64)), (wire) => {
        const decoded = decodeMessage(wire);
        if (!("malformed" in decoded)) expect(decodeMessage(encodeMessage(decoded))).toEqual(decoded);
      }),
      { numRuns: 2000 },
    );
  });

  test("follows a bounded number of pointers, however many names point at a long chain", () => {
    // 8000 pointers, each to the one before, in the rdata of one record; then as many
    // questions as fit would each walk all of them. The first of those is refused.
    const chain = new Uint8Array(16_000);
    for (let at = 0; at < chain.length; at += 2) {
      const target = at === 0 ? 12 : 12 + 11 + at - 2;
      chain.set([0xc0 | (target >> 8), target & 0xff], at);
    }
    const end = 12 + 11 + chain.length;
    const wire = join([
      hex("0001 8000 0000 0002 0000 0000"),
      hex("00 03e8 0001 00000000"),
      Uint8Array.of(chain.length >> 8, chain.length & 0xff),
      chain,
      Uint8Array.of(0xc0 | ((end - 2) >> 8), (end - 2) & 0xff),
      hex("03e8 0001 00000000 0000"),
    ]);
    expect(decodeMessage(wire)).toMatchObject({ malformed: expect.stringMatching(/owner/), offset: end });
  });
});
