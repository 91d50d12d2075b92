import { describe, expect, test } from "vitest";
import { respond } from "../../src/server/respond.ts";
import { Opcode, Rcode } from "../../src/wire/dns-codes.ts";
import { decodeClientSubnet, OptionCode } from "../../src/wire/edns.ts";
import { encodeMessage } from "../../src/wire/message.ts";
import { formatName, parseName } from "../../src/wire/name.ts";
import { formatRdata } from "../../src/wire/rdata/index.ts";
import { RRClass, RRType } from "../../src/wire/rr-type.ts";
import { answerTo, ask, decodeReply, poolOf, send, show, viewOf, zoneOf } from "../support/answers.ts";
import { EXAMPLE_POOLS, EXAMPLE_ZONES, LONG } from "./example-zones.ts";

const view = viewOf(EXAMPLE_ZONES, EXAMPLE_POOLS);

const SOA = "authority example.test. 60 SOA ns1.example.test. hostmaster.example.test. 7 7200 900 1209600 60";

describe("respond(), static names", () => {
  test("answers with AA, and leaves RA clear", () => {
    expect(answerTo(view, "www.example.test. A", { draft: { rd: true } })).toEqual([
      "NOERROR aa rd",
      "answer www.example.test. 300 A 192.0.2.10",
    ]);
  });

  test("repeats the question octet by octet, case included", () => {
    const query = encodeMessage({
      id: 1,
      question: [{ name: parseName("wWw.eXaMpLe.TeSt."), type: RRType.A }],
    });
    const reply = send(view, query)!;
    expect([...reply.subarray(12, query.length)]).toEqual([...query.subarray(12)]);
  });

  test("refuses, without AA, what no zone here is for", () => {
    for (const name of ["test.", ".", "example.org.", "xexample.test."]) {
      expect(answerTo(view, `${name} A`)).toEqual(["REFUSED"]);
    }
  });

  test("answers NODATA at an empty non-terminal (RFC 8020) and NXDOMAIN beside it", () => {
    expect(answerTo(view, "ent.example.test. TXT")).toEqual(["NOERROR aa", SOA]);
    expect(answerTo(view, "b.ent.example.test. TXT")).toEqual(["NXDOMAIN aa", SOA]);
  });

  test("gives negative answers the lower of SOA TTL and MINIMUM (RFC 2308)", () => {
    expect(answerTo(view, "www.example.test. AAAA")).toEqual(["NOERROR aa", SOA]);
  });

  test("sends the addresses of targets in the zone along", () => {
    expect(answerTo(view, "example.test. NS")).toEqual([
      "NOERROR aa",
      "answer example.test. 300 NS ns1.example.test.",
      "answer example.test. 300 NS ns2.example.test.",
      "additional ns1.example.test. 300 A 192.0.2.1",
      "additional ns1.example.test. 300 AAAA 2001:db8::1",
      "additional ns2.example.test. 300 A 192.0.2.2",
    ]);
    expect(answerTo(view, "mx.example.test. MX").at(-1)).toBe(
      "additional www.example.test. 300 A 192.0.2.10",
    );
    expect(answerTo(view, "svc.example.test. SRV").at(-1)).toBe(
      "additional www.example.test. 300 A 192.0.2.10",
    );
    expect(answerTo(view, "https.example.test. HTTPS").at(-1)).toBe(
      "additional https.example.test. 300 A 192.0.2.11",
    );
    expect(answerTo(view, "mail.example.test. MX")).toHaveLength(2);
  });

  test("answers ANY with the smallest RRset (RFC 8482)", () => {
    expect(answerTo(view, "https.example.test. ANY")).toEqual([
      "NOERROR aa",
      "answer https.example.test. 300 A 192.0.2.11",
    ]);
    expect(answerTo(view, "alias.example.test. ANY")).toEqual([
      "NOERROR aa",
      "answer alias.example.test. 300 CNAME www.example.test.",
    ]);
  });

  test("answers a type of RFC 3597 that is not there with NODATA", () => {
    expect(answerTo(view, "www.example.test. TYPE65400")).toEqual(["NOERROR aa", SOA]);
  });

  test("answers a name of 127 labels with NXDOMAIN", () => {
    expect(answerTo(view, `${"a.".repeat(120)}example.test. A`)[0]).toBe("NXDOMAIN aa");
  });
});

