/**
 * All files as one configuration, again and again: only what depends on files that changed is worked out anew.
 *
 *   files ─┬─ zones ──────────── by key: defined once ──┐
 *          └─ pools, monitors ── JoinedPools ───────────┼─► steered names, zones within zones, unused pools ─► faults
 *                                                       └─► serials go on from the configuration before ─────► zones
 *
 * A configuration of ten thousand zones is edited one zone at a time. As long as the files, and the zones that they define,
 * stay the same, what was found the last time holds for all but those that changed: an edit costs a copy of some lists. In any
 * other case, and with any error, all is worked out; a test compares the two.
 *
 * @module
 */
import { type Fault, hasErrors } from "../lib/fault.ts";
import { formatName, type Name } from "../wire/name.ts";
import type { ZoneData } from "../zone/zone-data.ts";
import type { Configuration, ZoneDocument } from "./configuration.ts";
import type { Expectation } from "./expectations.ts";
import { FaultList, type Place } from "./fault-list.ts";
import type { FileDocuments, FileZone } from "./file-documents.ts";
import { JoinedPools } from "./joined-pools.ts";
import type { RereadSource } from "./source.ts";
import { continueZone } from "./zone-change.ts";
import { checkSteeredNames, checkZonesWithin, type PlacedZone, placeOf } from "./zone-links.ts";
import { Apexes, ZoneTable } from "./zone-table.ts";

export interface LoadedDocuments {
  /** Undefined when there is an error among the faults. */
  readonly configuration: Configuration | undefined;
  /** Errors and warnings, by file, line and column. */
  readonly faults: readonly Fault[];
  /** Of all zones, in the order of the files. */
  readonly expectations: readonly PlacedExpectation[];
  /** Records of the zones that were asked for with `keepData`, by nameKey() of the apex. */
  readonly data: ReadonlyMap<string, ZoneData>;
}

/** An expectation, and where it is written; its place may be asked for as long as the file is as it was. */
export interface PlacedExpectation {
  readonly expectation: Expectation;
  /** Apex of the zone that it stands in. */
  readonly zone: Name;
  readonly place: Place;
}

/** A file that was read, now or before. */
export interface JoinedFile {
  readonly documents: FileDocuments;
  /** Where places in it are found, should there be a fault that only shows across files. */
  readonly source: RereadSource;
  /** Its zones; made once, as each load goes over all of them. */
  readonly zones: readonly PlacedZone[];
}

export function joinedFile(documents: FileDocuments, source: RereadSource): JoinedFile {
  return { documents, source, zones: documents.zones.map((zone) => ({ zone, source })) };
}

/** What was found the last time, in files without an error. */
interface Joined {
  readonly files: readonly JoinedFile[];
  /** By file, the place of its first zone. */
  readonly starts: Int32Array;
  readonly zones: readonly PlacedZone[];
  readonly apexes: Apexes;
  readonly pools: JoinedPools;
  /** How many zones have a name that is steered by each pool. */
  readonly steering: ReadonlyMap<string, number>;
  readonly expectations: readonly PlacedExpectation[];
  readonly found: Found;
  readonly faults: readonly Fault[];
  /** With which the serials were worked out. */
  readonly previous: Configuration | undefined;
  readonly configuration: Configuration;
}

/** Faults by what they come from. */
interface Found {
  /** Of files by themselves, by index of the file. */
  readonly own: ReadonlyMap<number, readonly Fault[]>;
  readonly pools: readonly Fault[];
  readonly unused: readonly Fault[];
  /** By index in Apexes.within. */
  readonly within: ReadonlyMap<number, Fault>;
  /** Of zones whose own serial did not grow, by place. */
  readonly stuck: ReadonlyMap<number, Fault>;
}

export class DocumentJoin {
  #joined: Joined | undefined;

