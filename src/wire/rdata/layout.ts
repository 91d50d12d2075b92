/**
 * A codec from a list of fields: `layout({ preference: u16, exchange: compressibleName })`
 * is all there is to MX.
 *
 * @module
 */
import { decodeName, type Name } from "../name.ts";
import { OctetWriter } from "../octet-writer.ts";
import type { RdataCodec } from "./codec.ts";
import type { FieldKind } from "./fields.ts";
import type { TokenReader } from "./token-reader.ts";

/** What fields must be to each other: `what is wrong; what would be right`, or undefined. */
type Check = (rdata: Uint8Array) => string | undefined;

/** Fields in wire order, which is also text order; the keys are what messages call them. */
export function layout(fields: Readonly<Record<string, FieldKind>>, check?: Check): RdataCodec {
  return new Layout(Object.entries(fields), check);
}

class Layout implements RdataCodec {
  readonly mayCompress: boolean;
  readonly #fields: readonly (readonly [string, FieldKind])[];
  readonly #check: Check | undefined;

  constructor(fields: readonly (readonly [string, FieldKind])[], check: Check | undefined) {
    this.#fields = fields;
    this.#check = check;
    this.mayCompress = fields.some(([, kind]) => kind.name === "compressible");
  }

  parse(reader: TokenReader): Uint8Array {
    const out = new OctetWriter();
    let lastToken = reader.peek();
    for (const [field, kind] of this.#fields) {
      lastToken = reader.peek();
      kind.parse(reader, out, field);
    }
    reader.requireEnd();
    const rdata = out.toOctets();
    const fault = this.#check?.(rdata);
    if (fault !== undefined && lastToken !== undefined)
      throw reader.error(lastToken, `${reader.type}: ${fault}`);
    return rdata;
  }

  format(rdata: Uint8Array, origin: Name | undefined): string {
    const texts: string[] = [];
    let at = 0;
    for (const [, kind] of this.#fields) {
      const length = kind.length(rdata, at, rdata.length);
      texts.push(kind.format(rdata.subarray(at, at + length), origin));
      at += length;
    }
    return texts.join(" ");
  }

  decode(message: Uint8Array, offset: number, end: number): Uint8Array | null {
    const out = new OctetWriter();
    let at = offset;
    for (const [, kind] of this.#fields) {
      if (kind.name !== undefined) {
        const decoded = decodeName(message, at, end);
        if (decoded === null) return null;
        out.octets(decoded.name);
        at = decoded.next;
      } else {
        const length = kind.length(message, at, end);
        if (length < 0) return null;
        out.octets(message.subarray(at, at + length));
        at += length;
      }
    }
    if (at !== end) return null;
    const rdata = out.toOctets();
    return this.#check?.(rdata) === undefined ? rdata : null;
  }

  nameOffsets(rdata: Uint8Array): number[] {
    const offsets: number[] = [];
    let at = 0;
    for (const [, kind] of this.#fields) {
      if (kind.name !== undefined) offsets.push(at);
      at += kind.length(rdata, at, rdata.length);
    }
    return offsets;
  }
}