describe("respond(), CNAME chains", () => {
  test("follows as far as the zones here go", () => {
    expect(answerTo(view, "chain1.example.test. A")).toEqual([
      "NOERROR aa",
      "answer chain1.example.test. 300 CNAME chain2.example.test.",
      "answer chain2.example.test. 300 CNAME alias.example.test.",
      "answer alias.example.test. 300 CNAME www.example.test.",
      "answer www.example.test. 300 A 192.0.2.10",
    ]);
  });

  test("does not follow when CNAME was asked for", () => {
    expect(answerTo(view, "chain1.example.test. CNAME")).toHaveLength(2);
  });

  test("goes on in another zone, and back up from a zone below", () => {
    expect(answerTo(view, "over.example.test. A")).toEqual([
      "NOERROR aa",
      "answer over.example.test. 300 CNAME www.other.test.",
      "answer www.other.test. 300 CNAME www.sub.other.test.",
      "answer www.sub.other.test. 300 A 192.0.2.80",
    ]);
    expect(answerTo(view, "up.sister.example.test. A").at(-1)).toBe(
      "answer www.example.test. 300 A 192.0.2.10",
    );
    expect(answerTo(view, "back.other.test. AAAA").slice(1)).toEqual([
      "answer back.other.test. 300 CNAME www.example.test.",
      SOA,
    ]);
  });

  test("ends with the CNAME where the target is not ours", () => {
    expect(answerTo(view, "away.example.test. A")).toEqual([
      "NOERROR aa",
      "answer away.example.test. 300 CNAME www.example.org.",
    ]);
  });

  test("has the rcode of the last name (RFC 6604)", () => {
    expect(answerTo(view, "dead.example.test. A")).toEqual([
      "NXDOMAIN aa",
      "answer dead.example.test. 300 CNAME nowhere.example.test.",
      SOA,
    ]);
    expect(answerTo(view, "dead-end.example.test. TXT")).toEqual([
      "NOERROR aa",
      "answer dead-end.example.test. 300 CNAME ns1.example.test.",
      SOA,
    ]);
  });

  test("ends where it would go round, each CNAME once", () => {
    expect(answerTo(view, "loop-a.example.test. A")).toEqual([
      "NOERROR aa",
      "answer loop-a.example.test. 300 CNAME loop-b.example.test.",
      "answer loop-b.example.test. 300 CNAME loop-a.example.test.",
    ]);
  });

  test("ends after eleven links and one more CNAME", () => {
    const links = Array.from({ length: 20 }, (_, i) => `c${i} CNAME c${i + 1}`).join("\n");
    const long = viewOf([
      zoneOf(`$ORIGIN l.test.\n$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a.test.\n${links}\nc20 A 192.0.2.1\n`),
    ]);
    const reply = answerTo(long, "c0.l.test. A");
    expect(reply[0]).toBe("NOERROR aa");
    expect(reply).toHaveLength(1 + 12);
    expect(answerTo(long, "c9.l.test. A").at(-1)).toBe("answer c20.l.test. 60 A 192.0.2.1");
  });

  test("leads to a steered name", () => {
    expect(answerTo(view, "to-pool.example.test. AAAA")).toEqual([
      "NOERROR aa",
      "answer to-pool.example.test. 300 CNAME steered.example.test.",
      "answer steered.example.test. 30 AAAA 2001:db8::21",
    ]);
  });

  test("leads to a zone cut: the CNAME and the referral, with AA for the first name", () => {
    expect(answerTo(view, "into.example.test. A")).toEqual([
      "NOERROR aa",
      "answer into.example.test. 300 CNAME x.child.example.test.",
      "authority child.example.test. 300 NS ns.child.example.test.",
      "authority child.example.test. 300 NS ns.sister.example.test.",
      "additional ns.child.example.test. 300 A 192.0.2.50",
      "additional ns.sister.example.test. 300 A 192.0.2.60",
    ]);
  });
});

