/**
 * What tests of zones share: zones from text, records as lines that can be compared, and random
 * zones of all types.
 *
 * @module
 */
import fc from "fast-check";
import { formatFault } from "../../src/lib/fault.ts";
import { formatName, joinName, type Name, nameKey, parseName } from "../../src/wire/name.ts";
import { formatRdata, parseRdata } from "../../src/wire/rdata/index.ts";
import type { RR } from "../../src/wire/rr.ts";
import { RRType, typeMnemonic } from "../../src/wire/rr-type.ts";
import { parseMasterFile } from "../../src/zone/master-file.ts";
import { rdataKey } from "../../src/zone/rdata-key.ts";
import type { SteeredName, ZoneData } from "../../src/zone/zone-data.ts";
import { names, octets, typedRdata } from "../wire/arbitraries.ts";

const HEAD = `$ORIGIN example.test.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
@ NS ns2.example.com.
ns1 A 192.0.2.53
`;

/** Zone example.test. with SOA, two NS and these lines; every fault fails the test. */
export function zoneOf(...lines: string[]): ZoneData {
  const { data, faults } = parseMasterFile(`${HEAD}${lines.join("\n")}\n`, { file: "test.zone" });
  if (data === undefined || faults.length > 0) throw new Error(faults.map(formatFault).join("\n"));
  return data;
}

/** `www.example.test. 300 A 192.0.2.1`, case and order kept. */
export function linesOf(rrs: readonly RR[]): string[] {
  return rrs.map(
    ({ owner, ttl, type, rdata }) =>
      `${formatName(owner)} ${ttl} ${typeMnemonic(type)} ${formatRdata(type, rdata)}`,
  );
}

/** All that a zone says, in an order that does not depend on how it was written. */
export function contentsOf({ apex, rrs, steered }: ZoneData): unknown {
  return {
    apex: formatName(apex),
    rrs: rrs
      .map((rr) => `${formatName(rr.owner)} ${rr.ttl} ${rr.type} ${Buffer.from(rr.rdata).toString("hex")}`)
      .sort(),
    steered: steered
      .map(({ owner, pool, ttl }) => `${formatName(owner)} ${ttl} ${JSON.stringify(pool)}`)
      .sort(),
  };
}

const labels = fc.array(
  fc.oneof(
    octets(1, 6),
    fc.constantFrom("*", "@", "$TTL", "www", "IN", "300").map((text) => new Uint8Array(Buffer.from(text))),
  ),
  {
    maxLength: 3,
  },
);
const ttls = fc.integer({ min: 0, max: 2_147_483_647 });

/** Zones with a SOA, records of all types at odd names, and steered names; no RRset has two TTLs, no record stands twice. */
export const zones: fc.Arbitrary<ZoneData> = fc
  .record({
    apex: names.filter((name) => name.length < 200),
    owners: fc.array(labels, { minLength: 1, maxLength: 6 }),
    records: fc.array(fc.record({ at: fc.nat(), ttl: ttls, typed: typedRdata }), { maxLength: 20 }),
    steered: fc.array(
      fc.record({ at: fc.nat(), ttl: ttls, pool: fc.string({ unit: "binary", maxLength: 10 }) }),
      { maxLength: 3 },
    ),
  })
  .map(({ apex, owners, records, steered }) => {
    const ownerAt = (at: number) => joinName(owners[at % owners.length]!, apex);
    const soa = parseRdata(RRType.SOA, "ns hostmaster 1 2 3 4 5", parseName("example.test."));
    const rrs: RR[] = [{ owner: apex, type: RRType.SOA, ttl: 3600, rdata: soa }];
    const rrsetTtls = new Map<string, number>();
    const seen = new Set<string>();
    for (const { at, ttl, typed } of records) {
      if (typed.type === RRType.SOA) continue;
      const owner = ownerAt(at);
      const key = `${nameKey(owner)}${typed.type}`;
      const rr: RR = { owner, ttl: rrsetTtls.get(key) ?? ttl, ...typed };
      rrsetTtls.set(key, rr.ttl);
      if (!seen.has(`${key} ${rdataKey(rr)}`)) rrs.push(rr);
      seen.add(`${key} ${rdataKey(rr)}`);
    }
    return {
      apex,
      rrs,
      steered: distinctSteered(steered.map(({ at, ...rest }) => ({ owner: ownerAt(at), ...rest }))),
    };
  });

function distinctSteered(steered: readonly SteeredName[]): SteeredName[] {
  const byOwner = new Map<string, SteeredName>(steered.map((each) => [nameKey(each.owner as Name), each]));
  return [...byOwner.values()];
}
