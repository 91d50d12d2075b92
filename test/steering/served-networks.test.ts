import { expect, test } from "vitest";
import { parsePrefix } from "../../src/lib/address.ts";
import {
  blockInIPv4,
  blockInIPv6,
  compileNetworks,
  segmentOfIPv4,
  segmentOfIPv6,
} from "../../src/steering/served-networks.ts";

function networksOf(...texts: string[]) {
  return texts.map((text, member) => ({ ...parsePrefix(text)!, member }));
}

const IPV4 = compileNetworks(
  networksOf("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.0/24", "255.255.255.255/32", "0.0.0.0/32"),
  4,
);

/** Lengths of the networks around an address, and that of the widest block which lies in the same ones. */
function aroundIPv4(text: string): [number[], number] {
  const { address } = parsePrefix(`${text}/32`)!;
  const number = new DataView(address.buffer, address.byteOffset).getUint32(0);
  const segment = segmentOfIPv4(IPV4, number);
  const lengths = [];
  for (let node = IPV4.top[segment]!; node >= 0; node = IPV4.parent[node]!) lengths.push(IPV4.lengths[node]!);
  return [lengths, blockInIPv4(IPV4, segment, number)];
}

test.each([
  ["10.1.2.3", [24, 16, 8], 24],
  ["10.1.3.3", [16, 8], 24],
  ["10.1.128.1", [16, 8], 17],
  ["10.2.0.0", [8], 15],
  ["10.255.255.255", [8], 9],
  ["9.255.255.255", [], 7],
  ["11.0.0.0", [], 8],
  ["128.0.0.0", [], 2],
  ["0.0.0.0", [32], 32],
  ["0.0.0.1", [], 32],
  ["255.255.255.255", [32], 32],
  ["255.255.255.254", [], 32],
])("segmentOfIPv4() and blockInIPv4() know the networks around %s", (address, lengths, block) => {
  expect(aroundIPv4(address)).toEqual([lengths, block]);
});

test("compileNetworks() joins the members of one network", () => {
  const node = IPV4.top[segmentOfIPv4(IPV4, 0x0a010203)]!;
  expect(IPV4.members[node]).toEqual([2, 3]);
});

test.each([
  ["2001:db8::1", [32], 33],
  ["2001:db8:8000::1", [48, 32], 48],
  ["2001:db8:8000:ffff:ffff:ffff:ffff:ffff", [48, 32], 48],
  ["2001:db8:8001::", [32], 48],
  ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", [], 29],
  ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", [128], 128],
  ["::", [], 3],
])("segmentOfIPv6() and blockInIPv6() know the networks around %s", (text, lengths, block) => {
  const networks = compileNetworks(
    networksOf("2001:db8::/32", "2001:db8:8000::/48", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
    6,
  );
  const { address } = parsePrefix(`${text}/128`)!;
  const view = new DataView(address.buffer, address.byteOffset);
  const words = Uint32Array.from([0, 4, 8, 12], (offset) => view.getUint32(offset));
  const segment = segmentOfIPv6(networks, words);
  const found = [];
  for (let node = networks.top[segment]!; node >= 0; node = networks.parent[node]!)
    found.push(networks.lengths[node]!);
  expect([found, blockInIPv6(networks, segment, words)]).toEqual([lengths, block]);
});

test("compileNetworks() takes a network that holds everything", () => {
  const all = compileNetworks(networksOf("0.0.0.0/0"), 4);
  expect([...all.starts]).toEqual([0]);
  expect(all.top[segmentOfIPv4(all, 0xffff_ffff)]).toBe(0);
  expect(blockInIPv4(all, 0, 0x08080808)).toBe(0);
});