describe("respond(), DNAME (RFC 6672)", () => {
  test("makes a CNAME and follows it", () => {
    expect(answerTo(view, "WWW.moved.example.test. A")).toEqual([
      "NOERROR aa",
      "answer moved.example.test. 300 DNAME there.example.test.",
      "answer WWW.moved.example.test. 300 CNAME WWW.there.example.test.",
      "answer WWW.there.example.test. 300 A 192.0.2.70",
    ]);
  });

  test("does not redirect its owner", () => {
    expect(answerTo(view, "moved.example.test. TXT")).toEqual([
      "NOERROR aa",
      'answer moved.example.test. 300 TXT "the owner itself"',
    ]);
    expect(answerTo(view, "moved.example.test. A")).toEqual(["NOERROR aa", SOA]);
  });

  test("leads out of our zones", () => {
    expect(answerTo(view, "a.b.out.example.test. A")).toEqual([
      "NOERROR aa",
      "answer out.example.test. 300 DNAME example.org.",
      "answer a.b.out.example.test. 300 CNAME a.b.example.org.",
    ]);
  });

  test("answers YXDOMAIN when the name would be too long", () => {
    const reply = answerTo(view, `${LONG}.deep.example.test. A`);
    expect(reply[0]).toBe("YXDOMAIN aa");
    expect(reply).toHaveLength(2);
  });

  test("is written once, however often it applies, each CNAME after it (RFC 2181 section 5)", () => {
    const rings = viewOf([
      zoneOf(
        `$ORIGIN r.test.\n$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a.test.\ndl DNAME dl.dl\nring DNAME b.ring2\nring2 DNAME a.ring\n`,
      ),
    ]);
    const own = answerTo(rings, "x.dl.r.test. A", { edns: { udpSize: 1232 } });
    expect(own[0]).toBe("NOERROR aa");
    expect(own.slice(1, 4)).toEqual([
      "answer dl.r.test. 60 DNAME dl.dl.r.test.",
      "answer x.dl.r.test. 60 CNAME x.dl.dl.r.test.",
      "answer x.dl.dl.r.test. 60 CNAME x.dl.dl.dl.r.test.",
    ]);
    expect(own.slice(2).every((line) => line.includes(" CNAME "))).toBe(true);
    expect(own).toHaveLength(1 + 1 + 12);
    const two = answerTo(rings, "x.ring.r.test. A", { edns: { udpSize: 1232 } });
    expect(two.slice(1, 6)).toEqual([
      "answer ring.r.test. 60 DNAME b.ring2.r.test.",
      "answer x.ring.r.test. 60 CNAME x.b.ring2.r.test.",
      "answer ring2.r.test. 60 DNAME a.ring.r.test.",
      "answer x.b.ring2.r.test. 60 CNAME x.b.a.ring.r.test.",
      "answer x.b.a.ring.r.test. 60 CNAME x.b.a.b.ring2.r.test.",
    ]);
    expect(new Set(two).size).toBe(two.length);
    // A reply knows nothing of the one before.
    expect(answerTo(rings, "x.dl.r.test. A", { edns: { udpSize: 1232 } })).toEqual(own);
  });

  test("is written again for another zone with the same place in its image", () => {
    const zone = (name: string, target: string) =>
      zoneOf(`$ORIGIN ${name}.test.\n$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a.test.\nd DNAME ${target}\n`);
    const two = viewOf([zone("one", "d.two.test."), zone("two", "end.example.")]);
    expect(answerTo(two, "x.d.one.test. A").slice(1)).toEqual([
      "answer d.one.test. 60 DNAME d.two.test.",
      "answer x.d.one.test. 60 CNAME x.d.two.test.",
      "answer d.two.test. 60 DNAME end.example.",
      "answer x.d.two.test. 60 CNAME x.end.example.",
    ]);
  });

  test("makes a name of 255 octets, and answers YXDOMAIN where it would have 256 (RFC 6672 section 2.2)", () => {
    const target = parseName(`${[LONG, LONG, LONG].join(".")}.example.test.`).length;
    const fits = `${"k".repeat(255 - target - 1)}.deep.example.test.`;
    const made = ask(view, `${fits} A`, { edns: { udpSize: 1232 } })!;
    expect([made.rcode, made.answer.map((rr) => rr.type)]).toEqual([
      Rcode.NXDOMAIN,
      [RRType.DNAME, RRType.CNAME],
    ]);
    expect(made.answer[1]!.rdata.length).toBe(255);
    const long = ask(view, `k${fits} A`, { edns: { udpSize: 1232 } })!;
    expect([long.rcode, long.answer.map((rr) => rr.type)]).toEqual([Rcode.YXDOMAIN, [RRType.DNAME]]);
  });

  test("answers a question for CNAME with the one that it makes", () => {
    expect(answerTo(view, "x.out.example.test. CNAME")).toHaveLength(3);
  });
});

