/**
 * Makes packets that are wrong in the ways in which packets are wrong: takes a seed, and breaks
 * it one to four times. Blind changes find what nobody thought of; the others know a little of
 * DNS (counts, lengths, pointers, OPT), because blind ones seldom get past the question.
 *
 * @module
 */
import { type Random, randomBelow } from "../../src/lib/random.ts";
import type { SeedPacket } from "./seed-packets.ts";

/** What UDP can carry; longer messages come over TCP alone and hold nothing new. */
const PACKET_OCTETS_MAX = 4096;
const OPT_OWNER_TYPE = [0, 0, 41];
/** Where counts, lengths and label types change their meaning. */
const EDGE_OCTETS = [0, 1, 2, 3, 11, 12, 0x1f, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff];
const EDGE_WORDS = [0, 1, 2, 11, 12, 0x00ff, 0x0100, 0x7fff, 0x8000, 0xc000, 0xc00c, 0xfffe, 0xffff];
/** Types that a server treats in ways of their own, and two that it does not know. */
const TYPES = [
  0, 1, 2, 5, 6, 12, 15, 16, 28, 33, 35, 39, 41, 43, 46, 47, 48, 64, 65, 99, 249, 250, 251, 252, 255, 257,
  32768, 65280,
];

type Mutation = (packet: Uint8Array, random: Random, seeds: readonly SeedPacket[]) => Uint8Array;

/** These break the form; most packets that come of them deserve FORMERR. */
const BREAKING: readonly Mutation[] = [
  flipBits,
  flipBits,
  setOctets,
  setWord,
  truncate,
  extend,
  cutOut,
  repeatSlice,
  injectPointer,
  injectPointer,
  lieAboutCounts,
  lieAboutLength,
  splice,
];

/** These mostly keep it, and get past the reader to look-up, steering and options. */
const KEEPING: readonly Mutation[] = [
  spliceQuestion,
  changeType,
  changeType,
  changeCase,
  changeLabel,
  growName,
  changeFlags,
  addOption,
  addOption,
  repeatOption,
];

/** One packet. The same random numbers make the same packet of the same seeds. */
export function makePacket(seeds: readonly SeedPacket[], random: Random): Uint8Array {
  if (randomBelow(random, 64) === 0) return randomOctets(random, randomBelow(random, 600));
  let packet: Uint8Array = seeds[randomBelow(random, seeds.length)]!.octets.slice();
  const isBroken = randomBelow(random, 2) === 0;
  for (let i = 1 + randomBelow(random, 4); i > 0; i--) {
    const mutations = isBroken && randomBelow(random, 2) === 0 ? BREAKING : KEEPING;
    packet = mutations[randomBelow(random, mutations.length)]!(packet, random, seeds);
  }
  return packet.subarray(0, PACKET_OCTETS_MAX);
}

function pick(random: Random, values: readonly number[]): number {
  return values[randomBelow(random, values.length)]!;
}

function randomOctets(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.u32() & 0xff);
}

function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function flipBits(packet: Uint8Array, random: Random): Uint8Array {
  for (let i = 1 + randomBelow(random, 4); i > 0 && packet.length > 0; i--) {
    packet[randomBelow(random, packet.length)]! ^= 1 << randomBelow(random, 8);
  }
  return packet;
}

function setOctets(packet: Uint8Array, random: Random): Uint8Array {
  for (let i = 1 + randomBelow(random, 3); i > 0 && packet.length > 0; i--) {
    packet[randomBelow(random, packet.length)] = pick(random, EDGE_OCTETS);
  }
  return packet;
}

function setWord(packet: Uint8Array, random: Random): Uint8Array {
  return putWord(packet, randomBelow(random, packet.length), pick(random, EDGE_WORDS));
}

/** Sets two octets, where there is room for them. */
function putWord(packet: Uint8Array, at: number, word: number): Uint8Array {
  if (at + 2 > packet.length) return packet;
  packet[at] = word >>> 8;
  packet[at + 1] = word & 0xff;
  return packet;
}

function truncate(packet: Uint8Array, random: Random): Uint8Array {
  return packet.slice(0, randomBelow(random, packet.length + 1));
}

function extend(packet: Uint8Array, random: Random): Uint8Array {
  const isLong = randomBelow(random, 16) === 0;
  return concat(packet, randomOctets(random, 1 + randomBelow(random, isLong ? 2000 : 24)));
}

