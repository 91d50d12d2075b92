/**
 * The kinds of field that rdata is made of. A layout (layout.ts) is a list of them.
 *
 * @module
 */
import { formatAddress, parseAddress } from "../../lib/address.ts";
import { quoteOctets, unescapeText } from "../escape.ts";
import { formatName, formatRelativeName, type Name, uncompressedNameLength } from "../name.ts";
import type { OctetWriter } from "../octet-writer.ts";
import { parseTtl } from "../ttl.ts";
import type { TokenReader } from "./token-reader.ts";

export interface FieldKind {
  /** How many octets the field takes at `offset`, which ends by `end`; -1 when malformed. */
  length(octets: Uint8Array, offset: number, end: number): number;
  /** Takes the field's tokens; `field` is what it is called in messages. */
  parse(reader: TokenReader, out: OctetWriter, field: string): void;
  /** The text of the octets of this field. */
  format(octets: Uint8Array, origin: Name | undefined): string;
  /** Set for names, which may be compressed in a message. */
  readonly name?: "compressible" | "never compressed";
}

export const u8 = integer(1);
export const u16 = integer(2);
export const u32 = integer(4);

/** 32 bits of seconds; text may have units (`1h`), as TTLs may. */
export const seconds: FieldKind = {
  ...u32,
  parse(reader, out, field) {
    const token = reader.take(field);
    const value = parseTtl(token.text, 0xffff_ffff);
    if (value === undefined) {
      throw reader.error(
        token,
        `"${token.text}" is no ${field} of ${reader.type}; seconds are (3600), or numbers with s, m, h, d, w (1h30m)`,
      );
    }
    out.u32(value);
  },
};

export const ipv4 = address(4, "an IPv4 address is, like 192.0.2.1");
export const ipv6 = address(16, "an IPv6 address is, like 2001:db8::1");

/** A name of a type of RFC 1035, which senders may compress. */
export const compressibleName: FieldKind = {
  name: "compressible",
  length: uncompressedNameLength,
  parse(reader, out, field) {
    out.octets(reader.takeName(field));
  },
  format(octets, origin) {
    return origin === undefined ? formatName(octets as Name) : formatRelativeName(octets as Name, origin);
  },
};

/** A name of any later type: never compressed when sent (RFC 3597 section 4). */
export const plainName: FieldKind = { ...compressibleName, name: "never compressed" };

/** The name that stands for a mail address (RFC 1035 section 8); catches the address itself. */
export const mailbox: FieldKind = {
  ...compressibleName,
  parse(reader, out, field) {
    const token = reader.peek();
    const at = token?.text.search(/[^\\]@/) ?? -1;
    if (token !== undefined && at >= 0) {
      const [local, domain] = [token.text.slice(0, at + 1), token.text.slice(at + 2)];
      const right = `${local.replaceAll(".", "\\.")}.${domain.endsWith(".") ? domain : `${domain}.`}`;
      throw reader.error(
        token,
        `the ${field} of ${reader.type} is a name, not a mail address; write ${right}`,
        at + 1,
      );
    }
    out.octets(reader.takeName(field));
  },
};

export const characterString = stringOf(/^/, "", true);

/** A character-string that may hold only some characters; `isQuoted` is how it is written. */
export function stringOf(pattern: RegExp, expectation: string, isQuoted: boolean): FieldKind {
  return {
    length(octets, offset, end) {
      if (offset >= end) return -1;
      const stringEnd = offset + 1 + octets[offset]!;
      if (stringEnd > end) return -1;
      return pattern.test(latin1(octets.subarray(offset + 1, stringEnd))) ? stringEnd - offset : -1;
    },
    parse(reader, out, field) {
      const token = reader.take(field);
      const octets = reader.within(token, () => unescapeText(token.text));
      if (!pattern.test(latin1(octets))) {
        throw reader.error(token, `"${token.text}" is no ${field} of ${reader.type}; ${expectation}`);
      }
      writeCharacterString(reader, out, token, octets);
    },
    format(octets) {
      const string = octets.subarray(1);
      return isQuoted ? quoteOctets(string) : latin1(string);
    },
  };
}

/** One or more character-strings, to the end. */
export const characterStrings: FieldKind = {
  length(octets, offset, end) {
    let at = offset;
    while (at < end) at += 1 + octets[at]!;
    return at === end && end > offset ? end - offset : -1;
  },
  parse(reader, out, field) {
    for (const token of reader.takeRest(field)) {
      const octets = reader.within(token, () => unescapeText(token.text));
      writeCharacterString(reader, out, token, octets);
    }
  },
  format(octets) {
    const strings: string[] = [];
    for (let at = 0; at < octets.length; at += 1 + octets[at]!) {
      strings.push(quoteOctets(octets.subarray(at + 1, at + 1 + octets[at]!)));
    }
    return strings.join(" ");
  },
};