describe("respond(), zone cuts", () => {
  const referral = [
    "NOERROR",
    "authority child.example.test. 300 NS ns.child.example.test.",
    "authority child.example.test. 300 NS ns.sister.example.test.",
    "additional ns.child.example.test. 300 A 192.0.2.50",
    "additional ns.sister.example.test. 300 A 192.0.2.60",
  ];

  test.each(["child", "x.child", "a.b.c.child", "ns.child"])(
    "refers %s, without AA, with glue (RFC 9471)",
    (name) => {
      expect(answerTo(view, `${name}.example.test. A`)).toEqual(referral);
    },
  );

  test("refers NS and ANY at the cut too", () => {
    expect(answerTo(view, "child.example.test. NS")).toEqual(referral);
    expect(answerTo(view, "child.example.test. ANY")).toEqual(referral);
  });

  test("answers DS at the cut itself, as the parent (RFC 4035 section 3.1.4.1), and refers DS below", () => {
    expect(answerTo(view, "child.example.test. DS")).toEqual([
      "NOERROR aa",
      `answer child.example.test. 300 DS 1 8 2 ${"AB".repeat(32)}`,
    ]);
    expect(answerTo(view, "x.child.example.test. DS")).toEqual(referral);
  });

  test("answers DS from the parent where both sides are served here, and all else from the child", () => {
    expect(answerTo(view, "sister.example.test. DS")).toEqual(["NOERROR aa", SOA]);
    expect(answerTo(view, "sister.example.test. SOA")[0]).toBe("NOERROR aa");
    expect(answerTo(view, "example.test. DS")).toEqual(["NOERROR aa", SOA]);
  });

  test("sets TC where in-domain glue does not fit, and leaves other glue out silently", () => {
    const servers = Array.from({ length: 13 }, (_, i) => `name-server-${i}`);
    const wide = viewOf([
      zoneOf(
        [
          "$ORIGIN w.test.\n$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a.test.",
          ...servers.map((ns) => `in NS ${ns}.in\n${ns}.in A 192.0.2.1\n${ns}.in AAAA 2001:db8::1`),
          ...servers.map((ns) => `other NS ${ns}.sister\n${ns}.sister A 192.0.2.1`),
          "sister NS name-server-1.sister",
        ].join("\n"),
      ),
    ]);
    const inDomain = ask(wide, "x.in.w.test. A")!;
    expect([inDomain.tc, inDomain.authority.length, inDomain.additional.length]).toEqual([true, 13, 0]);
    const overTcp = ask(wide, "x.in.w.test. A", { transport: "tcp" })!;
    expect([overTcp.tc, overTcp.authority.length, overTcp.additional.length]).toEqual([false, 13, 26]);
    const sibling = ask(wide, "x.other.w.test. A")!;
    expect([sibling.tc, sibling.authority.length, sibling.additional.length]).toEqual([false, 13, 0]);
  });
});

