/**
 * IPv4 and IPv6 addresses as text and as octets. IPv4 is 4 octets, IPv6 is 16; the length
 * is the family.
 *
 * Text is read strictly: `192.0.2.010` is octal to some programs and decimal to others, and
 * `fe80::1%eth0` means something on one machine only, so both are refused. Text is written
 * as RFC 5952 has it, so that equal addresses are equal text.
 *
 * @module
 */

/** The 4 or 16 octets of an address, or undefined when the text is none. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIPv6(text) : parseIPv4(text);
}

/** The canonical text of 4 or 16 octets (RFC 5952; IPv4-mapped addresses end in dotted decimal). */
export function formatAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  if (octets.length !== 16) throw new RangeError(`an address has 4 or 16 octets, not ${octets.length}`);
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((octets[i]! << 8) | octets[i + 1]!);
  if (isIPv4Mapped(groups)) return `::ffff:${octets.subarray(12).join(".")}`;

  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(":"); // RFC 5952 section 4.2.2: never for one group alone
  return `${hex.slice(0, run.start).join(":")}::${hex.slice(run.start + run.length).join(":")}`;
}

/** A network in CIDR form. Undefined when it is none, or when bits beyond the length are set. */
export function parsePrefix(text: string): { address: Uint8Array; length: number } | undefined {
  const prefix = readPrefix(text);
  return prefix === undefined || hasBitsBeyond(prefix.address, prefix.length) ? undefined : prefix;
}

/** The network that a text with bits set beyond its length probably means; undefined when that is not what is wrong with it. */
export function prefixMeant(text: string): string | undefined {
  const prefix = readPrefix(text);
  if (prefix === undefined || !hasBitsBeyond(prefix.address, prefix.length)) return undefined;
  return `${formatAddress(cutAddress(prefix.address, prefix.length))}/${prefix.length}`;
}

function readPrefix(text: string): { address: Uint8Array; length: number } | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const length = parseDecimal(text.slice(slash + 1), 128);
  if (address === undefined || length === undefined || length > address.length * 8) return undefined;
  return { address, length };
}

/** A copy in which the bits beyond the length are 0. */
export function cutAddress(address: Uint8Array, length: number): Uint8Array {
  return address.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))));
}

function hasBitsBeyond(address: Uint8Array, length: number): boolean {
  for (let i = length >> 3; i < address.length; i++) {
    const mask = i === length >> 3 ? 0xff >> (length & 7) : 0xff;
    if ((address[i]! & mask) !== 0) return true;
  }
  return false;
}

function parseIPv4(text: string): Uint8Array | undefined {
  const parts = text.split(".", 5);
  if (parts.length !== 4) return undefined;
  const octets = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const octet = parseDecimal(parts[i]!, 255);
    if (octet === undefined) return undefined;
    octets[i] = octet;
  }
  return octets;
}

function parseIPv6(text: string): Uint8Array | undefined {
  if (text.length > "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length) return undefined;
  const halves = text.split("::", 3);
  if (halves.length > 2) return undefined;
  const isShortened = halves.length === 2;
  const head = parseGroups(halves[0]!, !isShortened);
  const tail = isShortened ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // "::" stands for one or more groups of zeros (RFC 4291 section 2.2).
  if (isShortened ? missing < 2 : missing !== 0) return undefined;
  const octets = new Uint8Array(16);
  octets.set(head, 0);
  octets.set(tail, 16 - tail.length);
  return octets;
}

/** The octets of groups between colons; only the end of an address may be dotted decimal. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  const octets: number[] = [];
  if (text === "") return octets;
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (isEnd && index === groups.length - 1 && group.includes(".")) {
      const embedded = parseIPv4(group);
      if (embedded === undefined) return undefined;
      octets.push(...embedded);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 0xff);
    }
  }
  return octets;
}

/** Decimal digits without leading zeros, up to `max`. */
function parseDecimal(text: string, max: number): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function isIPv4Mapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

/** The first of the longest runs of zero groups (RFC 5952 section 4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
