/**
 * Documents: from texts to a checked configuration, or to all that is wrong with them.
 *
 *   texts ─► Source ─► schema ─► by kind and id ─► monitors, pools, zones ─► links ─► Configuration
 *              │         │             │                     │                 │
 *              └─ faults ┴─────────────┴─────────────────────┴─────────────────┘
 *
 * A document with a fault does not hide the faults of others: what the schema refuses is left
 * out, its name stays known, and nothing is said of what may only seem to be missing because of it.
 *
 * @module
 */
import type { Fault } from "../lib/fault.ts";
import { formatName, nameKey } from "../wire/name.ts";
import type { Configuration, MonitorDocument, PoolDocument, ZoneDocument } from "./configuration.ts";
import { compareText, FaultList, Place, type Written } from "./fault-list.ts";
import { compileMonitor } from "./monitors.ts";
import { PoolGraph } from "./pool-graph.ts";
import { compilePool } from "./pools.ts";
import { Documents, type MonitorText, type PoolText, type ZoneText } from "./schema.ts";
import { SchemaChecker, type SchemaFault, unknownWord } from "./schema-faults.ts";
import { type Path, Source, type SourceFile } from "./source.ts";
import { continueZone } from "./zone-change.ts";
import { checkSteeredNames, checkZonesWithin, type PlacedZone } from "./zone-links.ts";
import { compileZone, parseApex } from "./zones.ts";

export interface LoadedDocuments {
  /** Undefined when there is an error among the faults. */
  readonly configuration: Configuration | undefined;
  /** Errors and warnings, by file, line and column. */
  readonly faults: readonly Fault[];
}

/**
 * All files as one configuration. Zones that are as they were in `previous` are its very objects, and
 * made serials go on from there. `unread` are the faults of files that are not among them because they could
 * not be read.
 */
export function parseDocuments(
  files: readonly SourceFile[],
  previous?: Configuration,
  unread: readonly Fault[] = [],
): LoadedDocuments {
  const loader = new Loader(unread);
  for (const file of [...files].sort((a, b) => compareText(a.file, b.file))) loader.read(file);
  return loader.finish(previous);
}

/** Compiling the schema takes some milliseconds, once. */
let checker: SchemaChecker | undefined;

type Kind = "monitors" | "pools" | "zones";

class Loader {
  readonly #faults = new FaultList();
  readonly #monitors = new Map<string, Written<MonitorText>>();
  readonly #pools = new Map<string, Written<PoolText>>();
  readonly #zones: Written<ZoneText>[] = [];
  /** Some documents are left out, so what seems unused may only seem so. */
  #isPartial: boolean;
  /** Even the names of some documents are not known, so what seems unknown may only seem so. */
  #isBlind: boolean;
  #hasUnknownMonitor = false;

  constructor(unread: readonly Fault[]) {
    this.#faults.add(unread);
    this.#isPartial = this.#isBlind = unread.length > 0;
  }

  read(file: SourceFile): void {
    const source = new Source(file);
    this.#faults.add(source.faults);
    const { value } = source;
    if (value === undefined) this.#isPartial = this.#isBlind = true;
    if (value === undefined || value === null) return;
    checker ??= new SchemaChecker(Documents);
    const faults = checker.faults(value);
    if (faults.length > 0) this.#isPartial = true;
    for (const { path, part, message } of faults) {
      if (path.length < 2) this.#isBlind = true;
      this.#faults.add([source.fault(path, part, "error", message)]);
    }

    const broken = new BrokenParts(faults);
    for (const [id, text] of documentsOf(value, "monitors")) {
      const place = new Place(source, ["monitors", id]);
      this.#define("monitor", this.#monitors, { id, place, ...broken.monitor(id, text) });
    }
    for (const [id, text] of documentsOf(value, "pools")) {
      const place = new Place(source, ["pools", id]);
      this.#define("pool", this.#pools, { id, place, ...broken.pool(id, text) });
    }
    for (const [id, text] of documentsOf(value, "zones")) {
      const place = new Place(source, ["zones", id]);
      this.#zones.push({ id, place, ...broken.zone(id, text) });
    }
  }