  /**
   * `files` by path, each of them another object when it changed; `unread` are the faults of files that are not among the others because they could
   * not be read.
   */
  join(
    files: readonly JoinedFile[],
    { previous, unread = [] }: { previous?: Configuration | undefined; unread?: readonly Fault[] },
  ): LoadedDocuments {
    const changed = unread.length === 0 ? this.#changedIn(files, previous) : undefined;
    const loaded =
      changed === undefined
        ? this.#joinAll(files, previous, unread)
        : this.#joinChanged(this.#joined!, files, changed, previous!);
    for (const { source } of files) source.forget();
    return loaded;
  }

  /** The indexes of files that changed; undefined where it is not enough to look at these. */
  #changedIn(files: readonly JoinedFile[], previous: Configuration | undefined): number[] | undefined {
    const joined = this.#joined;
    if (joined === undefined || previous === undefined || files.length !== joined.files.length)
      return undefined;
    if (previous !== joined.configuration && previous !== joined.previous) return undefined;
    const changed: number[] = [];
    for (let index = 0; index < files.length; index++) {
      const [before, file] = [joined.files[index]!, files[index]!];
      if (before === file) continue;
      const { documents, zones } = file;
      if (documents.file !== before.documents.file || documents.isPartial || documents.isBlind)
        return undefined;
      if (zones.length !== before.zones.length) return undefined;
      for (const [i, { zone }] of zones.entries())
        if (zone.key !== before.zones[i]!.zone.key || zone.data !== undefined) return undefined;
      changed.push(index);
    }
    return changed;
  }

  #joinAll(
    files: readonly JoinedFile[],
    previous: Configuration | undefined,
    unread: readonly Fault[],
  ): LoadedDocuments {
    const isBlind = unread.length > 0 || files.some(({ documents }) => documents.isBlind);
    const isPartial = unread.length > 0 || files.some(({ documents }) => documents.isPartial);
    const others = new FaultList();
    others.add(unread);
    const { zones, keys, areDoubles } = withoutDoubles(files, previous, others);
    const apexes = previous?.zones.apexes.areThese(keys) === true ? previous.zones.apexes : new Apexes(keys);
    const pools = new JoinedPools(files, isBlind);
    const areSteeredKnown = checkSteeredNames(zones, pools.graph, others);
    const steering = new Map<string, number>();
    for (const { zone } of zones) countSteering(steering, zone, 1);
    const isSure = !isPartial && !pools.hasUnknown && areSteeredKnown;
    const kept = areDoubles ? new Set(zones) : undefined;
    const found = {
      own: new Map(files.map((file, index) => [index, ownFaults(file, kept)])),
      pools: pools.faults,
      unused: isSure ? pools.unused(steering.keys()) : [],
      within: checkZonesWithin(zones, apexes, { known: new Map(), isChanged: () => true }),
      stuck: new Map<number, Fault>(),
    };
    for (const [index, faults] of found.own) if (faults.length === 0) found.own.delete(index);
    const rest = { expectations: expectationsOf(zones), data: dataOf(zones) };
    const early = allOf(found, others);
    if (hasErrors(early)) return { configuration: undefined, faults: sorted(early), ...rest };
    const continued = zones.map((placed, place) => continueFrom(previous, apexes, { placed, place, found }));
    const configuration = {
      zones: new ZoneTable(apexes, continued),
      pools: pools.pools,
      monitors: pools.monitors,
    };
    const faults = sorted(allOf(found, others));
    if (rest.data.size === 0) {
      const starts = startsOf(files);
      const state = { files, starts, zones, apexes, pools, steering, found, faults, previous, configuration };
      this.#joined = { ...state, expectations: rest.expectations };
    }
    return { configuration, faults, ...rest };
  }

  #joinChanged(
    joined: Joined,
    files: readonly JoinedFile[],
    changed: readonly number[],
    previous: Configuration,
  ): LoadedDocuments {
    const { starts, apexes, found } = joined;
    const zones = joined.zones.slice();
    const places: number[] = [];
    let arePoolsSame = true;
    let areExpectationsSame = true;
    let steering = joined.steering;
    let own = found.own;
    let areOwnGood = true;
    for (const index of changed) {
      const [before, file] = [joined.files[index]!, files[index]!];
      arePoolsSame &&= !hasPools(before) && !hasPools(file);
      for (const [i, placed] of file.zones.entries()) {
        const [place, old] = [starts[index]! + i, before.zones[i]!.zone];
        zones[place] = placed;
        places.push(place);
        areExpectationsSame &&= old.expectations.length === 0 && placed.zone.expectations.length === 0;
        if (isSteeredAs(old, placed.zone)) continue;
        if (steering === joined.steering) steering = new Map(steering);
        countSteering(steering as Map<string, number>, old, -1);
        countSteering(steering as Map<string, number>, placed.zone, 1);
      }
      const faults = ownFaults(file);
      areOwnGood &&= !hasErrors(faults);
      if (faults.length === 0 && !own.has(index)) continue;
      if (own === found.own) own = new Map(own);
      if (faults.length === 0) (own as Map<number, readonly Fault[]>).delete(index);
      else (own as Map<number, readonly Fault[]>).set(index, faults);
    }
    const isChanged = new Set(places);
    const pools = arePoolsSame ? joined.pools : new JoinedPools(files.filter(hasPools), false);
    const others = new FaultList();
    const isShapeSame = pools === joined.pools || pools.graph.leadsAs(joined.pools.graph);
    const checked = isShapeSame ? places.map((place) => zones[place]!) : zones;
    const areSteeredKnown = checkSteeredNames(checked, pools.graph, others);
    const isUseSame = pools === joined.pools && steering === joined.steering;
    const isSure = !pools.hasUnknown && areSteeredKnown;
    const mended: Found = {
      own,
      pools: pools.faults,
      unused: isUseSame ? found.unused : isSure ? pools.unused(steering.keys()) : [],
      within:
        apexes.within.length === 0
          ? found.within
          : checkZonesWithin(zones, apexes, {
              known: found.within,
              isChanged: (place) => isChanged.has(place),
            }),
      stuck: NONE_STUCK,
    };
    const expectations = areExpectationsSame ? joined.expectations : expectationsOf(zones);
    const rest = { expectations, data: NO_DATA };
    if (!areOwnGood || others.hasErrors || hasErrors(pools.faults))
      return { configuration: undefined, faults: sorted(allOf(mended, others)), ...rest };
    const stuck = new Map<number, Fault>();
    // What was published goes by the serials that it has; what was not is still to be said.
    if (previous !== joined.configuration)
      for (const [place, fault] of found.stuck) if (!isChanged.has(place)) stuck.set(place, fault);
    const continued = joined.configuration.zones.values().slice();
    for (const place of places)
      continued[place] = continueFrom(previous, apexes, { placed: zones[place]!, place, found: { stuck } });
    const configuration: Configuration = {
      zones: new ZoneTable(apexes, continued),
      pools: pools.pools,
      monitors: pools.monitors,
    };
    const all = { ...mended, stuck: stuck.size === 0 ? NONE_STUCK : stuck };
    const faults = isSameFound(all, found) ? joined.faults : sorted(allOf(all, others));
    this.#joined = {
      ...{ files, starts, zones, apexes, pools, steering, expectations },
      ...{ found: all, faults, previous, configuration },
    };
    return { configuration, faults, ...rest };
  }
}

