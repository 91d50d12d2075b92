/**
 * The zones that respond() is fuzzed against: each way through look-up and steering, and RRsets
 * too big for UDP and for one compression pointer to reach. The corpus asks for these names.
 *
 * @module
 */
import type { Configuration, PoolDocument, ZoneDocument } from "../../src/documents/configuration.ts";
import { makeZoneDocument } from "../../src/documents/zone-document.ts";
import { ZoneTable } from "../../src/documents/zone-table.ts";
import { parseAddress } from "../../src/lib/address.ts";
import type { Random } from "../../src/lib/random.ts";
import type { Respond } from "../../src/server/client.ts";
import { respond } from "../../src/server/respond.ts";
import { View } from "../../src/server/view.ts";
import { compileSnapshot } from "../../src/snapshot/snapshot.ts";
import type { MemberSpec } from "../../src/steering/spec.ts";
import { parseName } from "../../src/wire/name.ts";
import { parseRdata } from "../../src/wire/rdata/index.ts";
import type { RR } from "../../src/wire/rr.ts";
import { parseType } from "../../src/wire/rr-type.ts";
import type { SteeredName } from "../../src/zone/zone-data.ts";
import { UNSAID } from "../support/answers.ts";

/** Owner, type, rdata; or owner, POOL, pool. */
const FUZZ_ZONE = `
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
@ NS ns2
@ MX 10 mx
@ MX 20 mx.example.net.
@ TXT "v=spf1 -all"
@ CAA 0 issue "ca.test"
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
ns2 A 198.51.100.53
mx A 192.0.2.25
www A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
a.b.deep TXT "below empty non-terminals"
*.wild A 192.0.2.9
*.wild TXT "wild"
sub.*.wild A 192.0.2.10
*.alias-wild CNAME www
alias CNAME www
alias2 CNAME alias
alias3 CNAME alias2
loop1 CNAME loop2
loop2 CNAME loop1
itself CNAME itself
out CNAME www.example.com.
dangling CNAME missing
to-steered CNAME steered
to-child CNAME www.child
to-wild CNAME any.thing.wild
to-hosted CNAME hosted
to-second CNAME www.second.test.
legacy DNAME modern
www.modern A 192.0.2.80
x.modern DNAME legacy
short DNAME a-target-that-is-much-longer-than-the-name-it-replaces
ring DNAME a.ring2
ring2 DNAME b.ring
child NS ns.child
child NS ns1
child NS ns.elsewhere.example.
child DS 12345 8 2 1111111111111111111111111111111111111111111111111111111111111111
ns.child A 192.0.2.153
ns.child AAAA 2001:db8::153
_sip._tcp SRV 1 2 5060 sip
sip A 192.0.2.60
svc HTTPS 1 . alpn=h2 ipv4hint=192.0.2.61
svc NAPTR 10 10 "S" "SIP+D2T" "" _sip._tcp
svc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
svc TYPE65280 \\# 4 01020304
steered POOL nested
*.pool POOL weighted
hosted POOL hosted
closed POOL closed
many POOL many
apex.deep2 POOL failover
`;

const SECOND_ZONE = `
@ SOA ns1.fuzz.test. hostmaster.fuzz.test. 1 7200 900 1209600 300
@ NS ns1.fuzz.test.
@ NS ns2.fuzz.test.
www CNAME www.fuzz.test.
back DNAME legacy.fuzz.test.
* POOL weighted
`;

/** More than a pointer's 16,383 octets reach, and glue that needs pointers into it. */
const MX_COUNT = 1200;
const BIG_TXT_COUNT = 12;

function bigRecords(): string {
  const lines: string[] = [];
  for (let i = 0; i < MX_COUNT; i++) {
    lines.push(
      `huge MX ${i} mx${i}.mail`,
      `mx${i}.mail A 192.0.2.${i & 0xff}`,
      `huge-cut NS ns${i}.huge-cut`,
    );
    lines.push(`ns${i}.huge-cut A 192.0.2.${i & 0xff}`);
  }
  for (let i = 0; i < BIG_TXT_COUNT; i++) lines.push(`big TXT "${`${i}`.padEnd(200, "x")}"`);
  for (let i = 0; i < 60; i++) lines.push(`cut NS ns${i}.cut`, `ns${i}.cut AAAA 2001:db8::${i.toString(16)}`);
  return lines.join("\n");
}

