/**
 * Documents: from texts to a checked configuration, or to all that is wrong with them.
 *
 *   each file ─► readFileDocuments() ─┐
 *                                     ├─► joinDocuments(): ids ─► pools ─► links ─► Configuration
 *   each file, as it was read before ─┘             └─ faults ─┴──────┘
 *
 * A document with a fault does not hide the faults of others: what the schema refuses is left
 * out, its name stays known, and nothing is said of what may only seem to be missing because of it.
 *
 * Joining walks all zones at every load, ten thousand maybe, so it touches each only in passing, and makes no map of
 * them while they are the same ones (zone-table.ts).
 *
 * @module
 */
import { type Fault, hasErrors } from "../lib/fault.ts";
import { formatName, type Name } from "../wire/name.ts";
import type { ZoneData } from "../zone/zone-data.ts";
import type { Configuration, MonitorDocument, PoolDocument } from "./configuration.ts";
import type { Expectation } from "./expectations.ts";
import { compareText, FaultList, Place, type Written } from "./fault-list.ts";
import { type FileDocuments, type FilePool, type ReadOptions, readFileDocuments } from "./file-documents.ts";
import { linkPoolMembers } from "./member-traits.ts";
import { PoolGraph } from "./pool-graph.ts";
import type { PoolText } from "./schema.ts";
import { unknownWord } from "./schema-faults.ts";
import { RereadSource, type SourceFile } from "./source.ts";
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

export interface ParseOptions extends ReadOptions {
  /** Zones that are as they were in it are its very objects, and made serials go on from there. */
  readonly previous?: Configuration | undefined;
}

