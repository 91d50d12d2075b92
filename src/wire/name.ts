/**
 * Domain names: octets in, octets out, and as text in between.
 *
 *   3 w w w 7 e x a m p l e 4 t e s t 0      a Name: labels with their lengths, then the root's 0
 *
 * A Name is always uncompressed, whole and within the limits of RFC 1035 section 2.3.4, so
 * whoever holds one need not check again. Labels are octets, any of them (RFC 2181
 * section 11); the case they came in is kept, and comparisons fold A–Z only (RFC 4343).
 * Length octets are below 0x40 and letters are not, so folding may run over a whole name
 * without looking where labels start.
 *
 * Names are never changed in place.
 *
 * @module
 */
import { PresentationError } from "../lib/errors.ts";
import { decimalEscape, readEscape } from "./escape.ts";

declare const nameBrand: unique symbol;

/** An absolute name in uncompressed wire form, case kept, 1 to 255 octets, ending in 0. */
export type Name = Uint8Array & { readonly [nameBrand]: true };

/** RFC 1035 section 2.3.4, length octets and the root's included. */
export const NAME_OCTETS_MAX = 255;
/** RFC 1035 section 2.3.4; the two bits above tell labels from pointers. */
const LABEL_OCTETS_MAX = 63;

/**
 * How many compression pointers one name may take. A name has at most 127 labels and a
 * sensible pointer leads to a label, so more is an attack: pointers to pointers, followed
 * again for each name, would make decoding quadratic.
 */
const POINTER_HOPS_MAX = 127;

export const ROOT: Name = new Uint8Array(1) as Name;

/**
 * Reads a name in presentation form. `@` is the origin, and text without a final dot is
 * relative to it. Throws a PresentationError whose offset is within `text`.
 */
export function parseName(text: string, origin?: Name): Name {
  if (text === "@") return requireOrigin(text, origin);
  if (text === ".") return ROOT;
  if (text === "") throw new PresentationError('an empty name; the root is written ".", the origin "@"');

  const octets = new Uint8Array(NAME_OCTETS_MAX);
  let labelAt = 0; // where the length octet of the open label goes
  let length = 1;
  let isAbsolute = false;
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (length === labelAt + 1) throw new PresentationError(`an empty label in "${text}"; drop one dot`, i);
      octets[labelAt] = length - labelAt - 1;
      labelAt = length++;
      isAbsolute = i === text.length - 1;
      i++;
      continue;
    }
    let octet = code;
    const at = i;
    if (code === BACKSLASH) {
      const escaped = readEscape(text, i);
      octet = escaped.octet;
      i += escaped.length;
    } else {
      requirePlain(text, i, code);
      i++;
    }
    if (length - labelAt > LABEL_OCTETS_MAX) {
      throw new PresentationError(
        `a label of more than ${LABEL_OCTETS_MAX} octets in "${text}"; shorten it`,
        at,
      );
    }
    // The last octet of the 255 is the root's.
    if (length >= NAME_OCTETS_MAX - 1) throw nameTooLong(text, at);
    octets[length++] = octet;
  }
  if (isAbsolute) return octets.slice(0, length) as Name;

  const suffix = requireOrigin(text, origin);
  octets[labelAt] = length - labelAt - 1;
  if (length + suffix.length > NAME_OCTETS_MAX) throw nameTooLong(`${text}.${formatName(suffix)}`, 0);
  octets.set(suffix, length);
  return octets.slice(0, length + suffix.length) as Name;
}

/** The absolute text of a name, with its final dot; what is special or not printable is escaped. */
export function formatName(name: Name): string {
  return name.length === 1 ? "." : formatLabels(name, name.length - 1);
}

/** The shortest text that parseName() reads back with this origin: `@`, `www`, or absolute. */
export function formatRelativeName(name: Name, origin: Name): string {
  if (!isAtOrBelow(name, origin)) return formatName(name);
  const end = name.length - origin.length;
  return end === 0 ? "@" : formatLabels(name, end).slice(0, -1);
}

export interface DecodedName {
  readonly name: Name;
  /** Where reading goes on: behind the name, or behind its first pointer. */
  readonly next: number;
}

/**
 * Reads a name at `offset` of a message and follows compression pointers (RFC 1035 section
 * 4.1.4). Each pointer must lead strictly before all that was read so far, so there is no
 * loop. Null when malformed: past `end`, too long, a label type other than 00 or 11.
 *
 * `end` bounds what stands in place (a name in rdata ends within it).
 */
export function decodeName(message: Uint8Array, offset: number, end = message.length): DecodedName | null {
  const octets = new Uint8Array(NAME_OCTETS_MAX);
  let length = 0;
  let at = offset;
  let limit = Math.min(end, message.length);
  let lowest = offset;
  let next = -1;
  let hops = 0;
  for (;;) {
    if (at >= limit) return null;
    const octet = message[at]!;
    if (octet >= 0xc0) {
      if (at + 1 >= limit || ++hops > POINTER_HOPS_MAX) return null;
      const target = ((octet & 0x3f) << 8) | message[at + 1]!;
      if (target >= lowest) return null;
      if (next < 0) next = at + 2;
      limit = message.length;
      lowest = target;
      at = target;
      continue;
    }
    if (octet > LABEL_OCTETS_MAX) return null; // 0x40 and 0x80: label types that never came to be
    const labelEnd = at + 1 + octet;
    if (labelEnd > limit || length + 1 + octet > NAME_OCTETS_MAX) return null;
    for (; at < labelEnd; at++) octets[length++] = message[at]!;
    if (octet === 0) return { name: octets.slice(0, length) as Name, next: next < 0 ? at : next };
  }
}

