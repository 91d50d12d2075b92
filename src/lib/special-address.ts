/**
 * Addresses that no client can reach a server at, though they are well written.
 *
 * @module
 */

/** What is wrong with answering an address, to go behind the address in a fault; undefined for most. */
export function specialAddress(octets: Uint8Array):
  | {
      readonly severity: "error" | "warning";
      /** `is …; what would be right`. */
      readonly message: string;
    }
  | undefined {
  if (octets.length === 4) return specialIPv4(octets);
  const isZeroTo = (end: number) => octets.subarray(0, end).every((octet) => octet === 0);
  if (octets[0] === 0xff) return warning("a multicast address");
  if (isZeroTo(10) && octets[10] === 0xff && octets[11] === 0xff) {
    // RFC 4291 section 2.5.5.2: a form inside programs, never on the wire.
    const message = `is IPv4 in the form of IPv6; write ${octets.subarray(12).join(".")}`;
    return { severity: "error", message };
  }
  if (!isZeroTo(15)) return undefined;
  if (octets[15] === 0) return warning("the unspecified address");
  return octets[15] === 1 ? warning("a loopback address") : undefined;
}

function specialIPv4(octets: Uint8Array) {
  const first = octets[0]!;
  if (octets.every((octet) => octet === 0)) return warning("the unspecified address");
  if (octets.every((octet) => octet === 255)) return warning("the broadcast address");
  if (first === 127) return warning("a loopback address");
  return first >= 224 && first < 240 ? warning("a multicast address") : undefined;
}

function warning(what: string) {
  return { severity: "warning", message: `is ${what}; clients cannot reach a server by it` } as const;
}
