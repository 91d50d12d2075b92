/**
 * The worked example of RFC 4592 section 2.2.1, asked as the section asks it, and the cases
 * that section 2.2 and 4 argue about.
 */
import { describe, expect, test } from "vitest";
import { answerTo, viewOf, zoneOf } from "../support/answers.ts";

const view = viewOf([
  zoneOf(`
$ORIGIN example.
$TTL 3600
@                 SOA   ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300
@                 NS    ns.example.com.
@                 NS    ns.example.net.
*                 TXT   "this is a wildcard"
*                 MX    10 host1.example.
sub.*             TXT   "this is not a wildcard"
host1             A     192.0.2.1
_ssh._tcp.host1   SRV   0 0 22 host1.example.
_ssh._tcp.host2   SRV   0 0 22 host2.example.
subdel            NS    ns.example.com.
subdel            NS    ns.example.net.
`),
]);

const SOA = "authority example. 300 SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300";
const NODATA = ["NOERROR aa", SOA];
const NXDOMAIN = ["NXDOMAIN aa", SOA];

describe("RFC 4592 section 2.2.1: answered from the wildcard", () => {
  test("host3.example. MX", () => {
    expect(answerTo(view, "host3.example. MX")).toEqual([
      "NOERROR aa",
      "answer host3.example. 3600 MX 10 host1.example.",
      "additional host1.example. 3600 A 192.0.2.1",
    ]);
  });

  test("host3.example. A: no error, but no data", () => {
    expect(answerTo(view, "host3.example. A")).toEqual(NODATA);
  });

  test("foo.bar.example. TXT: bar.example. does not exist, the wildcard does", () => {
    expect(answerTo(view, "foo.bar.example. TXT")).toEqual([
      "NOERROR aa",
      'answer foo.bar.example. 3600 TXT "this is a wildcard"',
    ]);
  });
});

describe("RFC 4592 section 2.2.1: not answered from the wildcard", () => {
  test("host1.example. MX: the name exists", () => {
    expect(answerTo(view, "host1.example. MX")).toEqual(NODATA);
  });

  test("sub.*.example. MX: the name exists", () => {
    expect(answerTo(view, "sub.*.example. MX")).toEqual(NODATA);
  });

  test("_telnet._tcp.host1.example. SRV: the closest encloser is _tcp.host1.example.", () => {
    expect(answerTo(view, "_telnet._tcp.host1.example. SRV")).toEqual(NXDOMAIN);
  });

  test("host.subdel.example. A: below a zone cut", () => {
    expect(answerTo(view, "host.subdel.example. A")).toEqual([
      "NOERROR",
      "authority subdel.example. 3600 NS ns.example.com.",
      "authority subdel.example. 3600 NS ns.example.net.",
    ]);
  });

  test("ghost.*.example. MX: *.example. exists and has no wildcard below", () => {
    expect(answerTo(view, "ghost.*.example. MX")).toEqual(NXDOMAIN);
  });
});

describe("RFC 4592, what else follows", () => {
  test("*.example. TXT is data like other data (section 2.3)", () => {
    expect(answerTo(view, "*.example. TXT")).toEqual([
      "NOERROR aa",
      'answer *.example. 3600 TXT "this is a wildcard"',
    ]);
  });

  test("host2.example. is an empty non-terminal: NODATA, and no wildcard (section 2.2.2)", () => {
    expect(answerTo(view, "host2.example. TXT")).toEqual(NODATA);
    expect(answerTo(view, "_tcp.host2.example. TXT")).toEqual(NODATA);
  });

  test("below an empty non-terminal without a wildcard there is nothing", () => {
    expect(answerTo(view, "x.host2.example. TXT")).toEqual(NXDOMAIN);
  });

  test("a label that begins with an asterisk is no wildcard (section 2.1.1)", () => {
    const other = viewOf([
      zoneOf("$ORIGIN w.test.\n@ 60 SOA a.test. b.test. 1 2 3 4 5\n@ 60 NS a.test.\n*x 60 A 192.0.2.1\n"),
    ]);
    expect(answerTo(other, "yx.w.test. A")[0]).toBe("NXDOMAIN aa");
    expect(answerTo(other, "*x.w.test. A")).toEqual(["NOERROR aa", "answer *x.w.test. 60 A 192.0.2.1"]);
  });

  test("the owner in the reply is the question's name, in its case", () => {
    expect(answerTo(view, "HoSt3.eXample. MX")).toEqual([
      "NOERROR aa",
      "answer HoSt3.eXample. 3600 MX 10 host1.eXample.",
      "additional host1.eXample. 3600 A 192.0.2.1",
    ]);
  });

  test("a wildcard CNAME is followed from the name that was made of it (section 4.3)", () => {
    const other = viewOf([
      zoneOf(`
$ORIGIN w.test.
@ 60 SOA a.test. b.test. 1 2 3 4 5
@ 60 NS a.test.
*.a 60 CNAME x.b
*.b 60 A 192.0.2.9
*.c 60 CNAME y.c
`),
    ]);
    expect(answerTo(other, "q.a.w.test. A")).toEqual([
      "NOERROR aa",
      "answer q.a.w.test. 60 CNAME x.b.w.test.",
      "answer x.b.w.test. 60 A 192.0.2.9",
    ]);
    expect(answerTo(other, "q.c.w.test. A")).toEqual([
      "NOERROR aa",
      "answer q.c.w.test. 60 CNAME y.c.w.test.",
      "answer y.c.w.test. 60 CNAME y.c.w.test.",
    ]);
  });

  test("NS at a wildcard are data, not a zone cut (section 4.2)", () => {
    const other = viewOf([
      zoneOf("$ORIGIN w.test.\n@ 60 SOA a.test. b.test. 1 2 3 4 5\n@ 60 NS a.test.\n* 60 NS c.test.\n"),
    ]);
    expect(answerTo(other, "q.w.test. NS")).toEqual(["NOERROR aa", "answer q.w.test. 60 NS c.test."]);
  });
});