describe("respond(), steered names", () => {
  test("answers A and AAAA from the pool with the name's TTL", () => {
    expect(answerTo(view, "steered.example.test. A")).toEqual([
      "NOERROR aa",
      "answer steered.example.test. 30 A 192.0.2.21",
      "answer steered.example.test. 30 A 192.0.2.22",
    ]);
    expect(answerTo(view, "steered.example.test. AAAA")).toEqual([
      "NOERROR aa",
      "answer steered.example.test. 30 AAAA 2001:db8::21",
    ]);
  });

  test("answers other types from the records beside the pool, else NODATA", () => {
    expect(answerTo(view, "steered.example.test. TXT")[1]).toBe(
      'answer steered.example.test. 300 TXT "beside a pool"',
    );
    expect(answerTo(view, "steered.example.test. MX")).toEqual(["NOERROR aa", SOA]);
    expect(answerTo(view, "steered.example.test. CNAME")).toEqual(["NOERROR aa", SOA]);
  });

  test("answers at a wildcard, for the name that was asked", () => {
    expect(answerTo(view, "Any.Thing.wild.example.test. AAAA")).toEqual([
      "NOERROR aa",
      "answer Any.Thing.wild.example.test. 30 AAAA 2001:db8::21",
    ]);
  });

  test("answers NODATA where the pool has no member of the family", () => {
    expect(answerTo(view, "v4.example.test. AAAA")).toEqual(["NOERROR aa", SOA]);
  });

  test("answers a target as CNAME for every type, and follows it", () => {
    expect(answerTo(view, "off.example.test. A")).toEqual([
      "NOERROR aa",
      "answer off.example.test. 30 CNAME www.example.test.",
      "answer www.example.test. 300 A 192.0.2.10",
    ]);
    expect(answerTo(view, "off.example.test. MX").slice(1)).toEqual([
      "answer off.example.test. 30 CNAME www.example.test.",
      SOA,
    ]);
    expect(answerTo(view, "off.example.test. CNAME")).toHaveLength(2);
  });

  test("counts a member that is answered, and none where its address is of another type than was asked", () => {
    const zone = zoneOf("$ORIGIN m.test.\n@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a.test.\n", { mixed: "mixed" });
    const mixed = viewOf([zone], [poolOf("mixed", ["a 192.0.2.1", "target b.test."])]);
    expect(answerTo(mixed, "mixed.m.test. MX")[0]).toBe("NOERROR aa");
    expect(mixed.counters.memberCount(0)).toBe(0);
    answerTo(mixed, "mixed.m.test. A");
    expect(mixed.counters.memberCount(0)).toBe(1);
  });

  test("answers NODATA where the pool is closed", () => {
    expect(answerTo(view, "closed.example.test. A")).toEqual(["NOERROR aa", SOA]);
  });

  test("answers ANY with the addresses of one family", () => {
    expect(answerTo(view, "v4.example.test. ANY")).toEqual([
      "NOERROR aa",
      "answer v4.example.test. 30 A 192.0.2.23",
    ]);
  });

  test("gives A and AAAA of one client the same member, whatever else it asks in between", () => {
    const zone = zoneOf(
      [
        "draw.test. 300 SOA ns.draw.test. hostmaster.draw.test. 1 3600 600 86400 300",
        "draw.test. 300 NS ns.draw.test.",
        "ns.draw.test. 300 A 192.0.2.53",
      ].join("\n"),
      { www: "drawn", api: "drawn" },
    );
    const members = [1, 2, 3, 4].map((i) => `m${i} 192.0.2.${i} 2001:db8::${i}`);
    const pool = poolOf("drawn", members, { policy: [{ type: "weighted", options: {} }] });
    const drawing = viewOf([zone], [pool]);
    const last = (question: string): string => answerTo(drawing, question)[1]!.at(-1)!;
    const drawn = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const www = last("www.draw.test. A");
      const api = last("API.draw.test. AAAA");
      answerTo(drawing, "www.draw.test. TXT");
      expect(last("WWW.draw.test. AAAA")).toBe(www);
      expect(last("api.draw.test. A")).toBe(api);
      drawn.add(www);
    }
    expect(drawn.size).toBe(4);
  });
});

