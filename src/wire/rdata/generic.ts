/**
 * The form of RFC 3597 section 5 for rdata of any type: `\# 4 C0000201`.
 *
 * @module
 */
import { parseHex, takeInteger } from "./fields.ts";
import type { TokenReader } from "./token-reader.ts";

/** Reads what stands behind `\#`. */
export function parseGenericRdata(reader: TokenReader): Uint8Array {
  const lengthToken = reader.peek();
  const length = takeInteger(reader, "length behind \\#", 0xffff);
  const tokens = reader.isAtEnd ? [] : reader.takeRest("octets");
  const octets = parseHex(tokens.map((token) => token.text).join(""));
  if (octets === undefined) {
    throw reader.error(
      tokens[0]!,
      `what follows \\# ${length} is not hexadecimal; two digits for each octet are`,
    );
  }
  if (octets.length !== length) {
    throw reader.error(
      lengthToken!,
      `\\# announces ${length} octets and ${octets.length} follow; make them agree`,
    );
  }
  return octets;
}

export function formatGenericRdata(rdata: Uint8Array): string {
  if (rdata.length === 0) return "\\# 0";
  return `\\# ${rdata.length} ${Buffer.from(rdata).toString("hex").toUpperCase()}`;
}