/** All files as one configuration. */
export function parseDocuments(files: readonly SourceFile[], options: ParseOptions = {}): LoadedDocuments {
  const joined = files.map((file) =>
    joinedFile(readFileDocuments(file, options), new RereadSource(file.file, () => file.text)),
  );
  return joinDocuments(joined, options);
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

/** `unread` are the faults of files that are not among the others because they could not be read. */
export function joinDocuments(
  files: readonly JoinedFile[],
  { previous, unread = [] }: { previous?: Configuration | undefined; unread?: readonly Fault[] },
): LoadedDocuments {
  const join = new Join(unread);
  for (const file of [...files].sort((a, b) => compareText(a.documents.file, b.documents.file)))
    join.add(file);
  const loaded = join.finish(previous);
  for (const { source } of files) source.forget();
  return loaded;
}

/** An expectation, and where it is written; its place may be asked for as long as the file is as it was. */
export interface PlacedExpectation {
  readonly expectation: Expectation;
  /** Apex of the zone that it stands in. */
  readonly zone: Name;
  readonly place: Place;
}

/** A document and where it is written. */
interface Placed<Document> {
  readonly document: Document;
  readonly place: Place;
}

class Join {
  readonly #faults = new FaultList();
  readonly #monitors = new Map<string, Placed<MonitorDocument | undefined>>();
  readonly #pools = new Map<string, Placed<FilePool>>();
  #zones: PlacedZone[] = [];
  readonly #data = new Map<string, ZoneData>();
  readonly #expectations: PlacedExpectation[] = [];
  #isPartial: boolean;
  #isBlind: boolean;
  #hasUnknownMonitor = false;

  constructor(unread: readonly Fault[]) {
    this.#faults.add(unread);
    this.#isPartial = this.#isBlind = unread.length > 0;
  }

  add({ documents, source, zones }: JoinedFile): void {
    this.#faults.add(documents.faults);
    this.#isPartial ||= documents.isPartial;
    this.#isBlind ||= documents.isBlind;
    for (const { id, document, faults } of documents.monitors) {
      this.#faults.add(faults);
      this.#define("monitor", this.#monitors, id, { document, place: new Place(source, ["monitors", id]) });
    }
    for (const pool of documents.pools) {
      this.#faults.add(pool.faults);
      const placed = { document: pool, place: new Place(source, ["pools", pool.id]) };
      this.#define("pool", this.#pools, pool.id, placed);
    }
    this.#zones.push(...zones);
  }

  finish(previous: Configuration | undefined): LoadedDocuments {
    const apexes = this.#settleZones(previous);
    const pools = this.#linkPools();
    const written = new Map<string, Written<PoolText>>();
    for (const [id, { document, place }] of this.#pools)
      written.set(id, { id, place, text: document.text, isWhole: document.isWhole });
    const graph = new PoolGraph(written, pools, { faults: this.#faults, isBlind: this.#isBlind });
    checkSteeredNames(this.#zones, graph, this.#faults);
    checkZonesWithin(this.#zones, apexes, this.#faults);
    // A slip in a reference makes what it meant seem unused.
    if (!this.#isPartial && !this.#hasUnknownMonitor && !graph.hasUnknown) this.#warnOfUnused(graph);
    const zones = this.#faults.hasErrors ? undefined : this.#continueZones(apexes, previous);

    const faults = this.#faults.sorted();
    const rest = { faults, data: this.#data, expectations: this.#expectations };
    if (zones === undefined) return { configuration: undefined, ...rest };
    const monitors = new Map<string, MonitorDocument>();
    for (const [id, { document }] of this.#monitors) if (document !== undefined) monitors.set(id, document);
    return { configuration: { zones, pools, monitors }, ...rest };
  }

  #define<Document>(
    kind: string,
    known: Map<string, Placed<Document>>,
    id: string,
    placed: Placed<Document>,
  ): void {
    const first = known.get(id);
    if (first === undefined) known.set(id, placed);
    else {
      const message = `${kind} "${id}" is defined twice, first at ${first.place.shown}; keep one, or rename this one`;
      this.#faults.error(placed.place, "key", message);
    }
  }

  /** Of a zone that is defined twice the first counts. */
  #settleZones(previous: Configuration | undefined): Apexes {
    const keys = this.#zones.map(({ zone }) => zone.key);
    const known = previous?.zones.apexes;
    const areKnown = known?.areThese(keys) === true;
    if (!areKnown) this.#dropDoubles();
    for (const placed of this.#zones) {
      const { zone } = placed;
      this.#faults.add(zone.faults);
      if (zone.data !== undefined) this.#data.set(zone.key, zone.data);
      for (const [index, expectation] of zone.expectations.entries()) {
        const place = placeOf(placed).at("expect", index);
        this.#expectations.push({ expectation, zone: zone.apex, place });
      }
    }
    return areKnown ? known : new Apexes(this.#zones.map(({ zone }) => zone.key));
  }

  #dropDoubles(): void {
    const zones = new Map<string, PlacedZone>();
    for (const placed of this.#zones) {
      const { key, apex } = placed.zone;
      const first = zones.get(key);
      if (first === undefined) {
        zones.set(key, placed);
        continue;
      }
      const message = `zone ${formatName(apex)} is defined twice, first as "${first.zone.id}" at ${placeOf(first).shown}; put both into one`;
      this.#faults.error(placeOf(placed), "key", message);
    }
    this.#zones = [...zones.values()];
  }

  /** Those that compiled, with their monitors looked up. */
  #linkPools(): Map<string, PoolDocument> {
    const pools = new Map<string, PoolDocument>();
    for (const [id, { document, place }] of this.#pools) {
      if (document.document === undefined) continue;
      pools.set(id, document.document);
      const { monitor } = document.document;
      if (monitor === undefined || this.#monitors.has(monitor) || this.#isBlind) continue;
      const known = [...this.#monitors.keys()];
      const message =
        known.length > 0
          ? unknownWord("monitor", monitor, known)
          : `unknown monitor "${monitor}"; no monitor is defined, so add it under monitors`;
      this.#faults.error(place.at("monitor"), "value", message);
      this.#hasUnknownMonitor = true;
    }
    return linkPoolMembers(pools, this.#faults, (id) => {
      const { document, place } = this.#pools.get(id)!;
      return { place, isWhole: document.isWhole && !hasErrors(document.faults) };
    });
  }

  #warnOfUnused(graph: PoolGraph): void {
    const steering = new Set<string>();
    for (const { zone } of this.#zones) for (const { pool } of zone.steering) steering.add(pool);
    const used = graph.reachable(steering);
    for (const [id, { place }] of this.#pools) {
      if (used.has(id)) continue;
      this.#faults.warning(
        place,
        "key",
        `pool "${id}" is not used: no name leads to it; steer a name by it, or take it out`,
      );
    }
    const monitors = new Set([...this.#pools.values()].map(({ document }) => document.text?.monitor));
    for (const [id, { place }] of this.#monitors) {
      if (monitors.has(id)) continue;
      this.#faults.warning(
        place,
        "key",
        `monitor "${id}" is not used: no pool names it; name it in a pool, or take it out`,
      );
    }
  }

  /** Only for zones without errors. */
  #continueZones(apexes: Apexes, previous: Configuration | undefined): ZoneTable {
    const known = previous?.zones.apexes === apexes ? previous.zones.values() : undefined;
    const continued = this.#zones.map((placed, place) => {
      const zone = placed.zone.document!;
      const before = known === undefined ? previous?.zones.get(placed.zone.key) : known[place];
      if (before === undefined || before === zone) return zone;
      const next = continueZone(before, zone);
      if (next.isSerialStuck) {
        const message = `zone "${zone.id}" changed, but the serial of its own SOA did not grow; raise it, or leave the SOA out and let it be made`;
        this.#faults.warning(placeOf(placed).at("records", "@", "SOA"), "key", message);
      }
      return next.zone;
    });
    return new ZoneTable(apexes, continued);
  }
}
