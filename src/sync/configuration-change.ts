/**
 * What differs between two configurations, by name, for the log.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Configuration } from "../documents/configuration.ts";
import type { ZoneTable } from "../documents/zone-table.ts";

export interface Change {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export interface ConfigurationChange {
  readonly zones: Change;
  readonly pools: Change;
  readonly monitors: Change;
}

export function changeBetween(before: Configuration, after: Configuration): ConfigurationChange {
  return {
    zones: changeOfZones(before.zones, after.zones),
    pools: compare(before.pools, after.pools),
    monitors: compare(before.monitors, after.monitors),
  };
}

export function isEmpty(change: ConfigurationChange): boolean {
  return [change.zones, change.pools, change.monitors].every(
    ({ added, changed, removed }) => added.length + changed.length + removed.length === 0,
  );
}

/** Names that a log line shows of each list. */
const SHOWN_MAX = 10;

/** The lists that are not empty, as fields: `{ zonesChanged: ["example.test"] }`. */
export function changeFields(change: ConfigurationChange): Record<string, readonly string[]> {
  const fields: Record<string, readonly string[]> = {};
  for (const kind of ["zones", "pools", "monitors"] as const) {
    for (const how of ["added", "changed", "removed"] as const) {
      const names = change[kind][how];
      if (names.length === 0) continue;
      const more = names.length > SHOWN_MAX ? [`and ${names.length - SHOWN_MAX} more`] : [];
      fields[`${kind}${how[0]!.toUpperCase()}${how.slice(1)}`] = [...names.slice(0, SHOWN_MAX), ...more];
    }
  }
  return fields;
}

/** A zone that a reload left as it was is the very same object. */
function changeOfZones(before: ZoneTable, after: ZoneTable): Change {
  const { changed, removed } = after.since(before);
  return {
    added: changed.filter((each) => each.before === undefined).map(({ zone }) => zone.id),
    changed: changed.filter((each) => each.before !== undefined).map(({ zone }) => zone.id),
    removed: removed.map(({ id }) => id),
  };
}

/** Those of a file that did not change are the same objects too. */
function isSame(a: object, b: object): boolean {
  return a === b || isDeepStrictEqual(a, b);
}

function compare<Document extends { readonly id: string }>(
  before: ReadonlyMap<string, Document>,
  after: ReadonlyMap<string, Document>,
): Change {
  const added: string[] = [];
  const changed: string[] = [];
  const removed: string[] = [];
  for (const [key, document] of after) {
    const old = before.get(key);
    if (old === undefined) added.push(document.id);
    else if (!isSame(old, document)) changed.push(document.id);
  }
  for (const [key, document] of before) if (!after.has(key)) removed.push(document.id);
  return { added, changed, removed };
}