function cutOut(packet: Uint8Array, random: Random): Uint8Array {
  const start = randomBelow(random, packet.length + 1);
  return concat(packet.subarray(0, start), packet.subarray(start + 1 + randomBelow(random, 12)));
}

/** The same octets again and again: RRs and options in numbers, when it hits right. */
function repeatSlice(packet: Uint8Array, random: Random): Uint8Array {
  const start = randomBelow(random, packet.length + 1);
  const slice = packet.subarray(start, start + 1 + randomBelow(random, 24));
  const copies = Array.from({ length: 1 + randomBelow(random, 40) }, () => slice);
  return concat(packet.subarray(0, start), ...copies, packet.subarray(start));
}

/** A pointer to itself, to the next octet, to the question, into the header, or anywhere. */
function injectPointer(packet: Uint8Array, random: Random): Uint8Array {
  if (packet.length < 14) return packet;
  const at = 12 + randomBelow(random, packet.length - 13);
  const anywhere = randomBelow(random, packet.length + 16);
  const target = pick(random, [
    at,
    at + 1,
    at + 2,
    at - 1,
    at - 2,
    12,
    0,
    0x3fff,
    anywhere,
    anywhere,
    anywhere,
  ]);
  return putWord(packet, at, 0xc000 | (target & 0x3fff));
}

function lieAboutCounts(packet: Uint8Array, random: Random): Uint8Array {
  const count = randomBelow(random, 3) === 0 ? random.u32() & 0xffff : pick(random, EDGE_WORDS);
  return putWord(packet, 4 + 2 * randomBelow(random, 4), count);
}

/** Changes the length of the OPT's rdata, of one of its options, or of a label of the question. */
function lieAboutLength(packet: Uint8Array, random: Random): Uint8Array {
  const opt = findOpt(packet);
  const by = pick(random, [-4, -1, 1, 2, 4, 100, 0xff00]);
  if (opt > 0 && randomBelow(random, 3) > 0) {
    const at = randomBelow(random, 2) === 0 ? opt + 9 : opt + 13;
    return at + 2 > packet.length ? packet : putWord(packet, at, (packet[at]! << 8) + packet[at + 1]! + by);
  }
  const labels = labelOffsets(packet);
  if (labels.length > 0) packet[pick(random, labels)]! += by;
  return packet;
}

/** The head of this packet with the tail of another. */
function splice(packet: Uint8Array, random: Random, seeds: readonly SeedPacket[]): Uint8Array {
  const other = seeds[randomBelow(random, seeds.length)]!.octets;
  const head = randomBelow(random, packet.length + 1);
  const tail = randomBelow(random, 2) === 0 ? head : randomBelow(random, other.length + 1);
  return concat(packet.subarray(0, head), other.subarray(Math.min(tail, other.length)));
}

/** The question of another seed in front of what this one has behind its own. */
function spliceQuestion(packet: Uint8Array, random: Random, seeds: readonly SeedPacket[]): Uint8Array {
  const other = seeds[randomBelow(random, seeds.length)]!.octets;
  const [end, otherEnd] = [questionEnd(packet), questionEnd(other)];
  if (end < 0 || otherEnd < 0) return packet;
  return concat(packet.subarray(0, 12), other.subarray(12, otherEnd), packet.subarray(end));
}

/** Another type, or now and then class, in the question. */
function changeType(packet: Uint8Array, random: Random): Uint8Array {
  const end = questionEnd(packet);
  if (end < 0) return packet;
  if (randomBelow(random, 6) === 0)
    return putWord(packet, end - 2, pick(random, [0, 1, 3, 4, 254, 255, 0xffff]));
  return putWord(packet, end - 4, pick(random, TYPES));
}

function changeCase(packet: Uint8Array, random: Random): Uint8Array {
  const end = questionEnd(packet);
  for (let i = 12; i < end; i++) {
    const isLetter = (packet[i]! | 0x20) >= 0x61 && (packet[i]! | 0x20) <= 0x7a;
    if (isLetter && random.u32() >= 0x8000_0000) packet[i]! ^= 0x20;
  }
  return packet;
}

/** Another octet in the question's name, its lengths kept: names that do not exist, wildcards, ends of trees. */
function changeLabel(packet: Uint8Array, random: Random): Uint8Array {
  const labels = labelOffsets(packet);
  if (labels.length === 0) return packet;
  const at = pick(random, labels);
  const offset = at + 1 + randomBelow(random, packet[at]!);
  if (offset < packet.length)
    packet[offset] = pick(random, [0x2a, 0x61, 0x2d, 0x2e, 0x00, 0xff, random.u32() & 0xff]);
  return packet;
}

