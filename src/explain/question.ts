/**
 * What is to be explained: a name and a type, asked by whom, while what is down. Read from texts, as a command line and
 * the query part of a URL have them.
 *
 *   client 203.0.113.7      a client whose resolver sends ECS: 203.0.113.0/24, from 203.0.113.7
 *   client 203.0.112.0/22   ECS as given
 *   resolver 192.0.2.1      a resolver that sends no ECS; with a client, the one that does
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { cutAddress, parseAddress, parsePrefix, prefixMeant } from "../lib/address.ts";
import { type Name, parseName, ROOT } from "../wire/name.ts";
import { parseType } from "../wire/rr-type.ts";

/** How much of an address resolvers send (RFC 7871 section 11.1). */
const IPV4_SOURCE_LENGTH = 24;
const IPV6_SOURCE_LENGTH = 56;

const SEED_MAX = 0xffff_ffff;

/** The network in a query's ECS. */
export interface Subnet {
  /** 4 or 16 octets; bits beyond the length are 0. */
  readonly address: Uint8Array;
  readonly length: number;
}

export interface Question {
  readonly name: Name;
  readonly type: number;
  /** Null for a query without ECS. */
  readonly subnet: Subnet | null;
  /** Where the query comes from; 4 or 16 octets. */
  readonly resolver: Uint8Array;
  /** Pools and members that are taken for down, besides those that are. */
  readonly down: readonly string[];
  readonly seed: number;
}

/** The texts; what is left out has a default, but for the name. */
export interface QuestionTexts {
  readonly name: string;
  readonly type?: string | undefined;
  readonly client?: string | undefined;
  readonly resolver?: string | undefined;
  /** Lists with commas. */
  readonly atDown?: readonly string[] | undefined;
  readonly seed?: string | undefined;
}

/** Makes the error for one text; `message` begins with its value: `"x" is no name: …`. */
export type Complain = (field: keyof QuestionTexts, message: string) => Error;

/** Throws what `complain` makes. */
export function readQuestion(texts: QuestionTexts, complain: Complain): Question {
  const { name, type = "A", atDown = [], seed } = texts;
  const typeNumber = parseType(type.toUpperCase());
  if (typeNumber === undefined) throw complain("type", `"${type}" is no type; give A, AAAA or another`);
  return {
    name: readName(name, complain),
    type: typeNumber,
    ...readClient(texts, complain),
    down: atDown.flatMap((list) => list.split(",")).filter((item) => item !== ""),
    seed: readSeed(seed, complain),
  };
}

function readSeed(text: string | undefined, complain: Complain): number {
  if (text === undefined) return randomInt(SEED_MAX + 1);
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed <= SEED_MAX) return seed;
  throw complain("seed", `"${text}" is no whole number from 0 to ${SEED_MAX}`);
}

function readName(text: string, complain: Complain): Name {
  try {
    return parseName(text, ROOT);
  } catch (error) {
    throw complain("name", `"${text}" is no name: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readClient(
  { client, resolver }: QuestionTexts,
  complain: Complain,
): Pick<Question, "subnet" | "resolver"> {
  const sender = resolver === undefined ? undefined : unmapped(parseAddress(resolver));
  if (resolver !== undefined && sender === undefined)
    throw complain("resolver", `"${resolver}" is no IP address`);
  if (client === undefined) return { subnet: null, resolver: sender ?? Uint8Array.of(127, 0, 0, 1) };
  if (client.includes("/")) {
    const subnet = parsePrefix(client);
    if (subnet === undefined) throw complain("client", whyNoNetwork(client));
    return { subnet, resolver: sender ?? subnet.address };
  }
  const address = unmapped(parseAddress(client));
  if (address === undefined)
    throw complain("client", `"${client}" is no IP address, and no network such as 203.0.113.0/24`);
  const length = address.length === 4 ? IPV4_SOURCE_LENGTH : IPV6_SOURCE_LENGTH;
  return { subnet: { address: cutAddress(address, length), length }, resolver: sender ?? address };
}

function whyNoNetwork(text: string): string {
  const meant = prefixMeant(text);
  const hint =
    meant === undefined
      ? "write it as 203.0.113.0/24 or 2001:db8::/56"
      : `it has bits beyond its length; did you mean ${meant}?`;
  return `"${text}" is no network: ${hint}`;
}

/** IPv4-mapped addresses are how some programs write IPv4 (RFC 4291 section 2.5.5.2); nobody sends them. */
function unmapped(address: Uint8Array | undefined): Uint8Array | undefined {
  const isMapped =
    address?.length === 16 && address.subarray(0, 12).every((octet, i) => octet === (i < 10 ? 0 : 0xff));
  return isMapped ? address.slice(12) : address;
}