describe("respond(), size", () => {
  test("truncates whole RRsets at 512 octets without EDNS (RFC 2181 section 9)", () => {
    const reply = send(
      view,
      encodeMessage({ question: [{ name: parseName("big.example.test."), type: RRType.TXT }] }),
    )!;
    expect(show(decodeReply(reply))).toEqual(["NOERROR aa tc"]);
    expect(answerTo(view, "big.example.test. TXT", { transport: "tcp" })).toHaveLength(2);
    expect(answerTo(view, "big.example.test. TXT", { edns: { udpSize: 700 } })).toHaveLength(2);
  });

  test("sends no more than 1232 octets over UDP, whatever the client takes", () => {
    const rrs = Array.from({ length: 6 }, (_, i) => `t TXT "${String(i).repeat(250)}"`).join("\n");
    const large = viewOf([zoneOf(`$ORIGIN l.test.\n$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a.test.\n${rrs}\n`)]);
    const reply = ask(large, "t.l.test. TXT", { edns: { udpSize: 65_535 } })!;
    expect([reply.tc, reply.answer.length, reply.edns?.udpSize]).toEqual([true, 0, 1232]);
  });
});

describe("respond(), the last octet that fits", () => {
  const ecs = { code: OptionCode.ECS, data: Uint8Array.of(0, 1, 24, 0, 192, 0, 2) };
  const nsid = { code: OptionCode.NSID, data: new Uint8Array(0) };
  const keepalive = { code: OptionCode.TCP_KEEPALIVE, data: new Uint8Array(0) };
  const ID_OCTETS = "node-1.example.com".length;

  /** The limit, what the query has, and the octets of the OPT in the reply. */
  test.each([
    ["512, no EDNS", 512, "udp", undefined, 0],
    ["512", 512, "udp", [], 11],
    ["512, ECS", 512, "udp", [ecs], 11 + 4 + 7],
    ["512, NSID", 512, "udp", [nsid], 11 + 4 + ID_OCTETS],
    ["512, ECS and NSID", 512, "udp", [ecs, nsid], 11 + 4 + 7 + 4 + ID_OCTETS],
    ["1232", 1232, "udp", [], 11],
    ["1232, ECS", 1232, "udp", [ecs], 11 + 4 + 7],
    ["1232, NSID", 1232, "udp", [nsid], 11 + 4 + ID_OCTETS],
    ["1232, ECS and NSID", 1232, "udp", [ecs, nsid], 11 + 4 + 7 + 4 + ID_OCTETS],
    ["65535, keepalive", 65_535, "tcp", [keepalive], 11 + 4 + 2],
    ["65535, all three", 65_535, "tcp", [ecs, nsid, keepalive], 11 + 4 + 7 + 4 + ID_OCTETS + 4 + 2],
  ] as const)(
    "%s: an RRset that fits to the octet is sent; with one more, TC",
    (_what, limit, transport, options, opt) => {
      const question = 12 + parseName("t.z.test.").length + 4;
      const room = limit - question - opt - 12;
      const rr = (owner: string, octets: number) => `${owner} TYPE65400 \\# ${octets} ${"5a".repeat(octets)}`;
      const full = viewOf([
        zoneOf(
          [
            "$ORIGIN z.test.\n$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a",
            rr("t", room),
            rr("u", room + 1),
            "",
          ].join("\n"),
        ),
      ]);
      const reply = (name: string) =>
        send(
          full,
          encodeMessage({
            question: [{ name: parseName(name), type: 65400 }],
            ...(options === undefined ? {} : { edns: { udpSize: limit, options: [...options] } }),
          }),
          transport,
        )!;
      const fits = reply("t.z.test.");
      expect(fits.length).toBe(limit);
      const { tc, answer, edns } = decodeReply(fits);
      expect([tc, answer.length, edns?.options.length]).toEqual([false, 1, options?.length]);
      const cut = reply("u.z.test.");
      expect(cut.length).toBe(question + opt);
      const truncated = decodeReply(cut);
      expect([truncated.tc, truncated.answer.length, truncated.edns?.options.length]).toEqual([
        true,
        0,
        options?.length,
      ]);
    },
  );

  test("an RRset beyond 16 KiB behind a chain of CNAMEs decodes, all pointers within reach", () => {
    // Two targets share a suffix that none before them has, so pointers are wanted all the way;
    // long names in the chain put the RRset some 2 KiB further from the header.
    const long = (i: number) => `c${i}.${LONG}.${LONG}.${LONG}`;
    const chain = Array.from({ length: 10 }, (_, i) => `${long(i)} CNAME ${i === 9 ? "mx" : long(i + 1)}`);
    const targets = Array.from({ length: 1200 }, (_, i) => `${i % 2 === 0 ? "a" : "b"}.host${i >> 1}`);
    const wide = viewOf([
      zoneOf(
        [
          "$ORIGIN w.test.\n$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a.test.",
          ...chain,
          ...targets.map((target, i) => `mx MX ${i} ${target}`),
          "",
        ].join("\n"),
      ),
    ]);
    const reply = ask(wide, `${long(0)}.w.test. MX`, { transport: "tcp" })!;
    expect([reply.rcode, reply.tc]).toEqual([Rcode.NOERROR, false]);
    const got = reply.answer.filter(({ type }) => type === RRType.MX);
    expect(got.map(({ owner }) => formatName(owner)).every((owner) => owner === "mx.w.test.")).toBe(true);
    expect(got.map(({ type, rdata }) => formatRdata(type, rdata)).toSorted()).toEqual(
      targets.map((target, i) => `${i} ${target}.w.test.`).toSorted(),
    );
  });
});