  finish(previous: Configuration | undefined): LoadedDocuments {
    const monitors = this.#compileMonitors();
    const pools = this.#compilePools();
    const graph = new PoolGraph(this.#pools, pools, { faults: this.#faults, isBlind: this.#isBlind });
    const zones = this.#compileZones();
    checkSteeredNames(zones.values(), graph, this.#faults);
    checkZonesWithin(zones, this.#faults);
    // A slip in a reference makes what it meant seem unused.
    if (!this.#isPartial && !this.#hasUnknownMonitor && !graph.hasUnknown) this.#warnOfUnused(graph, zones);
    const continued = this.#continueZones(zones, previous);

    const faults = this.#faults.sorted();
    return {
      configuration: this.#faults.hasErrors ? undefined : { zones: continued, pools, monitors },
      faults,
    };
  }

  #define<Text>(kind: string, known: Map<string, Written<Text>>, document: Written<Text>): void {
    const first = known.get(document.id);
    if (first === undefined) known.set(document.id, document);
    else {
      const message = `${kind} "${document.id}" is defined twice, first at ${first.place.shown}; keep one, or rename this one`;
      this.#faults.error(document.place, "key", message);
    }
  }

  #compileMonitors(): Map<string, MonitorDocument> {
    const monitors = new Map<string, MonitorDocument>();
    for (const { id, place, text } of this.#monitors.values()) {
      if (text !== undefined) monitors.set(id, compileMonitor(id, text, place, this.#faults));
    }
    return monitors;
  }

  #compilePools(): Map<string, PoolDocument> {
    const pools = new Map<string, PoolDocument>();
    for (const { id, place, text, isWhole } of this.#pools.values()) {
      if (text === undefined) continue;
      pools.set(id, compilePool(id, text, { place, faults: this.#faults, isWhole }));
      if (text.monitor === undefined || this.#monitors.has(text.monitor) || this.#isBlind) continue;
      const known = [...this.#monitors.keys()];
      const message =
        known.length > 0
          ? unknownWord("monitor", text.monitor, known)
          : `unknown monitor "${text.monitor}"; no monitor is defined, so add it under monitors`;
      this.#faults.error(place.at("monitor"), "value", message);
      this.#hasUnknownMonitor = true;
    }
    return pools;
  }

  #compileZones(): Map<string, PlacedZone> {
    const zones = new Map<string, PlacedZone>();
    const firstByKey = new Map<string, Written<ZoneText>>();
    for (const written of this.#zones) {
      const { id, place, text, isWhole } = written;
      const apex = parseApex(id, place, this.#faults);
      if (apex === undefined) continue;
      const key = nameKey(apex);
      const first = firstByKey.get(key);
      if (first !== undefined) {
        const message = `zone ${formatName(apex)} is defined twice, first as "${first.id}" at ${first.place.shown}; put both into one`;
        this.#faults.error(place, "key", message);
        continue;
      }
      firstByKey.set(key, written);
      if (text === undefined) continue;
      zones.set(key, {
        zone: compileZone(id, apex, text, { place, faults: this.#faults, isWhole }),
        place,
        text,
      });
    }
    return zones;
  }

  #warnOfUnused(graph: PoolGraph, zones: ReadonlyMap<string, PlacedZone>): void {
    const steering = new Set<string>();
    for (const { zone } of zones.values()) for (const { pool } of zone.steered) steering.add(pool);
    const used = graph.reachable(steering);
    for (const { id, place } of this.#pools.values()) {
      if (used.has(id)) continue;
      this.#faults.warning(
        place,
        "key",
        `pool "${id}" is not used: no name leads to it; steer a name by it, or take it out`,
      );
    }
    const monitors = new Set([...this.#pools.values()].map(({ text }) => text?.monitor));
    for (const { id, place } of this.#monitors.values()) {
      if (monitors.has(id)) continue;
      this.#faults.warning(
        place,
        "key",
        `monitor "${id}" is not used: no pool names it; name it in a pool, or take it out`,
      );
    }
  }

  #continueZones(
    zones: ReadonlyMap<string, PlacedZone>,
    previous: Configuration | undefined,
  ): Map<string, ZoneDocument> {
    const continued = new Map<string, ZoneDocument>();
    const { hasErrors } = this.#faults;
    for (const [key, { zone, place }] of zones) {
      const before = previous?.zones.get(key);
      // A zone without a SOA at its apex has an error already.
      if (before === undefined || hasErrors) continued.set(key, zone);
      else {
        const next = continueZone(before, zone);
        continued.set(key, next.zone);
        if (!next.isSerialStuck) continue;
        const message = `zone "${zone.id}" changed, but the serial of its own SOA did not grow; raise it, or leave the SOA out and let it be made`;
        this.#faults.warning(place.at("records", "@", "SOA"), "key", message);
      }
    }
    return continued;
  }
}

/** What is left of documents without what the schema refused. */
class BrokenParts {
  /** Paths below the document, by kind and id. */
  readonly #pathsOf = new Map<string, Path[]>();

  constructor(faults: readonly SchemaFault[]) {
    for (const { path } of faults) {
      const [kind, id, ...rest] = path;
      const document = `${kind}/${id}`;
      const paths = this.#pathsOf.get(document);
      if (paths === undefined) this.#pathsOf.set(document, [rest]);
      else paths.push(rest);
    }
  }

  monitor(id: string, text: unknown): Part<MonitorText> {
    const isWhole = !this.#pathsOf.has(`monitors/${id}`);
    return { text: isWhole ? (text as MonitorText) : undefined, isWhole };
  }

  /** A member that was refused leaves a hole, so that the others keep their places. */
  pool(id: string, text: unknown): Part<PoolText> {
    const { text: rest, isWhole, inner } = this.#without<PoolText>(`pools/${id}`, "members", text);
    if (rest === undefined || inner.size === 0) return { text: rest, isWhole };
    const members = rest.members.map((member, index) => (inner.has(index) ? null : member));
    return { text: { ...rest, members }, isWhole };
  }

  zone(id: string, text: unknown): Part<ZoneText> {
    const { text: rest, isWhole, inner } = this.#without<ZoneText>(`zones/${id}`, "records", text);
    if (rest === undefined || inner.size === 0) return { text: rest, isWhole };
    const records = Object.fromEntries(Object.entries(rest.records).filter(([owner]) => !inner.has(owner)));
    return { text: { ...rest, records }, isWhole };
  }

  /** Without the refused keys; of the key that must be there, `inner` says which parts were refused. */
  #without<Text extends object>(
    document: string,
    needed: string,
    text: unknown,
  ): Part<Text> & { inner: Set<string | number> } {
    const inner = new Set<string | number>();
    const paths = this.#pathsOf.get(document);
    if (paths === undefined) return { text: text as Text, isWhole: true, inner };
    const refused = new Set<string | number>();
    for (const [key, part] of paths) {
      if (key === undefined || (key === needed && part === undefined))
        return { text: undefined, isWhole: false, inner };
      if (key === needed) inner.add(part!);
      else refused.add(key);
    }
    const rest = Object.fromEntries(Object.entries(text as Text).filter(([key]) => !refused.has(key)));
    return { text: rest as Text, isWhole: false, inner };
  }
}

type Part<Text> = Pick<Written<Text>, "text" | "isWhole">;

/** The documents of one kind; none when the schema refused the whole. */
function documentsOf(value: unknown, kind: Kind): [string, unknown][] {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, kind)) return [];
  const documents = (value as Record<string, unknown>)[kind];
  return typeof documents === "object" && documents !== null && !Array.isArray(documents)
    ? Object.entries(documents)
    : [];
}