/** Octets of the uncompressed name at `offset`, the root's 0 included; -1 when malformed. */
export function uncompressedNameLength(octets: Uint8Array, offset: number, end: number): number {
  for (let at = offset; at < end; ) {
    const length = octets[at]!;
    if (length > LABEL_OCTETS_MAX) return -1;
    at += 1 + length;
    if (at - offset > NAME_OCTETS_MAX) return -1;
    if (length === 0) return at - offset;
  }
  return -1;
}

/** Equal but for the case of A–Z (RFC 4343 section 3). */
export function nameEquals(a: Name, b: Name): boolean {
  return a.length === b.length && tailEquals(a, 0, b);
}

/** True when `name` is `ancestor` or ends in it at a label boundary. */
export function isAtOrBelow(name: Name, ancestor: Name): boolean {
  const start = name.length - ancestor.length;
  if (start < 0) return false;
  let at = 0;
  while (at < start) at += 1 + name[at]!;
  return at === start && tailEquals(name, start, ancestor);
}

export function lowercaseName(name: Name): Name {
  return name.map(foldCase) as Name;
}

/** The name as a Map key: its wire form in lower case, one character for an octet. */
export function nameKey(name: Name): string {
  const key = Buffer.from(name.buffer, name.byteOffset, name.length).toString("latin1");
  // Nearly all names are in lower case, and looking is cheaper than folding each octet.
  return /[A-Z]/.test(key) ? key.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : key;
}

/** How many labels, the root's not counted. */
export function labelCount(name: Name): number {
  let count = 0;
  for (let at = 0; name[at] !== 0; at += 1 + name[at]!) count++;
  return count;
}

/** The labels from left to right, without their lengths and without the root's. */
export function labelsOf(name: Name): Uint8Array[] {
  const labels: Uint8Array[] = [];
  for (let at = 0; name[at] !== 0; at += 1 + name[at]!)
    labels.push(name.subarray(at + 1, at + 1 + name[at]!));
  return labels;
}

/** The name without its first label; undefined at the root. */
export function parentName(name: Name): Name | undefined {
  return name.length === 1 ? undefined : (name.subarray(1 + name[0]!) as Name);
}

/** Labels put in front of a name. Throws a PresentationError where a limit would break. */
export function joinName(labels: readonly Uint8Array[], suffix: Name): Name {
  const length = labels.reduce((sum, label) => sum + 1 + label.length, suffix.length);
  if (length > NAME_OCTETS_MAX) throw nameTooLong(`${labels.length} labels + ${formatName(suffix)}`, 0);
  const octets = new Uint8Array(length);
  let at = 0;
  for (const label of labels) {
    if (label.length === 0 || label.length > LABEL_OCTETS_MAX) {
      throw new PresentationError(`a label of ${label.length} octets; 1 to ${LABEL_OCTETS_MAX} are allowed`);
    }
    octets[at] = label.length;
    octets.set(label, at + 1);
    at += 1 + label.length;
  }
  octets.set(suffix, at);
  return octets as Name;
}

/** The canonical order of RFC 4034 section 6.1: by label from the right, case folded. */
export function compareNames(a: Name, b: Name): number {
  const aLabels = labelsOf(a);
  const bLabels = labelsOf(b);
  for (let i = 1; i <= aLabels.length && i <= bLabels.length; i++) {
    const order = compareLabels(aLabels[aLabels.length - i]!, bLabels[bLabels.length - i]!);
    if (order !== 0) return order;
  }
  return aLabels.length - bLabels.length;
}

const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** What a master file reads as something else, so formatName() escapes it: `"$().;@\`. */
const SPECIAL = new Set(['"', "$", "(", ")", ".", ";", "@", "\\"].map((char) => char.charCodeAt(0)));
/** What must be escaped in a name that is read; `$` and `@` are special only on their own. */
const MUST_ESCAPE = new Set(['"', "(", ")", ";"].map((char) => char.charCodeAt(0)));

function requirePlain(text: string, index: number, code: number): void {
  if (code > 0x7e) {
    throw new PresentationError(
      `"${text}" has a character beyond ASCII; write an internationalized name in its xn-- form`,
      index,
    );
  }
  if (code <= 0x20 || MUST_ESCAPE.has(code)) {
    const escaped = code <= 0x20 ? decimalEscape(code) : `\\${String.fromCharCode(code)}`;
    throw new PresentationError(`"${text}" has a character that a name must escape; write ${escaped}`, index);
  }
}

function requireOrigin(text: string, origin: Name | undefined): Name {
  if (origin !== undefined) return origin;
  throw new PresentationError(
    text === "@"
      ? '"@" stands for the origin, and there is none here; write the name in full'
      : `the name "${text}" is relative, and there is no origin here; end it with a dot`,
  );
}

function nameTooLong(text: string, offset: number): PresentationError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new PresentationError(
    `the name "${shown}" has more than ${NAME_OCTETS_MAX} octets; shorten it`,
    offset,
  );
}

function formatLabels(name: Name, end: number): string {
  let text = "";
  for (let at = 0; at < end; ) {
    const labelEnd = at + 1 + name[at]!;
    for (at++; at < labelEnd; at++) {
      const octet = name[at]!;
      if (octet <= 0x20 || octet >= 0x7f) text += decimalEscape(octet);
      else text += SPECIAL.has(octet) ? `\\${String.fromCharCode(octet)}` : String.fromCharCode(octet);
    }
    text += ".";
  }
  return text;
}

function tailEquals(name: Name, start: number, tail: Name): boolean {
  for (let i = 0; i < tail.length; i++) {
    if (foldCase(name[start + i]!) !== foldCase(tail[i]!)) return false;
  }
  return true;
}

function compareLabels(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = foldCase(a[i]!) - foldCase(b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function foldCase(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}
