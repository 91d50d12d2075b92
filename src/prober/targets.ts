/**
 * What there is to check: for each monitor the addresses of all members of the pools that name it, each once. Members that are
 * disabled are checked, too: whoever enables one again wants to know how it is.
 *
 * @module
 */
import type { Configuration, MonitorDocument, PoolDocument } from "../documents/configuration.ts";
import { endpointKey } from "../health/opinion.ts";
import { formatAddress } from "../lib/address.ts";
import type { CheckTarget } from "./checks/check.ts";

/** The part of a configuration that a prober goes by. */
export type ProbedDocuments = Pick<Configuration, "pools" | "monitors">;

export interface EndpointSpec {
  /** See endpointKey(). */
  readonly key: string;
  readonly monitor: MonitorDocument;
  readonly target: CheckTarget;
}

/** By key. */
export function endpointsOf({ pools, monitors }: ProbedDocuments): Map<string, EndpointSpec> {
  const endpoints = new Map<string, EndpointSpec>();
  for (const pool of pools.values()) {
    const monitor = pool.monitor === undefined ? undefined : monitors.get(pool.monitor);
    if (monitor === undefined) continue;
    for (const target of targetsOf(pool)) {
      const key = endpointKey(monitor.id, target.address);
      if (!endpoints.has(key)) endpoints.set(key, { key, monitor, target });
    }
  }
  return endpoints;
}

/** Whether endpointsOf() of both is the same. It may be although this says no: only what a change left alone is compared. */
export function isSameToProbe(before: ProbedDocuments, after: ProbedDocuments): boolean {
  return (
    isSame(before.monitors, after.monitors, () => true) &&
    isSame(before.pools, after.pools, ({ monitor }) => monitor !== undefined)
  );
}

function isSame<Document extends object>(
  before: ReadonlyMap<string, Document>,
  after: ReadonlyMap<string, Document>,
  counts: (document: Document) => boolean,
): boolean {
  if (before === after) return true;
  for (const [id, document] of after) {
    if (document !== before.get(id) && counts(document)) return false;
  }
  for (const [id, document] of before) if (counts(document) && !after.has(id)) return false;
  // What counted and is there still, but does not count any more.
  for (const [id, document] of after) {
    const old = before.get(id);
    if (old !== undefined && counts(old) !== counts(document)) return false;
  }
  return true;
}

/** A pool that a change left alone is the very same object. */
const known = new WeakMap<PoolDocument, readonly CheckTarget[]>();

function targetsOf(pool: PoolDocument): readonly CheckTarget[] {
  let targets = known.get(pool);
  if (targets === undefined) {
    targets = pool.members.flatMap((member) => {
      if (member.kind !== "endpoint") return [];
      return [member.ipv4, member.ipv6].flatMap((octets): CheckTarget[] =>
        octets === null ? [] : [{ address: formatAddress(octets), family: octets.length === 4 ? 4 : 6 }],
      );
    });
    known.set(pool, targets);
  }
  return targets;
}
