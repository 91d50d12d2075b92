/**
 * Which pools have an endpoint, for who may see some pools alone. Worked out once for each configuration, when it is first asked
 * for: some 50 ms for 100,000 endpoints.
 *
 * @module
 */
import type { Configuration } from "../../documents/configuration.ts";
import { endpointKey } from "../../health/opinion.ts";
import { formatAddress } from "../../lib/address.ts";
import { documentKey } from "../../store/document-key.ts";
import { type Grant, mayTouch } from "../tokens.ts";

const known = new WeakMap<Configuration, ReadonlyMap<string, readonly string[]>>();

/** Ids, in the order of the documents; none where nobody checks it (any more). */
export function poolsOf(configuration: Configuration, endpoint: string): readonly string[] {
  let pools = known.get(configuration);
  if (pools === undefined) {
    pools = poolsByEndpoint(configuration);
    known.set(configuration, pools);
  }
  return pools.get(endpoint) ?? [];
}

/** Does the token have a pool among these? One for all documents has, also of none. */
export function mayTouchSome(grant: Grant, pools: readonly string[]): boolean {
  return isForAll(grant) || pools.some((pool) => mayTouch(grant, documentKey("pools", pool)));
}

export function isForAll({ zones, pools }: Grant): boolean {
  return zones === undefined && pools === undefined;
}

function poolsByEndpoint({ pools }: Configuration): Map<string, string[]> {
  const byEndpoint = new Map<string, string[]>();
  for (const { id, monitor, members } of pools.values()) {
    if (monitor === undefined) continue;
    for (const member of members) {
      if (member.kind !== "endpoint") continue;
      for (const address of [member.ipv4, member.ipv6]) {
        if (address === null) continue;
        const key = endpointKey(monitor, formatAddress(address));
        const of = byEndpoint.get(key);
        if (of === undefined) byEndpoint.set(key, [id]);
        else if (of.at(-1) !== id) of.push(id);
      }
    }
  }
  return byEndpoint;
}