const NONE_STUCK: ReadonlyMap<number, Fault> = new Map();
const NO_DATA: ReadonlyMap<string, ZoneData> = new Map();

/** Of a zone that is defined twice the first counts. */
function withoutDoubles(
  files: readonly JoinedFile[],
  previous: Configuration | undefined,
  faults: FaultList,
): { zones: readonly PlacedZone[]; keys: readonly string[]; areDoubles: boolean } {
  const all = files.flatMap(({ zones }) => zones);
  const keys = all.map(({ zone }) => zone.key);
  if (previous?.zones.apexes.areThese(keys) === true) return { zones: all, keys, areDoubles: false };
  const zones = new Map<string, PlacedZone>();
  for (const placed of all) {
    const { key, apex } = placed.zone;
    const first = zones.get(key);
    if (first === undefined) {
      zones.set(key, placed);
      continue;
    }
    const message = `zone ${formatName(apex)} is defined twice, first as "${first.zone.id}" at ${placeOf(first).shown}; put both into one`;
    faults.error(placeOf(placed), "key", message);
  }
  return { zones: [...zones.values()], keys: [...zones.keys()], areDoubles: zones.size < all.length };
}

/** What a file says is wrong with it, but for zones that are not `kept`. */
function ownFaults({ documents, zones }: JoinedFile, kept?: ReadonlySet<PlacedZone>): readonly Fault[] {
  let faults: Fault[] = NO_FAULTS;
  const add = (more: readonly Fault[]) => {
    if (more.length > 0) faults = [...faults, ...more];
  };
  add(documents.faults);
  for (const monitor of documents.monitors) add(monitor.faults);
  for (const pool of documents.pools) add(pool.faults);
  for (const placed of zones) if (kept?.has(placed) !== false) add(placed.zone.faults);
  return faults;
}