/** Text to the end of the rdata, of any length and without a length octet (CAA, URI). */
export function textToEnd(octetsMin: number): FieldKind {
  return {
    length: lengthToEnd(octetsMin),
    parse(reader, out, field) {
      const token = reader.take(field);
      const octets = reader.within(token, () => unescapeText(token.text));
      if (octets.length < octetsMin) {
        throw reader.error(token, `the ${field} of ${reader.type} is empty; write one`);
      }
      out.octets(octets);
    },
    format: quoteOctets,
  };
}

/** Base64 to the end, at least one octet; the text may be cut into several tokens. */
export const base64ToEnd: FieldKind = {
  length: lengthToEnd(1),
  parse(reader, out, field) {
    const tokens = reader.takeRest(field);
    const octets = parseBase64(tokens.map((token) => token.text).join(""));
    if (octets === undefined || octets.length === 0) {
      throw reader.error(
        tokens[0]!,
        `the ${field} of ${reader.type} is not base64; letters, digits, + and /, padded with =, are`,
      );
    }
    out.octets(octets);
  },
  format(octets) {
    return Buffer.from(octets).toString("base64");
  },
};

/** Hexadecimal to the end, at least one octet; the text may be cut into several tokens. */
export const hexToEnd: FieldKind = {
  length: lengthToEnd(1),
  parse(reader, out, field) {
    const tokens = reader.takeRest(field);
    const octets = parseHex(tokens.map((token) => token.text).join(""));
    if (octets === undefined || octets.length === 0) {
      throw reader.error(
        tokens[0]!,
        `the ${field} of ${reader.type} is not hexadecimal; an even number of digits 0-9, a-f is`,
      );
    }
    out.octets(octets);
  },
  format(octets) {
    return Buffer.from(octets).toString("hex").toUpperCase();
  },
};

/** The octets of hexadecimal text, or undefined when it is none. */
export function parseHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** The octets of padded base64, or undefined when it is none. */
export function parseBase64(text: string): Uint8Array | undefined {
  const octets = Buffer.from(text, "base64");
  // Node skips what it does not know; only text that comes out again was base64.
  return octets.toString("base64") === text ? new Uint8Array(octets) : undefined;
}

/** An integer token from 0 to `max`. */
export function takeInteger(reader: TokenReader, field: string, max: number): number {
  const token = reader.take(field);
  if (!/^[0-9]{1,10}$/.test(token.text) || Number(token.text) > max) {
    throw reader.error(
      token,
      `"${token.text}" is no ${field} of ${reader.type}; a number from 0 to ${max} is`,
    );
  }
  return Number(token.text);
}

function integer(octetCount: 1 | 2 | 4): FieldKind {
  const max = 2 ** (8 * octetCount) - 1;
  return {
    length: (_octets, offset, end) => (offset + octetCount <= end ? octetCount : -1),
    parse(reader, out, field) {
      const value = takeInteger(reader, field, max);
      if (octetCount === 1) out.u8(value);
      else if (octetCount === 2) out.u16(value);
      else out.u32(value);
    },
    format(octets) {
      return String(octets.reduce((value, octet) => value * 256 + octet, 0));
    },
  };
}

function address(octetCount: 4 | 16, expectation: string): FieldKind {
  return {
    length: (_octets, offset, end) => (offset + octetCount <= end ? octetCount : -1),
    parse(reader, out, field) {
      const token = reader.take(field);
      const octets = parseAddress(token.text);
      if (octets?.length !== octetCount) {
        throw reader.error(token, `"${token.text}" is no ${field} of ${reader.type}; ${expectation}`);
      }
      out.octets(octets);
    },
    format: formatAddress,
  };
}

function writeCharacterString(
  reader: TokenReader,
  out: OctetWriter,
  token: Parameters<TokenReader["error"]>[0],
  octets: Uint8Array,
): void {
  if (octets.length > 255) {
    throw reader.error(
      token,
      `a character-string of ${octets.length} octets in ${reader.type}; split it into quoted strings of at most 255`,
    );
  }
  out.u8(octets.length);
  out.octets(octets);
}

function lengthToEnd(octetsMin: number): FieldKind["length"] {
  return (_octets, offset, end) => (end - offset >= octetsMin ? end - offset : -1);
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
}
