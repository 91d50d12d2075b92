/**
 * The zones that respond() is tested with: static names, chains, zone cuts, DNAMEs, pools. The pools
 * draw nothing, so every answer is the same each time.
 *
 * @module
 */
import { poolOf, zoneOf } from "../support/answers.ts";

/** A label that makes long names quickly. */
export const LONG = "x".repeat(60);

const EXAMPLE = `
$ORIGIN example.test.
$TTL 300
@        SOA   ns1 hostmaster 7 7200 900 1209600 60
@        NS    ns1
@        NS    ns2
@        CAA   0 issue "ca.example.net"
ns1      A     192.0.2.1
ns1      AAAA  2001:db8::1
ns2      A     192.0.2.2
www      A     192.0.2.10
mail     MX    10 mx.example.net.
mx       MX    10 www
svc      SRV   0 0 443 www
https    HTTPS 1 . alpn=h2
https    A     192.0.2.11
alias    CNAME www
chain1   CNAME chain2
chain2   CNAME alias
away     CNAME www.example.org.
over     CNAME www.other.test.
into     CNAME x.child
dead     CNAME nowhere
dead-end CNAME ns1
loop-a   CNAME loop-b
loop-b   CNAME loop-a
to-pool  CNAME steered
a.ent    TXT   "below an empty non-terminal"
child    NS    ns.child
child    NS    ns.sister
child    DS    1 8 2 ${"ab".repeat(32)}
ns.child A     192.0.2.50
sister   NS    ns.sister
ns.sister A    192.0.2.60
moved    DNAME there
moved    TXT   "the owner itself"
www.there A    192.0.2.70
out      DNAME example.org.
deep     DNAME ${[LONG, LONG, LONG].join(".")}
big      TXT   "${"t".repeat(255)}" "${"u".repeat(255)}"
steered  TXT   "beside a pool"
`;

const STEERED = {
  steered: "addresses",
  "*.wild": "addresses",
  v4: "v4only",
  off: "elsewhere",
  closed: "none",
};

const OTHER = `
$ORIGIN other.test.
@   300 SOA ns1 hostmaster 1 7200 900 1209600 60
@   300 NS  ns1.example.test.
www 300 CNAME www.sub
back 300 CNAME www.example.test.
www.sub 300 A 192.0.2.80
`;

/** A zone below another that is served too. */
const BELOW = `
$ORIGIN sister.example.test.
@   300 SOA ns hostmaster 1 7200 900 1209600 60
@   300 NS  ns
ns  300 A   192.0.2.60
up  300 CNAME www.example.test.
`;

export const EXAMPLE_ZONES = [zoneOf(EXAMPLE, STEERED), zoneOf(OTHER), zoneOf(BELOW)];

export const EXAMPLE_POOLS = [
  poolOf("addresses", ["a 192.0.2.21 2001:db8::21", "b 192.0.2.22"], { answers: 2 }),
  poolOf("v4only", ["a 192.0.2.23"]),
  poolOf("elsewhere", ["target www.example.test."]),
  poolOf("none", ["pool empty"], { whenDown: "closed" }),
  poolOf("empty", ["a 192.0.2.24"], { minUp: 2, whenDown: "closed" }),
];

/** Every owner name in them, absolute. */
export const EXAMPLE_NAMES: readonly string[] = [
  ...new Set([
    ...[EXAMPLE, OTHER, BELOW].flatMap((text) => ownersOf(text)),
    ...Object.keys(STEERED).map((owner) => `${owner}.example.test.`),
  ]),
];

function ownersOf(text: string): string[] {
  const origin = /^\$ORIGIN (\S+)$/m.exec(text)![1]!;
  const owners = [...text.matchAll(/^([^$\s]\S*)\s/gm)].map(([, owner]) => owner!);
  return owners.map((owner) => (owner === "@" ? origin : `${owner}.${origin}`));
}