const NO_FAULTS: Fault[] = [];

function hasPools({ documents }: JoinedFile): boolean {
  return documents.pools.length > 0 || documents.monitors.length > 0;
}

function isSteeredAs(a: FileZone, b: FileZone): boolean {
  return (
    a.steering.length === b.steering.length && a.steering.every(({ pool }, i) => pool === b.steering[i]!.pool)
  );
}

function countSteering(counts: Map<string, number>, { steering }: FileZone, by: 1 | -1): void {
  for (const { pool } of steering) {
    const count = (counts.get(pool) ?? 0) + by;
    if (count === 0) counts.delete(pool);
    else counts.set(pool, count);
  }
}

function startsOf(files: readonly JoinedFile[]): Int32Array {
  const starts = new Int32Array(files.length);
  let start = 0;
  for (const [index, { zones }] of files.entries()) {
    starts[index] = start;
    start += zones.length;
  }
  return starts;
}

function expectationsOf(zones: readonly PlacedZone[]): PlacedExpectation[] {
  const expectations: PlacedExpectation[] = [];
  for (const placed of zones) {
    for (const [index, expectation] of placed.zone.expectations.entries()) {
      const place = placeOf(placed).at("expect", index);
      expectations.push({ expectation, zone: placed.zone.apex, place });
    }
  }
  return expectations;
}

function dataOf(zones: readonly PlacedZone[]): ReadonlyMap<string, ZoneData> {
  const data = new Map<string, ZoneData>();
  for (const { zone } of zones) if (zone.data !== undefined) data.set(zone.key, zone.data);
  return data;
}

/** Only for a zone without errors. */
function continueFrom(
  previous: Configuration | undefined,
  apexes: Apexes,
  { placed, place, found }: { placed: PlacedZone; place: number; found: { stuck: Map<number, Fault> } },
): ZoneDocument {
  const zone = placed.zone.document!;
  const areSame = previous?.zones.apexes === apexes;
  const before = areSame ? previous?.zones.values()[place] : previous?.zones.get(placed.zone.key);
  if (before === undefined || before === zone) return zone;
  const next = continueZone(before, zone);
  if (next.isSerialStuck) {
    const message = `zone "${zone.id}" changed, but the serial of its own SOA did not grow; raise it, or leave the SOA out and let it be made`;
    const { source, path } = placeOf(placed).at("records", "@", "SOA");
    found.stuck.set(place, source.fault(path, "key", "warning", message));
  }
  return next.zone;
}

function allOf({ own, pools, unused, within, stuck }: Found, others: FaultList): Fault[] {
  return [...own.values()]
    .flat()
    .concat(pools, unused, [...within.values()], [...stuck.values()], others.sorted());
}

function isSameFound(a: Found, b: Found): boolean {
  const areWithinSame = a.within === b.within || (a.within.size === 0 && b.within.size === 0);
  return (
    a.own === b.own &&
    a.pools === b.pools &&
    a.unused === b.unused &&
    areWithinSame &&
    a.stuck.size + b.stuck.size === 0
  );
}

function sorted(faults: readonly Fault[]): readonly Fault[] {
  const list = new FaultList();
  list.add(faults);
  return list.sorted();
}
