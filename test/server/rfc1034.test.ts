/**
 * The worked examples of RFC 1034 section 6.2, over the zones of section 6.1: the root as
 * C.ISI.EDU and A.ISI.EDU have it, and ISI.EDU where the section needs it. What later RFCs
 * changed is said where it matters.
 */
import { describe, expect, test } from "vitest";
import { answerTo, viewOf, zoneOf } from "../support/answers.ts";

const root = zoneOf(`
$ORIGIN .
$TTL 86400
.                 IN  SOA   SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. (
                            870611  ; serial
                            1800    ; refresh every 30 min
                            300     ; retry every 5 min
                            604800  ; expire after a week
                            86400 ) ; minimum of a day
                      NS    A.ISI.EDU.
                      NS    C.ISI.EDU.
                      NS    SRI-NIC.ARPA.
MIL.         86400    NS    SRI-NIC.ARPA.
             86400    NS    A.ISI.EDU.
EDU.         86400    NS    SRI-NIC.ARPA.
             86400    NS    C.ISI.EDU.
SRI-NIC.ARPA.         A     26.0.0.73
                      A     10.0.0.51
                      MX    0 SRI-NIC.ARPA.
                      HINFO DEC-2060 TOPS20
ACC.ARPA.             A     26.6.0.65
                      HINFO PDP-11/70 UNIX
                      MX    10 ACC.ARPA.
USC-ISIC.ARPA.        CNAME C.ISI.EDU.
73.0.0.26.IN-ADDR.ARPA.  PTR SRI-NIC.ARPA.
A.ISI.EDU.   86400    A     26.3.0.103
C.ISI.EDU.   86400    A     10.0.0.52
`);

const isi = zoneOf(`
$ORIGIN ISI.EDU.
$TTL 86400
@   SOA VENERA.ISI.EDU. ACTION\\.DOMAINS.ISI.EDU. 20 7200 600 3600000 60
    NS  A.ISI.EDU.
    NS  C.ISI.EDU.
A   A   26.3.0.103
C   A   10.0.0.52
`);

const edu = zoneOf(`
$ORIGIN EDU.
$TTL 86400
@   IN  SOA  SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870729 1800 300 604800 86400
        NS   SRI-NIC.ARPA.
        NS   C.ISI.EDU.
ISI         172800  NS  VAXA.ISI
            172800  NS  A.ISI
            172800  NS  VENERA.ISI
VAXA.ISI    172800  A   10.2.0.27
            172800  A   128.9.0.33
VENERA.ISI  172800  A   10.1.0.52
            172800  A   128.9.0.32
A.ISI       172800  A   26.3.0.103
`);

const rootServer = viewOf([root]);
const aIsiEdu = viewOf([root, isi]);
const cIsiEdu = viewOf([root, edu]);

const SOA = "authority . 86400 SOA SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870611 1800 300 604800 86400";
const SRI_NIC = ["SRI-NIC.ARPA. 86400 A 26.0.0.73", "SRI-NIC.ARPA. 86400 A 10.0.0.51"];

/** Without the order of RRs, which RFC 1034 section 3.6 says is not significant, and without case. */
function sorted(lines: string[]): string[] {
  return lines.map((line) => line.toUpperCase()).sort();
}

function expectReply(actual: string[], expected: string[]): void {
  expect(sorted(actual)).toEqual(sorted(expected));
}

describe("RFC 1034 section 6.2", () => {
  test("6.2.1 QNAME=SRI-NIC.ARPA, QTYPE=A", () => {
    expectReply(answerTo(rootServer, "SRI-NIC.ARPA. A"), [
      "NOERROR aa",
      ...SRI_NIC.map((rr) => `answer ${rr}`),
    ]);
  });

  test("6.2.2 QNAME=SRI-NIC.ARPA, QTYPE=*: one RRset of those, by RFC 8482 section 4.1", () => {
    expectReply(answerTo(rootServer, "SRI-NIC.ARPA. ANY"), [
      "NOERROR aa",
      "answer SRI-NIC.ARPA. 86400 MX 0 SRI-NIC.ARPA.",
      ...SRI_NIC.map((rr) => `additional ${rr}`),
    ]);
  });

  test("6.2.3 QNAME=SRI-NIC.ARPA, QTYPE=MX", () => {
    expectReply(answerTo(rootServer, "SRI-NIC.ARPA. MX"), [
      "NOERROR aa",
      "answer SRI-NIC.ARPA. 86400 MX 0 SRI-NIC.ARPA.",
      ...SRI_NIC.map((rr) => `additional ${rr}`),
    ]);
  });

  test("6.2.4 QNAME=SRI-NIC.ARPA, QTYPE=NS: no data, with the SOA that RFC 2308 section 2.2 adds", () => {
    expectReply(answerTo(rootServer, "SRI-NIC.ARPA. NS"), ["NOERROR aa", SOA]);
  });

  test("6.2.5 QNAME=SIR-NIC.ARPA, QTYPE=A", () => {
    expectReply(answerTo(rootServer, "SIR-NIC.ARPA. A"), ["NXDOMAIN aa", SOA]);
  });

  test("6.2.6 QNAME=BRL.MIL, QTYPE=A", () => {
    expectReply(answerTo(rootServer, "BRL.MIL. A"), [
      "NOERROR",
      "authority MIL. 86400 NS SRI-NIC.ARPA.",
      "authority MIL. 86400 NS A.ISI.EDU.",
      "additional A.ISI.EDU. 86400 A 26.3.0.103",
      ...SRI_NIC.map((rr) => `additional ${rr}`),
    ]);
  });

  test("6.2.7 QNAME=USC-ISIC.ARPA, QTYPE=A, at a server of both zones", () => {
    expectReply(answerTo(aIsiEdu, "USC-ISIC.ARPA. A"), [
      "NOERROR aa",
      "answer USC-ISIC.ARPA. 86400 CNAME C.ISI.EDU.",
      "answer C.ISI.EDU. 86400 A 10.0.0.52",
    ]);
  });

  test("6.2.7 the same at C.ISI.EDU, which delegates ISI.EDU: the CNAME and a referral", () => {
    expectReply(answerTo(cIsiEdu, "USC-ISIC.ARPA. A"), [
      "NOERROR aa",
      "answer USC-ISIC.ARPA. 86400 CNAME C.ISI.EDU.",
      "authority ISI.EDU. 172800 NS VAXA.ISI.EDU.",
      "authority ISI.EDU. 172800 NS A.ISI.EDU.",
      "authority ISI.EDU. 172800 NS VENERA.ISI.EDU.",
      "additional VAXA.ISI.EDU. 172800 A 10.2.0.27",
      "additional VAXA.ISI.EDU. 172800 A 128.9.0.33",
      "additional VENERA.ISI.EDU. 172800 A 10.1.0.52",
      "additional VENERA.ISI.EDU. 172800 A 128.9.0.32",
      "additional A.ISI.EDU. 172800 A 26.3.0.103",
    ]);
  });

  test("6.2.8 QNAME=USC-ISIC.ARPA, QTYPE=CNAME", () => {
    expectReply(answerTo(rootServer, "USC-ISIC.ARPA. CNAME"), [
      "NOERROR aa",
      "answer USC-ISIC.ARPA. 86400 CNAME C.ISI.EDU.",
    ]);
  });
});
