import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress, parseAddress, parsePrefix } from "../../src/lib/address.ts";
import { blockOfIPv4, blockOfIPv6 } from "../../src/lib/special-network.ts";

/** IANA's registries, written out as people read them: the other opinion on what is special. */
const IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
].map(prefix);
const IPV6 = [
  "2001:10::/28",
  "2001:20::/28",
  "2001:db8::/32",
  "2001:2::/48",
  "3fff::/20",
  "4000::/2",
  "8000::/1",
].map(prefix);
/** Hold IPv4 addresses; special and ordinary ones, so no block of either kind holds one of these. */
const FORMS = ["2002::/16", "2001::/32", "64:ff9b::/96", "::ffff:0:0/96"].map(prefix);

interface Prefix {
  readonly start: bigint;
  readonly length: number;
  readonly bits: number;
}

function prefix(text: string): Prefix {
  const { address, length } = parsePrefix(text)!;
  return { start: toNumber(address), length, bits: 8 * address.length };
}

function toNumber(octets: Uint8Array): bigint {
  return octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function toOctets(value: bigint, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * (count - 1 - i))) & 0xffn));
}

function holds({ start, length, bits }: Prefix, address: bigint): boolean {
  return (address ^ start) >> BigInt(bits - length) === 0n;
}

/** Do two blocks have an address in common? */
function meet(a: Prefix, b: Prefix): boolean {
  return a.length < b.length ? holds(a, b.start) : holds(b, a.start);
}

function blockOf(address: bigint, bits: 32 | 128): number {
  if (bits === 32) return blockOfIPv4(Number(address));
  return blockOfIPv6(
    Uint32Array.from([96n, 64n, 32n, 0n], (shift) => Number((address >> shift) & 0xffffffffn)),
  );
}

/** The opinion above: is the address special, and is the block wholly of its kind, and no wider one? */
function expectSound(address: bigint, bits: 32 | 128): void {
  const block = blockOf(address, bits);
  const length = Math.abs(block);
  const around = (length: number): Prefix => {
    const shift = BigInt(bits - length);
    return { start: (address >> shift) << shift, length, bits };
  };
  const named = `${formatAddress(toOctets(address, bits / 8))} ${block}`;
  const specials = bits === 32 ? IPV4 : IPV6;
  const isBelow = bits === 128 && address >> 125n === 0n;
  const isSpecial = isBelow || specials.some((each) => holds(each, address));
  expect([named, block > 0]).toEqual([named, isSpecial]);
  const others = isSpecial ? (isBelow ? FORMS : []) : [...specials, ...(bits === 128 ? FORMS : [])];
  expect([named, others.some((each) => meet(each, around(length)))]).toEqual([named, false]);
  if (isSpecial && !isBelow)
    expect([named, specials.some((each) => holds(each, address) && each.length === length)]).toEqual([
      named,
      true,
    ]);
  // An ordinary block is as wide as can be, and below 2000:: a special one is.
  else if (length > (bits === 128 ? 3 : 1))
    expect([named, others.some((each) => meet(each, around(length - 1)))]).toEqual([named, true]);
}

/** Both sides of both ends of a prefix, and of the prefixes one to eight bits wider. */
function borders({ start, length, bits }: Prefix): bigint[] {
  const found: bigint[] = [];
  for (let wider = Math.max(0, length - 8); wider <= length; wider++) {
    const size = 1n << BigInt(bits - wider);
    const first = (start / size) * size;
    found.push(first - 1n, first, first + 1n, first + size - 1n, first + size, first + size + 1n);
  }
  return found.filter((address) => address >= 0n && address >> BigInt(bits) === 0n);
}

describe("blockOfIPv4()", () => {
  test.each([
    ["10.1.2.3", 8],
    ["100.64.0.1", 10],
    ["100.63.255.255", -10],
    ["127.0.0.1", 8],
    ["192.168.255.255", 16],
    ["192.0.1.0", -24],
    ["192.0.3.1", -24],
    ["192.0.4.0", -22],
    ["198.51.101.0", -24],
    ["8.8.8.8", -7],
    ["128.0.0.1", -3],
    ["255.255.255.255", 4],
  ])("gives %s the block %i", (address, block) => {
    expect(blockOf(toNumber(parseAddress(address)!), 32)).toBe(block);
  });

  test("takes the address signed or unsigned", () => {
    expect(blockOfIPv4(0xc0a80001 | 0)).toBe(16);
    expect(blockOfIPv4(0xc0a80001)).toBe(16);
  });

  test("gives blocks that are of one kind, and no narrower than need be, around every border", () => {
    for (const special of IPV4) for (const address of borders(special)) expectSound(address, 32);
  });

  test("… in every /16, and in random places", () => {
    for (let high = 0; high < 0x10000; high += 7) expectSound((BigInt(high) << 16n) | 0x1234n, 32);
    fc.assert(fc.property(fc.bigInt(0n, 0xffffffffn), (address) => expectSound(address, 32)));
  });
});

describe("blockOfIPv6()", () => {
  test.each([
    ["::1", 81],
    ["fd00::1", 1],
    ["fe80::1", 1],
    ["ff02::1", 1],
    ["4000::", 2],
    ["100::1", 8],
    ["2001:db8::1", 32],
    ["2001:2::1", 48],
    ["2001:2:1::1", -48],
    ["2001:10::1", 28],
    ["3fff:fff:ffff::", 20],
    ["3fff:1000::", -20],
    ["2a00::1", -5],
    ["2003::1", -16],
  ])("gives %s the block %i", (address, block) => {
    expect(blockOf(toNumber(parseAddress(address)!), 128)).toBe(block);
  });

  test("gives blocks that are of one kind, and no narrower than need be, around every border", () => {
    const isForm = (address: bigint) => FORMS.some((form) => holds(form, address));
    for (const special of [...IPV6, ...FORMS]) {
      for (const address of borders(special)) if (!isForm(address)) expectSound(address, 128);
    }
  });

  test("… and in random places", () => {
    const isForm = (address: bigint) => FORMS.some((form) => holds(form, address));
    const anywhere = fc.bigInt(0n, (1n << 128n) - 1n).filter((address) => !isForm(address));
    fc.assert(fc.property(anywhere, (address) => expectSound(address, 128)));
    // Most of what is asked lies in 2001::/16 and below 2000::.
    const near = fc.bigInt(0n, (1n << 112n) - 1n);
    for (const high of [0x2001n, 0x0064n, 0n, 0x3fffn]) {
      const inside = near.map((low) => (high << 112n) | low).filter((address) => !isForm(address));
      fc.assert(fc.property(inside, (address) => expectSound(address, 128)));
    }
  });
});
