/**
 * What `windrose explain` is asked: its arguments, read and checked.
 *
 *   --client 203.0.113.7      a client whose resolver sends ECS: 203.0.113.0/24, from 203.0.113.7
 *   --client 203.0.112.0/22   ECS as given
 *   --resolver 192.0.2.1      a resolver that sends no ECS; with --client, the one that does
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { cutAddress, parseAddress, parsePrefix, prefixMeant } from "../lib/address.ts";
import { WindroseError } from "../lib/errors.ts";
import { type Name, parseName, ROOT } from "../wire/name.ts";
import { parseType } from "../wire/rr-type.ts";
import { SERVE_FLAGS, settingsWith } from "./client-tables.ts";
import type { CommandIo } from "./command.ts";
import type { SettingValues } from "./settings-table.ts";

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

export interface Request {
  readonly name: Name;
  readonly type: number;
  /** Null for a query without ECS. */
  readonly subnet: Subnet | null;
  /** Where the query comes from; 4 or 16 octets. */
  readonly resolver: Uint8Array;
  /** Pools and members, as in --at-down. */
  readonly down: readonly string[];
  readonly seed: number;
  readonly json: boolean;
  /** Of `serve`, found as `serve` finds them. */
  readonly settings: SettingValues;
}

export function readRequest(args: string[], io: CommandIo): Request | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help === true) return "help";
  const [name, type = "A", ...more] = positionals;
  if (name === undefined) throw usage("which name? give one, such as www.demo.test");
  if (more.length > 0) throw usage(`one name and one type at a time; what is "${more.join(" ")}"?`);
  const typeNumber = parseType(type.toUpperCase());
  if (typeNumber === undefined) throw usage(`"${type}" is no type; give A, AAAA or another`);
  return {
    name: parseQname(name),
    type: typeNumber,
    ...readClient(values.client, values.resolver),
    down: listOf(values["at-down"]),
    seed: readSeed(values.seed),
    json: values.json === true,
    settings: settingsWith(values, io.env),
  };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        client: { type: "string" },
        resolver: { type: "string" },
        "at-down": { type: "string", multiple: true },
        seed: { type: "string" },
        json: { type: "boolean" },
        ...SERVE_FLAGS,
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function listOf(lists: readonly string[] = []): string[] {
  return lists.flatMap((list) => list.split(",")).filter((item) => item !== "");
}

function readSeed(text: string | undefined): number {
  if (text === undefined) return randomInt(SEED_MAX + 1);
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed <= SEED_MAX) return seed;
  throw usage(`--seed "${text}" is no whole number from 0 to ${SEED_MAX}`);
}

function parseQname(text: string): Name {
  try {
    return parseName(text, ROOT);
  } catch (error) {
    throw usage(`"${text}" is no name: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readClient(
  client: string | undefined,
  resolver: string | undefined,
): Pick<Request, "subnet" | "resolver"> {
  const sender = resolver === undefined ? undefined : unmapped(parseAddress(resolver));
  if (resolver !== undefined && sender === undefined)
    throw usage(`--resolver "${resolver}" is no IP address`);
  if (client === undefined) return { subnet: null, resolver: sender ?? Uint8Array.of(127, 0, 0, 1) };
  if (client.includes("/")) {
    const subnet = parsePrefix(client) ?? fail(client);
    return { subnet, resolver: sender ?? subnet.address };
  }
  const address = unmapped(parseAddress(client));
  if (address === undefined)
    throw usage(`--client "${client}" is no IP address, and no network such as 203.0.113.0/24`);
  const length = address.length === 4 ? IPV4_SOURCE_LENGTH : IPV6_SOURCE_LENGTH;
  return { subnet: { address: cutAddress(address, length), length }, resolver: sender ?? address };
}

function fail(text: string): never {
  const meant = prefixMeant(text);
  const hint =
    meant === undefined
      ? "write it as 203.0.113.0/24 or 2001:db8::/56"
      : `it has bits beyond its length; did you mean ${meant}?`;
  throw usage(`--client "${text}" is no network: ${hint}`);
}

/** IPv4-mapped addresses are how some programs write IPv4 (RFC 4291 section 2.5.5.2); nobody sends them. */
function unmapped(address: Uint8Array | undefined): Uint8Array | undefined {
  const isMapped =
    address?.length === 16 && address.subarray(0, 12).every((octet, i) => octet === (i < 10 ? 0 : 0xff));
  return isMapped ? address.slice(12) : address;
}

export function usage(message: string): WindroseError {
  return new WindroseError("usage", message);
}
