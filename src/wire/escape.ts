/**
 * The escapes of presentation form (RFC 1035 section 5.1): `\DDD` is the octet of that
 * decimal value, `\X` is the character X itself. Names and character-strings share them.
 *
 * @module
 */
import { PresentationError } from "../lib/errors.ts";

const BACKSLASH = 0x5c;
const QUOTE = 0x22;

/** What an escape stands for, and how many characters of text it took. */
interface Escape {
  readonly octet: number;
  readonly length: number;
}

/** Reads the escape whose backslash is at `index`; throws a PresentationError with its offset. */
export function readEscape(text: string, index: number): Escape {
  const next = text.charCodeAt(index + 1); // NaN past the end, which fails every comparison
  if (next >= 0x30 && next <= 0x39) {
    const digits = text.slice(index + 1, index + 4);
    const octet = Number(digits);
    if (!/^[0-9]{3}$/.test(digits) || octet > 255) {
      throw new PresentationError(
        `the escape "\\${digits}" is no octet; three decimal digits from \\000 to \\255 are`,
        index,
      );
    }
    return { octet, length: 4 };
  }
  if (next >= 0x20 && next < 0x7f) return { octet: next, length: 2 };
  throw new PresentationError(
    Number.isNaN(next)
      ? "a backslash at the end escapes nothing; a backslash itself is written \\\\"
      : "a backslash before this character escapes nothing; other octets are written \\DDD",
    index,
  );
}

/**
 * The octets that a character-string's text stands for. Characters beyond ASCII become
 * their UTF-8 octets, which is what files hold and what TXT readers expect.
 */
export function unescapeText(text: string): Uint8Array {
  if (!text.includes("\\")) return new TextEncoder().encode(text);
  const encoder = new TextEncoder();
  const octets = new Uint8Array(text.length * 3); // UTF-8 takes at most 3 octets for a UTF-16 unit
  let length = 0;
  for (let i = 0; i < text.length; ) {
    if (text.charCodeAt(i) === BACKSLASH) {
      const escaped = readEscape(text, i);
      octets[length++] = escaped.octet;
      i += escaped.length;
    } else {
      const end = text.indexOf("\\", i);
      const plain = text.slice(i, end < 0 ? text.length : end);
      length += encoder.encodeInto(plain, octets.subarray(length)).written;
      i += plain.length;
    }
  }
  return octets.slice(0, length);
}

/** Octets as a quoted character-string: printable ASCII as it is, the rest escaped. */
export function quoteOctets(octets: Uint8Array): string {
  let text = '"';
  for (const octet of octets) {
    if (octet === QUOTE || octet === BACKSLASH) text += `\\${String.fromCharCode(octet)}`;
    else if (octet >= 0x20 && octet < 0x7f) text += String.fromCharCode(octet);
    else text += decimalEscape(octet);
  }
  return `${text}"`;
}

/** `\DDD` */
export function decimalEscape(octet: number): string {
  return `\\${String(octet).padStart(3, "0")}`;
}