describe("respond(), EDNS options", () => {
  function option(
    code: number,
    data: number[],
    transport: "udp" | "tcp" = "udp",
    question = "www.example.test. A",
  ) {
    const reply = ask(view, question, {
      transport,
      edns: { options: [{ code, data: Uint8Array.from(data) }] },
    })!;
    return reply.edns!.options;
  }

  test("repeats ECS with scope 0, since nothing depends on the client", () => {
    const [ecs] = option(OptionCode.ECS, [0, 1, 24, 0, 192, 0, 2]);
    expect(ecs?.code).toBe(OptionCode.ECS);
    expect(decodeClientSubnet(ecs!.data, false)).toMatchObject({
      sourcePrefixLength: 24,
      scopePrefixLength: 0,
    });
  });

  test("leaves ECS out of what is no answer", () => {
    expect(option(OptionCode.ECS, [0, 1, 24, 0, 192, 0, 2], "udp", "example.org. A")).toEqual([]);
    expect(option(OptionCode.ECS, [0, 1, 24, 9, 192, 0, 2])).toEqual([]);
  });

  test("answers NSID with the id of this server (RFC 5001)", () => {
    const [nsid] = option(OptionCode.NSID, []);
    expect(new TextDecoder().decode(nsid?.data)).toBe("node-1.example.com");
  });

  test("answers edns-tcp-keepalive over TCP alone, in units of 100 ms (RFC 7828)", () => {
    expect(option(OptionCode.TCP_KEEPALIVE, [], "tcp")[0]?.data).toEqual(Uint8Array.of(300 >> 8, 300 & 255));
    expect(option(OptionCode.TCP_KEEPALIVE, [])).toEqual([]);
  });
});