/** The zones and their pools. With `policy`, every pool has that one: `failover` draws nothing. */
export function makeFuzzConfiguration(policy?: string): Configuration {
  return {
    zones: ZoneTable.of([zone("fuzz.test", FUZZ_ZONE + bigRecords()), zone("second.test", SECOND_ZONE)]),
    pools: new Map(
      pools().map((pool) => {
        const steps = policy === undefined ? pool.policy : [{ type: policy, options: {} }];
        return [pool.id, { ...pool, policy: steps }];
      }),
    ),
    monitors: new Map(),
  };
}

/** A Respond over these zones. `onFailure` gets the faults of ours that respond() caught. */
export function makeFuzzRespond(random: Random, onFailure: (error: unknown) => void): Respond {
  const view = new View({
    snapshot: compileSnapshot(makeFuzzConfiguration()),
    random,
    identity: { id: "fuzz-node", version: "Windrose" },
    tcpIdleTimeoutMs: 10_000,
    onFailure,
  });
  return (query, client, out) => respond(view, query, client, out);
}

function zone(id: string, text: string): ZoneDocument {
  const apex = parseName(`${id}.`);
  const rrs: RR[] = [];
  const steered: SteeredName[] = [];
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, owner, type, rdata] = /^(\S+) (\S+) (.*)$/.exec(line)!;
    const name = parseName(owner!, apex);
    if (type === "POOL") {
      steered.push({ owner: name, pool: rdata!, ttl: 30 });
    } else {
      const number = parseType(type!)!;
      rrs.push({ owner: name, type: number, ttl: 300, rdata: parseRdata(number, rdata!, apex) });
    }
  }
  return makeZoneDocument(id, { apex, rrs, steered }, "given");
}

function pools(): PoolDocument[] {
  const both = (n: number): MemberSpec => ({
    ...UNSAID,
    kind: "endpoint",
    name: `m${n}`,
    weight: n,
    enabled: true,
    ipv4: parseAddress(`192.0.2.${100 + n}`)!,
    ipv6: parseAddress(`2001:db8::${100 + n}`)!,
  });
  const ipv4Only: MemberSpec = {
    ...UNSAID,
    kind: "endpoint",
    name: "v4",
    weight: 1,
    enabled: true,
    ipv4: parseAddress("198.51.100.1")!,
    ipv6: null,
  };
  const disabled: MemberSpec = { ...ipv4Only, name: "disabled", enabled: false };
  const target = (name: string): MemberSpec => ({
    ...UNSAID,
    kind: "target",
    name,
    weight: 1,
    enabled: true,
    target: parseName(name),
  });
  const inner = (pool: string): MemberSpec => ({
    ...UNSAID,
    kind: "pool",
    name: pool,
    weight: 1,
    enabled: true,
    pool,
  });
  const pool = (
    id: string,
    policy: string,
    members: MemberSpec[],
    rest: Partial<PoolDocument> = {},
  ): PoolDocument => ({
    id,
    members,
    policy: [{ type: policy, options: {} }],
    answers: 1,
    minUp: 1,
    whenDown: "open",
    ...rest,
  });
  return [
    pool("weighted", "weighted", [both(1), both(3), both(6)]),
    pool("many", "round-robin", [1, 2, 3, 4, 5, 6, 7, 8, 9].map(both), { answers: 8 }),
    pool("failover", "failover", [disabled, ipv4Only]),
    pool("closed", "random", [disabled], { whenDown: "closed" }),
    pool("hosted", "random", [
      target("www.fuzz.test."),
      target("www.example.net."),
      target("hosted.fuzz.test."),
    ]),
    pool("nested", "weighted", [inner("weighted"), inner("failover"), inner("hosted")]),
  ];
}
