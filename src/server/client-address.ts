/**
 * Turns the address text that the kernel's sockets give into octets, in place. This is on the
 * path of every UDP query, so it allocates nothing and knows only what inet_ntop() prints;
 * what people write goes through lib/address.ts, which is strict about it.
 *
 * @module
 */
import type { Client } from "./client.ts";

const DOT = 0x2e;
const COLON = 0x3a;
const PERCENT = 0x25;

/** Fills in family and address. False when the text is no address, which a kernel does not send. */
export function setClientAddress(client: Client, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === DOT) {
      client.family = 4;
      return writeIPv4(text, 0, text.length, client.address, 0);
    }
    if (unit === COLON) {
      client.family = 6;
      return writeIPv6(text, client.address);
    }
  }
  return false;
}

function writeIPv4(text: string, from: number, to: number, out: Uint8Array, at: number): boolean {
  let octet = 0;
  let digits = 0;
  let written = 0;
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i);
    if (unit === DOT) {
      if (digits === 0 || written === 3) return false;
      out[at + written++] = octet;
      octet = 0;
      digits = 0;
    } else {
      if (unit < 0x30 || unit > 0x39) return false;
      octet = octet * 10 + unit - 0x30;
      if (++digits > 3 || octet > 255) return false;
    }
  }
  if (digits === 0 || written !== 3) return false;
  out[at + 3] = octet;
  return true;
}

function writeIPv6(text: string, out: Uint8Array): boolean {
  // A link-local address comes with its interface: fe80::1%eth0. It is no part of the 16 octets.
  const zone = text.indexOf("%");
  const end = zone < 0 ? text.length : zone;
  let written = 0; // octets
  let gap = -1; // where "::" stands, in octets
  let i = 0;
  while (i < end) {
    if (text.charCodeAt(i) === COLON) {
      if (text.charCodeAt(i + 1) === COLON && gap < 0) {
        gap = written;
        i += 2;
        continue;
      }
      // A single colon stands between two groups, never at either end.
      if (written === 0 || written === gap || i + 1 >= end) return false;
      i++;
    }
    const start = i;
    let group = 0;
    let unit = text.charCodeAt(i);
    while (i < end && unit !== COLON && unit !== DOT && unit !== PERCENT) {
      const digit = hexDigit(unit);
      if (digit < 0) return false;
      group = (group << 4) | digit;
      unit = text.charCodeAt(++i);
    }
    if (i < end && unit === DOT) {
      if (written > 12 || !writeIPv4(text, start, end, out, written)) return false;
      written += 4;
      i = end;
      break;
    }
    if (i === start || i - start > 4 || written > 14) return false;
    out[written++] = group >>> 8;
    out[written++] = group & 0xff;
  }
  if (gap < 0) return written === 16;
  if (written >= 16) return false;
  out.copyWithin(16 - (written - gap), gap, written);
  out.fill(0, gap, 16 - (written - gap));
  return true;
}

function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
