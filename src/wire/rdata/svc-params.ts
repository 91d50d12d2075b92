/**
 * The parameters of SVCB and HTTPS: keys, the text and the wire form of their values, and
 * what makes a value well-formed (RFC 9460 sections 7 and 14.3.2; dohpath RFC 9461; ohttp
 * RFC 9540). A new parameter is a line in PARAMS; unknown ones are keyNNNNN and octets.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { formatAddress, parseAddress } from "../../lib/address.ts";
import { PresentationError } from "../../lib/errors.ts";
import { quoteOctets, unescapeText } from "../escape.ts";
import { OctetWriter } from "../octet-writer.ts";
import { parseBase64 } from "./fields.ts";

export interface SvcParam {
  readonly key: number;
  readonly value: Uint8Array;
}

interface ParamKind {
  readonly name: string;
  /** From the text behind "=", escapes kept; throws a PresentationError. */
  readonly parse: (text: string) => Uint8Array;
  /** The text behind "="; empty when there is no "=" either. */
  readonly format: (value: Uint8Array) => string;
  readonly isWellFormed: (value: Uint8Array) => boolean;
  /** What a right value is, for messages. */
  readonly expectation: string;
}

export const SvcParamKey = { mandatory: 0, alpn: 1, noDefaultAlpn: 2 } as const;

const PARAMS: ReadonlyMap<number, ParamKind> = new Map([
  [
    SvcParamKey.mandatory,
    {
      name: "mandatory",
      parse: parseMandatory,
      format: (value: Uint8Array) => keysOf(value).map(formatSvcParamKey).join(","),
      isWellFormed: isMandatoryWellFormed,
      expectation: "a list of other keys, each once",
    },
  ],
  [
    SvcParamKey.alpn,
    {
      name: "alpn",
      parse: parseAlpn,
      format: formatAlpn,
      isWellFormed: (value: Uint8Array) => alpnIds(value) !== undefined,
      expectation: "a list of protocols of 1 to 255 octets, like h2,h3",
    },
  ],
  [SvcParamKey.noDefaultAlpn, flag("no-default-alpn")],
  [
    3,
    {
      name: "port",
      parse: parsePort,
      format: (value: Uint8Array) => String((value[0]! << 8) | value[1]!),
      isWellFormed: (value: Uint8Array) => value.length === 2,
      expectation: "a number from 0 to 65535",
    },
  ],
  [4, addressHint("ipv4hint", 4)],
  [
    5,
    {
      name: "ech",
      parse: (text: string) => parseBase64(text) ?? new Uint8Array(),
      format: (value: Uint8Array) => Buffer.from(value).toString("base64"),
      isWellFormed: (value: Uint8Array) => value.length > 0,
      expectation: "base64 of an ECHConfigList",
    },
  ],
  [6, addressHint("ipv6hint", 16)],
  [
    7,
    {
      name: "dohpath",
      parse: unescapeText,
      format: quoteOctets,
      isWellFormed: isDohPath,
      expectation: "a relative URI template with the variable dns, like /dns-query{?dns}",
    },
  ],
  [8, flag("ohttp")],
]);

const KEYS = new Map([...PARAMS].map(([key, kind]) => [kind.name, key]));

/** `port`, or `key123` for a key without a name. */
export function formatSvcParamKey(key: number): string {
  return PARAMS.get(key)?.name ?? `key${key}`;
}

/** The number of a key's name or of keyNNNNN (no leading zeros); undefined when it is neither. */
function parseSvcParamKey(text: string): number | undefined {
  const known = KEYS.get(text);
  if (known !== undefined) return known;
  if (!/^key(?:0|[1-9][0-9]{0,4})$/.test(text)) return undefined;
  const key = Number(text.slice(3));
  return key <= 0xffff ? key : undefined;
}

/**
 * Reads `key=value` or `key`, escapes kept. Throws a PresentationError with the offset in
 * `text`. A known key written as keyNNNNN has its value as plain octets.
 */
export function parseSvcParam(text: string): SvcParam {
  const equals = text.indexOf("=");
  const keyText = equals < 0 ? text : text.slice(0, equals);
  const valueText = equals < 0 ? "" : text.slice(equals + 1);
  const key = parseSvcParamKey(keyText);
  if (key === undefined) {
    throw new PresentationError(
      `"${keyText}" is no parameter key; ${[...KEYS.keys()].join(", ")} and key0 to key65535 are`,
    );
  }
  const kind = PARAMS.get(key);
  if (kind === undefined) return { key, value: unescapeText(valueText) };
  const value = keyText === kind.name ? kind.parse(valueText) : unescapeText(valueText);
  if (!kind.isWellFormed(value)) {
    throw new PresentationError(
      valueText === ""
        ? `${keyText} has no value; write ${kind.expectation}`
        : notRight(kind, keyText, valueText),
      equals < 0 ? 0 : equals + 1,
    );
  }
  return { key, value };
}

/** Text of a well-formed parameter. */
export function formatSvcParam({ key, value }: SvcParam): string {
  const kind = PARAMS.get(key);
  const text = kind === undefined ? (value.length === 0 ? "" : quoteOctets(value)) : kind.format(value);
  return text === "" ? formatSvcParamKey(key) : `${formatSvcParamKey(key)}=${text}`;
}

