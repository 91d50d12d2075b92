/**
 * What is known of the rdata of a type. index.ts has the table; most types are a layout of
 * fields (layout.ts), LOC and SVCB have code of their own.
 *
 * @module
 */
import type { Name } from "../name.ts";
import type { TokenReader } from "./token-reader.ts";

export interface RdataCodec {
  /** From text to wire; takes all tokens or throws a PresentationError. */
  parse(reader: TokenReader): Uint8Array;
  /** Text of well-formed, uncompressed rdata. */
  format(rdata: Uint8Array, origin: Name | undefined): string;
  /** Rdata standing at `offset` to `end` of a message, decompressed; null when malformed. */
  decode(message: Uint8Array, offset: number, end: number): Uint8Array | null;
  /** Where names start in uncompressed rdata. */
  nameOffsets(rdata: Uint8Array): number[];
  /** RFC 3597 section 4: only names in types of RFC 1035 may be compressed by a sender. */
  readonly mayCompress: boolean;
}
