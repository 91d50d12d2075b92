/**
 * The queries of RFC 8906 section 8, with what each must be answered. `dig` options of the
 * section stand in the names.
 */
import { describe, expect, test } from "vitest";
import { Rcode } from "../../src/wire/dns-codes.ts";
import { encodeMessage, type Message } from "../../src/wire/message.ts";
import { RRType } from "../../src/wire/rr-type.ts";
import { type Asking, ask, decodeReply, send, viewOf, zoneOf } from "../support/answers.ts";

const view = viewOf([
  zoneOf(`
$ORIGIN example.test.
$TTL 3600
@    SOA ns1 hostmaster 1 7200 900 1209600 300
@    NS  ns1
@    NS  ns2
ns1  A   192.0.2.1
ns2  A   192.0.2.2
@    TXT "${"a".repeat(250)}" "${"b".repeat(250)}" "${"c".repeat(250)}" "${"d".repeat(250)}"
@    TXT "${"e".repeat(250)}" "${"f".repeat(250)}" "${"g".repeat(250)}" "${"h".repeat(250)}"
`),
]);

function soa(asking: Asking): Message {
  return ask(view, "example.test. SOA", asking)!;
}

function expectSoa(reply: Message): void {
  expect(reply.rcode).toBe(Rcode.NOERROR);
  expect(reply.aa).toBe(true);
  expect(reply.answer.map((rr) => rr.type)).toEqual([RRType.SOA]);
}

describe("RFC 8906 section 8.1, basic DNS", () => {
  test("8.1.1 soa: is the server configured for the zone?", () => {
    const reply = soa({});
    expectSoa(reply);
    expect(reply.edns).toBeUndefined();
  });

  test("8.1.2 type1000: unknown types are NODATA", () => {
    const reply = ask(view, "example.test. TYPE1000")!;
    expect([reply.rcode, reply.aa, reply.answer.length]).toEqual([Rcode.NOERROR, true, 0]);
    expect(reply.authority.map((rr) => rr.type)).toEqual([RRType.SOA]);
    expect(reply.edns).toBeUndefined();
  });

  test("8.1.3.1 +cd", () => {
    const reply = soa({ draft: { cd: true } });
    expectSoa(reply);
    expect(reply.cd).toBe(false);
  });

  test("8.1.3.2 +ad: nothing here was validated", () => {
    const reply = soa({ draft: { ad: true } });
    expectSoa(reply);
    expect(reply.ad).toBe(false);
  });

  test("8.1.3.3 +zflag: the reserved bit stays clear", () => {
    const reply = soa({ draft: { z: true } });
    expectSoa(reply);
    expect(reply.z).toBe(false);
  });

  test("8.1.3.4 +rec: RD comes back, RA is clear", () => {
    const reply = soa({ draft: { rd: true } });
    expectSoa(reply);
    expect([reply.rd, reply.ra]).toEqual([true, false]);
  });

  test("8.1.4 +opcode=15 +header-only", () => {
    const octets = encodeMessage({ id: 99, opcode: 15 });
    const reply = decodeReply(send(view, octets)!);
    expect([reply.id, reply.opcode, reply.rcode, reply.aa, reply.question.length]).toEqual([
      99,
      15,
      Rcode.NOTIMP,
      false,
      0,
    ]);
    expect(send(view, octets)).toHaveLength(12);
  });

  test("+opcode=15 +edns: NOTIMP with an OPT (RFC 6891 section 6.1.1) and no question", () => {
    const reply = soa({ draft: { opcode: 15 }, edns: {} });
    expect([reply.rcode, reply.question.length, reply.edns?.version]).toEqual([Rcode.NOTIMP, 0, 0]);
    expect(soa({ draft: { opcode: 15 } }).edns).toBeUndefined();
  });

  test("8.1.5 +tcp soa", () => {
    expectSoa(soa({ transport: "tcp" }));
  });
});

describe("RFC 8906 section 8.2, EDNS", () => {
  test("8.2.1 +edns=0", () => {
    const reply = soa({ edns: {} });
    expectSoa(reply);
    expect(reply.edns).toMatchObject({ version: 0, options: [] });
  });

  test("8.2.2 +edns=1: BADVERS, version 0, no answer", () => {
    const reply = soa({ edns: { version: 1 } });
    expect([reply.rcode, reply.answer.length, reply.edns?.version]).toEqual([Rcode.BADVERS, 0, 0]);
  });

  test("8.2.3 +ednsopt=100: ignored and not echoed", () => {
    const reply = soa({ edns: { options: [{ code: 100, data: Uint8Array.of(1, 2) }] } });
    expectSoa(reply);
    expect(reply.edns?.options).toEqual([]);
  });

  test("8.2.4 +ednsflags=0x40: unknown flags stay clear", () => {
    const reply = soa({ edns: { flags: 0x40 } });
    expectSoa(reply);
    expect(reply.edns).toMatchObject({ version: 0, dnssecOk: false, flags: 0 });
  });

  test("8.2.5 +edns=1 +ednsflags=0x40", () => {
    const reply = soa({ edns: { version: 1, flags: 0x40 } });
    expect([reply.rcode, reply.answer.length]).toEqual([Rcode.BADVERS, 0]);
    expect(reply.edns).toMatchObject({ version: 0, flags: 0 });
  });

  test("8.2.6 +edns=1 +ednsopt=100", () => {
    const reply = soa({ edns: { version: 1, options: [{ code: 100, data: new Uint8Array(0) }] } });
    expect([reply.rcode, reply.answer.length]).toEqual([Rcode.BADVERS, 0]);
    expect(reply.edns).toMatchObject({ version: 0, options: [] });
  });

  test("8.2.7 +bufsize=512 +ignore of what is larger: TC, with the OPT", () => {
    const reply = ask(view, "example.test. TXT", { edns: { udpSize: 512, dnssecOk: true } })!;
    expect([reply.rcode, reply.tc, reply.answer.length]).toEqual([Rcode.NOERROR, true, 0]);
    expect(reply.edns).toMatchObject({ version: 0 });
  });

  test("8.2.8 +dnssec: DO comes back (RFC 3225 section 3)", () => {
    const reply = soa({ edns: { dnssecOk: true } });
    expectSoa(reply);
    expect(reply.edns?.dnssecOk).toBe(true);
  });

  test.each([
    ["NSID", 3, []],
    ["ECS", 8, [0, 1, 24, 0, 192, 0, 2]],
    ["EXPIRE", 9, []],
    ["COOKIE", 10, [1, 2, 3, 4, 5, 6, 7, 8]],
  ])("8.2.9 with the option %s", (_name, code, data) => {
    expectSoa(soa({ edns: { options: [{ code, data: Uint8Array.from(data) }] } }));
  });

  test("8.3 +edns=0 +tcp", () => {
    const reply = soa({ edns: {}, transport: "tcp" });
    expectSoa(reply);
    expect(reply.edns?.version).toBe(0);
  });
});