/** True when the value is what its key wants; unknown keys take any octets. */
export function isSvcParamWellFormed({ key, value }: SvcParam): boolean {
  return PARAMS.get(key)?.isWellFormed(value) ?? true;
}

/** The keys that a well-formed `mandatory` value lists. */
export function keysOf(mandatory: Uint8Array): number[] {
  const keys: number[] = [];
  for (let at = 0; at + 1 < mandatory.length; at += 2) keys.push((mandatory[at]! << 8) | mandatory[at + 1]!);
  return keys;
}

function notRight(kind: ParamKind, keyText: string, valueText: string): string {
  return `"${valueText}" is no value of ${keyText}; write ${kind.expectation}`;
}

function parseMandatory(text: string): Uint8Array {
  const keys = (text === "" ? [] : text.split(",")).map((keyText) => {
    const key = parseSvcParamKey(keyText);
    if (key === undefined) {
      throw new PresentationError(
        `"${keyText}" in mandatory is no parameter key; write one such as alpn or port`,
      );
    }
    return key;
  });
  const out = new OctetWriter();
  for (const key of keys.sort((a, b) => a - b)) out.u16(key);
  return out.toOctets();
}

/** RFC 9460 section 8: ascending, each key once, not itself. Whether they are there is svcb.ts's to say. */
function isMandatoryWellFormed(value: Uint8Array): boolean {
  const keys = keysOf(value);
  const isAscending = keys.every((key, i) => key > (keys[i - 1] ?? SvcParamKey.mandatory));
  return value.length > 0 && value.length % 2 === 0 && isAscending;
}

/**
 * Two layers of escapes (RFC 9460 appendix A.1): those of the character-string, and within
 * what they yield `\,` and `\\`, so that a comma may be part of a protocol's name.
 */
function parseAlpn(text: string): Uint8Array {
  const octets = unescapeText(text);
  if (octets.length === 0) return octets;
  const ids: number[][] = [[]];
  for (let i = 0; i < octets.length; i++) {
    const octet = octets[i]!;
    if (octet === COMMA) ids.push([]);
    else if (octet !== BACKSLASH) ids.at(-1)!.push(octet);
    else {
      const escaped = octets[++i];
      if (escaped !== COMMA && escaped !== BACKSLASH) {
        throw new PresentationError(
          "in alpn, a backslash in the list escapes a comma or a backslash; write \\\\, or \\\\\\\\",
        );
      }
      ids.at(-1)!.push(escaped);
    }
  }
  const wrong = ids.find((id) => id.length === 0 || id.length > 255);
  if (wrong !== undefined) {
    throw new PresentationError(`alpn lists a protocol of ${wrong.length} octets; 1 to 255 are allowed`);
  }
  return Uint8Array.from(ids.flatMap((id) => [id.length, ...id]));
}

function formatAlpn(value: Uint8Array): string {
  const list: number[] = [];
  for (const [index, id] of alpnIds(value)!.entries()) {
    if (index > 0) list.push(COMMA);
    for (const octet of id) {
      if (octet === COMMA || octet === BACKSLASH) list.push(BACKSLASH);
      list.push(octet);
    }
  }
  return quoteOctets(Uint8Array.from(list));
}

function alpnIds(value: Uint8Array): Uint8Array[] | undefined {
  const ids: Uint8Array[] = [];
  for (let at = 0; at < value.length; ) {
    const end = at + 1 + value[at]!;
    if (end > value.length || end === at + 1) return undefined;
    ids.push(value.subarray(at + 1, end));
    at = end;
  }
  return ids.length > 0 ? ids : undefined;
}

function parsePort(text: string): Uint8Array {
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 0xffff) return new Uint8Array();
  return Uint8Array.of(Number(text) >> 8, Number(text));
}

/** A parameter that is there or not, and has no value. */
function flag(name: string): ParamKind {
  return {
    name,
    parse: unescapeText,
    format: () => "",
    isWellFormed: (value) => value.length === 0,
    expectation: "nothing behind the key",
  };
}

function addressHint(name: string, octetCount: 4 | 16): ParamKind {
  return {
    name,
    parse(text) {
      const addresses = text.split(",").map(parseAddress);
      const areRight = addresses.every((address) => address?.length === octetCount);
      return areRight ? Uint8Array.from(addresses.flatMap((address) => [...address!])) : new Uint8Array();
    },
    format(value) {
      const addresses: string[] = [];
      for (let at = 0; at < value.length; at += octetCount) {
        addresses.push(formatAddress(value.subarray(at, at + octetCount)));
      }
      return addresses.join(",");
    },
    isWellFormed: (value) => value.length > 0 && value.length % octetCount === 0,
    expectation: `a list of ${octetCount === 4 ? "IPv4 addresses, like 192.0.2.1" : "IPv6 addresses, like 2001:db8::1"}`,
  };
}

/** RFC 9461 section 5: UTF-8, relative, and with the variable `dns`. */
function isDohPath(value: Uint8Array): boolean {
  if (!isUtf8(value)) return false;
  const text = Buffer.from(value).toString("utf8");
  // First the expressions, then their variables: one pattern for both would backtrack.
  const expressions = text.match(/\{[^{}]*\}/g) ?? [];
  return text.startsWith("/") && expressions.some((each) => each.split(/[^A-Za-z0-9_.%]/).includes("dns"));
}

const COMMA = 0x2c;
const BACKSLASH = 0x5c;