describe("respond(), what is no ordinary question", () => {
  test.each([
    ["AXFR", "udp", "FORMERR"],
    ["AXFR", "tcp", "REFUSED"],
    ["IXFR", "udp", "REFUSED"],
    ["IXFR", "tcp", "REFUSED"],
    ["MAILB", "udp", "NOTIMP"],
    ["TSIG", "udp", "FORMERR"],
    ["OPT", "udp", "FORMERR"],
    ["TYPE128", "udp", "FORMERR"],
  ] as const)("answers %s over %s with %s", (type, transport, rcode) => {
    expect(answerTo(view, `example.test. ${type}`, { transport })).toEqual([rcode]);
  });

  test.each([
    ["NOTIFY", Opcode.NOTIFY],
    ["UPDATE", Opcode.UPDATE],
  ])("refuses %s with its question and OPT", (_name, opcode) => {
    const reply = ask(view, "example.test. SOA", { draft: { opcode }, edns: {} })!;
    expect([reply.rcode, reply.opcode, reply.aa, reply.question.length]).toEqual([
      Rcode.REFUSED,
      opcode,
      false,
      1,
    ]);
    expect(reply.edns).toBeDefined();
  });

  test.each([RRClass.HS, RRClass.ANY, RRClass.NONE, 77])("refuses class %i", (qclass) => {
    expect(answerTo(view, "www.example.test. A", { class: qclass })).toEqual(["REFUSED"]);
  });

  test("is silent to replies, and to what is shorter than a header", () => {
    expect(answerTo(view, "www.example.test. A", { draft: { qr: true } })).toEqual(["silence"]);
    expect(send(view, new Uint8Array(11))).toBeNull();
  });

  test("answers FORMERR with the header alone where the question cannot be read", () => {
    const reply = send(view, Uint8Array.of(1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x40))!;
    expect([...reply]).toEqual([1, 2, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("respond(), CHAOS (RFC 4892)", () => {
  test.each([
    ["version.bind.", '"windrose test"'],
    ["VERSION.server.", '"windrose test"'],
    ["hostname.bind.", '"node-1.example.com"'],
    ["id.server.", '"node-1.example.com"'],
  ])("answers %s", (name, text) => {
    const reply = ask(view, `${name} TXT`, { class: RRClass.CH })!;
    expect(reply.aa).toBe(true);
    expect(
      reply.answer.map((rr) => [formatName(rr.owner), rr.class, rr.ttl, formatRdata(rr.type, rr.rdata)]),
    ).toEqual([[name, RRClass.CH, 0, text]]);
  });

  test("refuses other names, and those that are set to be refused", () => {
    expect(answerTo(view, "www.example.test. TXT", { class: RRClass.CH })).toEqual(["REFUSED"]);
    const quiet = viewOf(EXAMPLE_ZONES, EXAMPLE_POOLS, {
      identity: { id: null, version: null },
    });
    for (const name of ["version.bind.", "id.server."]) {
      expect(answerTo(quiet, `${name} TXT`, { class: RRClass.CH })).toEqual(["REFUSED"]);
    }
    const nsid = ask(quiet, "www.example.test. A", {
      edns: { options: [{ code: OptionCode.NSID, data: new Uint8Array(0) }] },
    });
    expect(nsid?.edns?.options).toEqual([]);
  });

  test("answers another type at those names with nothing", () => {
    expect(answerTo(view, "version.bind. A", { class: RRClass.CH })).toEqual(["NOERROR aa"]);
  });
});

describe("respond(), a fault of ours", () => {
  test("answers SERVFAIL, reports the packet, and goes on", () => {
    const failures: unknown[] = [];
    const broken = viewOf(
      [zoneOf("$ORIGIN b.test.\n@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a.test.\nwww 60 A 192.0.2.1\n")],
      [],
      {
        onFailure: (error, query) => failures.push([error, query.length]),
      },
    );
    const { directory } = broken.snapshot;
    const find = directory.find.bind(directory);
    directory.find = () => {
      throw new Error("injected");
    };
    const query = encodeMessage({ id: 5, question: [{ name: parseName("www.b.test."), type: 1 }], edns: {} });
    const out = new Uint8Array(4096);
    const client = { family: 4, address: new Uint8Array(16), port: 1, transport: "udp" } as const;
    const length = respond(broken, { octets: query, length: query.length }, client, out);
    const reply = decodeReply(out.slice(0, length));
    expect([reply.id, reply.rcode, reply.question.length, reply.edns?.version]).toEqual([
      5,
      Rcode.SERVFAIL,
      1,
      0,
    ]);
    expect(failures).toEqual([[expect.objectContaining({ message: "injected" }), query.length]]);
    directory.find = find;
    expect(answerTo(broken, "www.b.test. A")[0]).toBe("NOERROR aa");
  });
});
