import { describe, expect, test } from "vitest";
import { OptionCode } from "../../src/wire/edns.ts";
import { encodeMessage, type MessageDraft } from "../../src/wire/message.ts";
import { parseName, ROOT } from "../../src/wire/name.ts";
import { Query, QueryStatus, readQuery } from "../../src/wire/query.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import { RRType } from "../../src/wire/rr-type.ts";

const WWW = { name: parseName("wWw.example.test."), type: RRType.A };

function read(octets: Uint8Array, overTcp = false): { status: QueryStatus; query: Query } {
  const query = new Query();
  return { status: readQuery(octets, octets.length, query, overTcp), query };
}

function draft(more: MessageDraft = {}): Uint8Array {
  return encodeMessage({ id: 7, rd: true, question: [WWW], ...more });
}

function withOption(code: number, data: number[], overTcp = false): { status: QueryStatus; query: Query } {
  return read(draft({ edns: { options: [{ code, data: Uint8Array.from(data) }] } }), overTcp);
}

/** Puts a number into a 16-bit field of a message. */
function patched(octets: Uint8Array, at: number, value: number): Uint8Array {
  const copy = octets.slice();
  copy[at] = value >>> 8;
  copy[at + 1] = value;
  return copy;
}

describe("readQuery()", () => {
  test("reads name, type, class and where the question ends", () => {
    const { status, query } = read(draft());
    expect(status).toBe(QueryStatus.ok);
    expect([query.qtype, query.qclass, query.questionEnd]).toEqual([1, 1, 12 + 18 + 4]);
    expect(query.hasEdns).toBe(false);
    expect(query.udpSize).toBe(512);
  });

  test("reads EDNS: size, version, DO", () => {
    const { status, query } = read(draft({ edns: { udpSize: 4096, dnssecOk: true } }));
    expect(status).toBe(QueryStatus.ok);
    expect([query.hasEdns, query.udpSize, query.dnssecOk, query.ednsVersion]).toEqual([true, 4096, true, 0]);
  });

  test("takes an EDNS size below 512 as 512 (RFC 6891 section 6.2.3)", () => {
    expect(read(draft({ edns: { udpSize: 100 } })).query.udpSize).toBe(512);
  });

  test("forgets what the query before had", () => {
    const query = new Query();
    const first = draft({
      edns: { udpSize: 4096, dnssecOk: true, options: [{ code: OptionCode.NSID, data: new Uint8Array(0) }] },
    });
    readQuery(first, first.length, query, false);
    const second = draft();
    expect(readQuery(second, second.length, query, false)).toBe(QueryStatus.ok);
    expect([query.hasEdns, query.dnssecOk, query.wantsNsid, query.udpSize, query.ecsOffset]).toEqual([
      false,
      false,
      false,
      512,
      0,
    ]);
  });

  test("ignores what is shorter than a header, and what is a reply", () => {
    for (let length = 0; length < 12; length++) {
      expect(read(draft().subarray(0, length)).status).toBe(QueryStatus.ignore);
    }
    expect(read(draft({ qr: true })).status).toBe(QueryStatus.ignore);
  });

  test("answers FORMERR wherever the rest is cut short", () => {
    const whole = draft({
      additional: [{ owner: ROOT, type: 16, ttl: 0, rdata: parseRdata(16, "x", ROOT) }],
      edns: { options: [{ code: 65001, data: new Uint8Array(3) }] },
    });
    for (let length = 12; length < whole.length; length++) {
      expect(read(whole.subarray(0, length)).status).toBe(QueryStatus.formerr);
    }
    expect(read(whole).status).toBe(QueryStatus.ok);
  });

  test("answers FORMERR to octets behind the last section", () => {
    expect(read(Uint8Array.from([...draft(), 0])).status).toBe(QueryStatus.formerr);
  });

  test.each([0, 2, 65535])("answers FORMERR to QDCOUNT %i (RFC 9619)", (count) => {
    expect(read(patched(draft(), 4, count)).status).toBe(QueryStatus.formerr);
  });

  test("finds the OPT of a message with no question, or with two", () => {
    for (const question of [[], [WWW, WWW]]) {
      const { status, query } = read(draft({ question, edns: {} }));
      expect([status, query.hasEdns, query.questionEnd]).toEqual([QueryStatus.formerr, true, 0]);
    }
  });

  test("answers FORMERR to a compressed question name, and to a pointer forward", () => {
    const pointer = draft();
    pointer[12] = 0xc0;
    expect(read(pointer).status).toBe(QueryStatus.formerr);
    const forward = Uint8Array.from([...patched(draft(), 10, 1), 0xc0, 0xff, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(read(forward).status).toBe(QueryStatus.formerr);
    const backward = Uint8Array.from([...patched(draft(), 10, 1), 0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(read(backward).status).toBe(QueryStatus.ok);
  });

  test("steps over the SOA that IXFR has in authority", () => {
    const soa = parseRdata(RRType.SOA, "ns1 hostmaster 1 2 3 4 5", parseName("example.test."));
    const octets = draft({
      question: [{ ...WWW, type: RRType.IXFR }],
      authority: [{ owner: WWW.name, type: RRType.SOA, ttl: 0, rdata: soa }],
    });
    expect(read(octets).status).toBe(QueryStatus.ok);
  });

  test.each([1, 2, 3, 6, 15])("answers NOTIMP to opcode %i, whatever follows the header", (opcode) => {
    expect(read(draft({ opcode })).status).toBe(QueryStatus.notimp);
    expect(read(draft({ opcode }).subarray(0, 12)).status).toBe(QueryStatus.notimp);
  });

  test.each([1, 2, 3, 6, 15])(
    "sees the OPT of opcode %i where all of it has the form of a query",
    (opcode) => {
      for (const question of [[WWW], [], [WWW, WWW]]) {
        const { status, query } = read(draft({ opcode, question, edns: { version: 1 } }));
        expect([status, query.hasEdns, query.questionEnd]).toEqual([QueryStatus.notimp, true, 0]);
      }
      const whole = draft({ opcode, edns: {} });
      for (let length = 12; length < whole.length; length++) {
        const { status, query } = read(whole.subarray(0, length));
        expect([status, query.hasEdns, query.questionEnd]).toEqual([QueryStatus.notimp, false, 0]);
      }
      expect(read(Uint8Array.from([...whole, 0])).query.hasEdns).toBe(false);
    },
  );

  test.each([4, 5])("refuses opcode %i in good form, with its question read", (opcode) => {
    const { status, query } = read(draft({ opcode }));
    expect(status).toBe(QueryStatus.refused);
    expect(query.questionEnd).toBeGreaterThan(12);
  });

  test("answers BADVERS to a version above 0 and does not look at its options", () => {
    const octets = draft({
      edns: { version: 1, options: [{ code: OptionCode.ECS, data: Uint8Array.of(1) }] },
    });
    const { status, query } = read(octets);
    expect(status).toBe(QueryStatus.badvers);
    expect(query.hasEdns).toBe(true);
  });

  test("answers FORMERR to a second OPT, and to an OPT that the root does not own", () => {
    const opt = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
    const two = Uint8Array.from([...patched(draft(), 10, 2), ...opt, ...opt]);
    expect(read(two).status).toBe(QueryStatus.formerr);
    const owned = Uint8Array.from([...patched(draft(), 10, 1), 1, 0x61, ...opt]);
    expect(read(owned)).toMatchObject({ status: QueryStatus.formerr, query: { hasEdns: true } });
  });

  test("answers FORMERR to an option longer than the OPT", () => {
    const octets = draft({ edns: { options: [{ code: 65001, data: new Uint8Array(4) }] } });
    octets[octets.length - 5] = 5;
    expect(read(octets).status).toBe(QueryStatus.formerr);
  });

  test("ignores unknown options, and a keepalive over UDP", () => {
    expect(withOption(65001, [1, 2, 3]).status).toBe(QueryStatus.ok);
    expect(withOption(OptionCode.TCP_KEEPALIVE, [1, 2])).toMatchObject({
      status: QueryStatus.ok,
      query: { wantsKeepalive: false },
    });
    expect(withOption(OptionCode.TCP_KEEPALIVE, [], true).query.wantsKeepalive).toBe(true);
    expect(withOption(OptionCode.TCP_KEEPALIVE, [0, 1], true).status).toBe(QueryStatus.formerr);
  });

  test("finds NSID and ECS", () => {
    expect(withOption(OptionCode.NSID, []).query.wantsNsid).toBe(true);
    const { status, query } = withOption(OptionCode.ECS, [0, 1, 24, 0, 192, 0, 2]);
    expect(status).toBe(QueryStatus.ok);
    expect(query.ecsLength).toBe(7);
    expect(query.ecsOffset).toBeGreaterThan(12);
  });

  test("takes ECS of every source length of both families", () => {
    for (const [family, bits] of [
      [1, 32],
      [2, 128],
    ] as const) {
      for (let source = 0; source <= bits; source++) {
        const octets = new Array(Math.ceil(source / 8)).fill(0);
        expect(withOption(OptionCode.ECS, [0, family, source, 0, ...octets]).status).toBe(QueryStatus.ok);
      }
    }
  });

  test.each([
    ["no more than a family", [0, 1]],
    ["family 0", [0, 0, 0, 0]],
    ["family 3", [0, 3, 0, 0]],
    ["IPv4 source 33", [0, 1, 33, 0, 1, 2, 3, 4, 5]],
    ["IPv6 source 129", [0, 2, 129, 0, ...new Array(17).fill(1)]],
    ["a scope", [0, 1, 24, 24, 192, 0, 2]],
    ["an octet too few", [0, 1, 24, 0, 192, 0]],
    ["an octet too many", [0, 1, 24, 0, 192, 0, 2, 0]],
    ["a bit beyond the source length", [0, 1, 23, 0, 192, 0, 3]],
    ["octets with source 0", [0, 1, 0, 0, 0]],
  ])("answers FORMERR to ECS with %s (RFC 7871 section 7.1.2)", (_claim, data) => {
    expect(withOption(OptionCode.ECS, data).status).toBe(QueryStatus.formerr);
  });

  test("answers FORMERR to a second ECS", () => {
    const ecs = { code: OptionCode.ECS, data: Uint8Array.of(0, 1, 0, 0) };
    expect(read(draft({ edns: { options: [ecs, ecs] } })).status).toBe(QueryStatus.formerr);
  });
});