/** Puts labels in front of the question's name: deeper, and now and then longer than 255 octets. */
function growName(packet: Uint8Array, random: Random): Uint8Array {
  const count = pick(random, [1, 1, 1, 2, 3, 10, 60, 122, 127, 130]);
  const length = pick(random, [1, 1, 1, 5, 63]);
  const label = [length, ...randomOctets(random, length)];
  return concat(
    packet.subarray(0, 12),
    Array.from({ length: count }, () => label).flat(),
    packet.subarray(12),
  );
}

function changeFlags(packet: Uint8Array, random: Random): Uint8Array {
  if (packet.length < 4) return packet;
  // Opcodes and bits of a query; QR only once in a while, for silence teaches little.
  const qr = randomBelow(random, 16) === 0 ? 0x8000 : 0;
  const opcode = randomBelow(random, 4) > 0 ? 0 : (random.u32() & 15) << 11;
  return putWord(packet, 2, qr | opcode | (random.u32() & 0x07ff));
}

/** Puts an option into the OPT, lengths right: client subnets of all lengths, cookies, what nobody knows. */
function addOption(packet: Uint8Array, random: Random): Uint8Array {
  const opt = findOpt(packet);
  if (opt < 0 || opt + 11 > packet.length) return packet;
  const option = randomBelow(random, 2) === 0 ? makeClientSubnet(random) : makeOption(random);
  const grown = concat(packet.subarray(0, opt + 11), option, packet.subarray(opt + 11));
  return putWord(grown, opt + 9, (packet[opt + 9]! << 8) + packet[opt + 10]! + option.length);
}

function makeClientSubnet(random: Random): Uint8Array {
  const isIpv4 = randomBelow(random, 2) === 0;
  const source = randomBelow(random, isIpv4 ? 34 : 130);
  const address = randomOctets(random, (source + 7) >>> 3);
  const spareBits = -source & 7;
  if (address.length > 0 && randomBelow(random, 8) > 0) address[address.length - 1]! &= 0xff << spareBits;
  const scope = randomBelow(random, 16) === 0 ? 24 : 0;
  return concat([0, 8, 0, 4 + address.length, 0, isIpv4 ? 1 : 2, source, scope], address);
}

function makeOption(random: Random): Uint8Array {
  const code = pick(random, [0, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 18, 65001, 65535]);
  const data = randomOctets(random, pick(random, [0, 0, 1, 2, 8, 16, 24, 40, 41]));
  return concat([code >>> 8, code & 0xff, 0, data.length], data);
}

/** The first option of the OPT up to 200 times, lengths right. */
function repeatOption(packet: Uint8Array, random: Random): Uint8Array {
  const opt = findOpt(packet);
  if (opt < 0 || opt + 15 > packet.length) return packet;
  const length = 4 + (packet[opt + 13]! << 8) + packet[opt + 14]!;
  const option = packet.slice(opt + 11, opt + 11 + length);
  if (option.length !== length) return packet;
  const count = 1 + randomBelow(random, Math.min(200, Math.floor(2000 / length)));
  const copies = Array.from({ length: count }, () => option);
  const grown = concat(packet.subarray(0, opt + 11), ...copies, packet.subarray(opt + 11));
  return putWord(grown, opt + 9, (packet[opt + 9]! << 8) + packet[opt + 10]! + count * length);
}

/** Where something that looks like an OPT starts (root, type 41), behind the header; -1 when nothing does. */
function findOpt(packet: Uint8Array): number {
  for (let at = packet.length - 11; at >= 12; at--) {
    if (OPT_OWNER_TYPE.every((octet, i) => packet[at + i] === octet)) return at;
  }
  return -1;
}

/** Where the labels of the question's name start; a name that is broken gives those before the break. */
function labelOffsets(packet: Uint8Array): number[] {
  const offsets: number[] = [];
  for (let at = 12; at < packet.length && packet[at]! > 0 && packet[at]! < 64; at += 1 + packet[at]!) {
    offsets.push(at);
  }
  return offsets;
}

/** Behind the question's class; -1 where there is no whole, uncompressed question. */
function questionEnd(packet: Uint8Array): number {
  const last = labelOffsets(packet).at(-1);
  const root = last === undefined ? 12 : last + 1 + packet[last]!;
  return packet[root] === 0 && root + 5 <= packet.length ? root + 5 : -1;
}
