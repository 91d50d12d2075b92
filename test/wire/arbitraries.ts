/**
 * What property tests draw from: names, rdata of every type, messages. fast-check prints
 * its seed and the smallest case that fails.
 *
 * @module
 */
import fc from "fast-check";
import { joinName, type Name, ROOT } from "../../src/wire/name.ts";
import { RRType } from "../../src/wire/rr-type.ts";

export const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });

/** Labels of any octets, mostly short, and now and then a name at its limit. */
export const names: fc.Arbitrary<Name> = fc
  .array(fc.oneof({ arbitrary: octets(1, 8), weight: 4 }, octets(1, 63)), { maxLength: 20 })
  .map((labels) => {
    const kept: Uint8Array[] = [];
    let length = 1;
    for (const label of labels) {
      length += 1 + label.length;
      if (length > 255) break;
      kept.push(label);
    }
    return joinName(kept, ROOT);
  });

const u8 = fc.integer({ min: 0, max: 255 }).map((value) => Uint8Array.of(value));
const u16 = octets(2, 2);
const u32 = octets(4, 4);
const characterString = octets(0, 255).map((string) => join([Uint8Array.of(string.length), string]));
const alphanumeric = (minLength: number) =>
  fc
    .string({ unit: fc.constantFrom(..."abcXYZ019"), minLength, maxLength: 20 })
    .map((text) => join([Uint8Array.of(text.length), Buffer.from(text)]));

const digests = (lengths: Readonly<Record<number, number>>) =>
  fc.oneof(
    ...Object.entries(lengths).map(([type, length]) =>
      octets(length, length).map((digest) => join([Uint8Array.of(Number(type)), digest])),
    ),
    octets(1, 80).map((digest) => join([Uint8Array.of(200), digest])),
  );

const svcParamValues: readonly (readonly [number, fc.Arbitrary<Uint8Array>])[] = [
  [
    1,
    fc
      .array(octets(1, 20), { minLength: 1, maxLength: 4 })
      .map((ids) => join(ids.flatMap((id) => [Uint8Array.of(id.length), id]))),
  ],
  [2, fc.constant(new Uint8Array())],
  [3, u16],
  [4, fc.integer({ min: 1, max: 4 }).chain((count) => octets(4 * count, 4 * count))],
  [5, octets(1, 60)],
  [6, fc.integer({ min: 1, max: 4 }).chain((count) => octets(16 * count, 16 * count))],
  [7, fc.string({ unit: "binary" }).map((text) => Buffer.from(`/${text.replaceAll(/[{}]/g, "")}{?dns}`))],
  [8, fc.constant(new Uint8Array())],
  [65_000, octets(0, 40)],
];

const svcb = fc
  .tuple(
    u16,
    names,
    fc
      .subarray([...svcParamValues])
      .chain((chosen) =>
        fc.tuple(...chosen.map(([key, value]) => value.map((octetsOf) => ({ key, value: octetsOf })))),
      ),
    fc.boolean(),
  )
  .map(([priority, target, params, withMandatory]) => {
    const keys = params.map(({ key }) => key);
    const mandatory = join(keys.map((key) => Uint8Array.of(key >> 8, key)));
    const all = withMandatory && keys.length > 0 ? [{ key: 0, value: mandatory }, ...params] : params;
    const encoded = all.map(({ key, value }) =>
      join([Uint8Array.of(key >> 8, key, value.length >> 8, value.length), value]),
    );
    return join([priority, target, ...encoded]);
  });

const locSize = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .map(([digit, exponent]) => (digit << 4) | exponent);
const angle = (degrees: number) => fc.integer({ min: -degrees * 3_600_000, max: degrees * 3_600_000 });
const loc = fc
  .tuple(fc.oneof(locSize, fc.constant(0)), locSize, locSize, angle(90), angle(180), fc.nat(0xffff_ffff))
  .map(([size, horizontal, vertical, latitude, longitude, altitude]) => {
    const rdata = Buffer.from([0, size, horizontal, vertical, ...new Uint8Array(12)]);
    rdata.writeUInt32BE(2 ** 31 + latitude, 4);
    rdata.writeUInt32BE(2 ** 31 + longitude, 8);
    rdata.writeUInt32BE(altitude, 12);
    return new Uint8Array(rdata);
  });

const fields = (...parts: fc.Arbitrary<Uint8Array>[]) => fc.tuple(...parts).map(join);
const strings = fc.array(characterString, { minLength: 1, maxLength: 5 }).map(join);
const three = fc.constant(Uint8Array.of(3));

/** Well-formed rdata of each type that has a text form of its own. */
export const rdataOfType: ReadonlyMap<number, fc.Arbitrary<Uint8Array>> = new Map([
  [RRType.A, u32],
  [RRType.AAAA, octets(16, 16)],
  [RRType.NS, names],
  [RRType.MD, names],
  [RRType.MF, names],
  [RRType.MB, names],
  [RRType.MG, names],
  [RRType.MR, names],
  [RRType.CNAME, names],
  [RRType.DNAME, names],
  [RRType.PTR, names],
  [RRType.SOA, fields(names, names, octets(20, 20))],
  [RRType.MINFO, fields(names, names)],
  [RRType.MX, fields(u16, names)],
  [RRType.RP, fields(names, names)],
  [RRType.AFSDB, fields(u16, names)],
  [RRType.KX, fields(u16, names)],
  [RRType.TXT, strings],
  [RRType.SPF, strings],
  [RRType.HINFO, fields(characterString, characterString)],
  [RRType.SRV, fields(octets(6, 6), names)],
  [RRType.NAPTR, fields(u32, alphanumeric(0), characterString, characterString, names)],
  [RRType.URI, fields(u32, octets(1, 400))],
  [RRType.CAA, fields(u8, alphanumeric(1), octets(0, 400))],
  [RRType.DS, fields(u16, u8, digests({ 1: 20, 2: 32, 3: 32, 4: 48 }))],
  [RRType.CDS, fields(u16, u8, digests({ 0: 1, 2: 32 }))],
  [RRType.DNSKEY, fields(u16, three, u8, octets(1, 300))],
  [RRType.CDNSKEY, fields(u16, three, u8, octets(1, 300))],
  [RRType.SSHFP, fields(u8, digests({ 1: 20, 2: 32 }))],
  [RRType.TLSA, fields(u16, digests({ 1: 32, 2: 64 }))],
  [RRType.SMIMEA, fields(u16, digests({ 1: 32, 2: 64 }))],
  [RRType.LOC, loc],
  [RRType.SVCB, svcb],
  [RRType.HTTPS, svcb],
]);

/** Any type with rdata that is well-formed for it; unknown types have any octets. */
export const typedRdata = fc.oneof(
  ...[...rdataOfType].map(([type, rdata]) => rdata.map((value) => ({ type, rdata: value }))),
  fc.tuple(fc.integer({ min: 1000, max: 30_000 }), octets(0, 60)).map(([type, rdata]) => ({ type, rdata })),
);

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Octets of hexadecimal, blanks allowed. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}
