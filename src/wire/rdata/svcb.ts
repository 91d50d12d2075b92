/**
 * SVCB and HTTPS (RFC 9460).
 *
 *   priority 2 | target, a name, never compressed | key 2, length 2, value | key 2, …
 *
 * Well-formed: keys ascend, so that none comes twice; values are what their keys want; the
 * keys that `mandatory` lists are there. Priority 0 is AliasMode, where recipients ignore
 * parameters, but they are checked all the same.
 *
 * @module
 */
import { PresentationError } from "../../lib/errors.ts";
import { formatName, formatRelativeName, type Name, uncompressedNameLength } from "../name.ts";
import { OctetWriter } from "../octet-writer.ts";
import type { RdataCodec } from "./codec.ts";
import { takeInteger } from "./fields.ts";
import { formatGenericRdata } from "./generic.ts";
import {
  formatSvcParam,
  formatSvcParamKey,
  isSvcParamWellFormed,
  keysOf,
  parseSvcParam,
  type SvcParam,
  SvcParamKey,
} from "./svc-params.ts";
import type { TokenReader } from "./token-reader.ts";

const TARGET_OFFSET = 2;

export const SVCB: RdataCodec = {
  mayCompress: false,

  parse(reader) {
    const out = new OctetWriter();
    out.u16(takeInteger(reader, "priority", 0xffff));
    out.octets(reader.takeName("target"));
    for (const { key, value } of takeParams(reader)) {
      out.u16(key);
      out.u16(value.length);
      out.octets(value);
    }
    return out.toOctets();
  },

  format(rdata, origin) {
    const decoded = readParams(rdata, paramsOffset(rdata))!;
    // The one thing that is well-formed on the wire and refused in text.
    if (isDefaultAlpnMissing(decoded)) return formatGenericRdata(rdata);
    const target = rdata.subarray(TARGET_OFFSET, paramsOffset(rdata)) as Name;
    const targetText = origin === undefined ? formatName(target) : formatRelativeName(target, origin);
    return [(rdata[0]! << 8) | rdata[1]!, targetText, ...decoded.map(formatSvcParam)].join(" ");
  },

  decode(message, offset, end) {
    const rdata = message.slice(offset, end);
    if (uncompressedNameLength(rdata, TARGET_OFFSET, rdata.length) < 0) return null;
    const params = readParams(rdata, paramsOffset(rdata));
    return params === null || faultOf(params) !== undefined ? null : rdata;
  },

  nameOffsets: () => [TARGET_OFFSET],
};

function paramsOffset(rdata: Uint8Array): number {
  return TARGET_OFFSET + uncompressedNameLength(rdata, TARGET_OFFSET, rdata.length);
}

/** The parameters from `offset` to the end; null when cut short or not ascending. */
function readParams(rdata: Uint8Array, offset: number): SvcParam[] | null {
  const params: SvcParam[] = [];
  let lastKey = -1;
  for (let at = offset; at < rdata.length; ) {
    if (at + 4 > rdata.length) return null;
    const key = (rdata[at]! << 8) | rdata[at + 1]!;
    const end = at + 4 + ((rdata[at + 2]! << 8) | rdata[at + 3]!);
    if (key <= lastKey || end > rdata.length) return null;
    params.push({ key, value: rdata.subarray(at + 4, end) });
    lastKey = key;
    at = end;
  }
  return params;
}

/** Takes the parameters that are left, in any order, and puts them in order. */
function takeParams(reader: TokenReader): SvcParam[] {
  const first = reader.peek();
  if (first === undefined) return [];
  const params = new Map<number, SvcParam>();
  for (const token of reader.takeRest("parameters")) {
    const param = reader.within(token, () => {
      const parsed = parseSvcParam(token.text);
      if (parsed.value.length <= 0xffff) return parsed;
      throw new PresentationError(`a value of ${parsed.value.length} octets; at most 65535 are allowed`);
    });
    if (params.has(param.key)) {
      throw reader.error(token, `${reader.type} has ${formatSvcParamKey(param.key)} twice; remove one`);
    }
    params.set(param.key, param);
  }
  const sorted = [...params.values()].sort((a, b) => a.key - b.key);
  const fault = isDefaultAlpnMissing(sorted)
    ? "no-default-alpn stands without alpn; add alpn" // RFC 9460 section 7.1.1
    : faultOf(sorted);
  if (fault !== undefined) throw reader.error(first, `${reader.type}: ${fault}`);
  return sorted;
}

function faultOf(params: readonly SvcParam[]): string | undefined {
  const malformed = params.find((param) => !isSvcParamWellFormed(param));
  if (malformed !== undefined)
    return `the value of ${formatSvcParamKey(malformed.key)} is malformed; correct it`;
  const mandatory = params.find(({ key }) => key === SvcParamKey.mandatory);
  if (mandatory === undefined) return undefined;
  const present = new Set(params.map(({ key }) => key));
  const missing = keysOf(mandatory.value).find((key) => !present.has(key));
  if (missing === undefined) return undefined;
  const name = formatSvcParamKey(missing);
  return `mandatory lists ${name}, which is not there; add ${name} or take it off the list`;
}

function isDefaultAlpnMissing(params: readonly SvcParam[]): boolean {
  const has = (wanted: number) => params.some(({ key }) => key === wanted);
  return has(SvcParamKey.noDefaultAlpn) && !has(SvcParamKey.alpn);
}
