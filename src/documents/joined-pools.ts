/**
 * The monitors and pools of all files together: each defined once, each reference leading somewhere, and what is wrong with them.
 *
 * It depends on the files that define some alone, so it stays as it is while only zones change. Never changed.
 *
 * @module
 */
import { type Fault, hasErrors } from "../lib/fault.ts";
import type { MonitorDocument, PoolDocument } from "./configuration.ts";
import { FaultList, Place, type Written } from "./fault-list.ts";
import type { FileDocuments, FilePool } from "./file-documents.ts";
import { linkPoolMembers } from "./member-traits.ts";
import { PoolGraph } from "./pool-graph.ts";
import type { PoolText } from "./schema.ts";
import { unknownWord } from "./schema-faults.ts";
import type { Locator } from "./source.ts";

/** A document and where it is written. */
interface Placed<Document> {
  readonly document: Document;
  readonly place: Place;
}

/** A file as far as its pools and monitors go. */
interface PoolFile {
  readonly documents: Pick<FileDocuments, "monitors" | "pools">;
  readonly source: Locator;
}

export class JoinedPools {
  /** Those that compiled, with what members take over from their pools. */
  readonly pools: ReadonlyMap<string, PoolDocument>;
  readonly monitors: ReadonlyMap<string, MonitorDocument>;
  readonly graph: PoolGraph;
  readonly faults: readonly Fault[];
  /** A reference to nothing was reported, so that what it meant seems unused. */
  readonly hasUnknown: boolean;
  readonly #placedMonitors = new Map<string, Placed<MonitorDocument | undefined>>();
  readonly #placedPools = new Map<string, Placed<FilePool>>();

  /** `isBlind`: there are more documents, in files that could not be read, so none is called unknown. */
  constructor(files: Iterable<PoolFile>, isBlind: boolean) {
    const faults = new FaultList();
    for (const { documents, source } of files) {
      for (const { id, document } of documents.monitors) {
        const placed = { document, place: new Place(source, ["monitors", id]) };
        define("monitor", this.#placedMonitors, { id, placed, faults });
      }
      for (const pool of documents.pools) {
        const placed = { document: pool, place: new Place(source, ["pools", pool.id]) };
        define("pool", this.#placedPools, { id: pool.id, placed, faults });
      }
    }
    const monitors = new Map<string, MonitorDocument>();
    for (const [id, { document }] of this.#placedMonitors)
      if (document !== undefined) monitors.set(id, document);
    const linked = this.#link(faults, isBlind);
    const written = new Map<string, Written<PoolText>>();
    for (const [id, { document, place }] of this.#placedPools)
      written.set(id, { id, place, text: document.text, isWhole: document.isWhole });
    this.graph = new PoolGraph(written, linked.pools, { faults, isBlind });
    this.pools = linked.pools;
    this.monitors = monitors;
    this.hasUnknown = linked.hasUnknownMonitor || this.graph.hasUnknown;
    this.faults = faults.sorted();
  }

  /** Warnings of what no name leads to; `steering` are the ids that names are steered by. */
  unused(steering: Iterable<string>): readonly Fault[] {
    const faults = new FaultList();
    const used = this.graph.reachable(steering);
    for (const [id, { place }] of this.#placedPools) {
      if (used.has(id)) continue;
      const message = `pool "${id}" is not used: no name leads to it; steer a name by it, or take it out`;
      faults.warning(place, "key", message);
    }
    const monitors = new Set([...this.#placedPools.values()].map(({ document }) => document.text?.monitor));
    for (const [id, { place }] of this.#placedMonitors) {
      if (monitors.has(id)) continue;
      const message = `monitor "${id}" is not used: no pool names it; name it in a pool, or take it out`;
      faults.warning(place, "key", message);
    }
    return faults.sorted();
  }

  /** Those that compiled, with their monitors looked up. */
  #link(faults: FaultList, isBlind: boolean) {
    const pools = new Map<string, PoolDocument>();
    let hasUnknownMonitor = false;
    for (const [id, { document, place }] of this.#placedPools) {
      if (document.document === undefined) continue;
      pools.set(id, document.document);
      const { monitor } = document.document;
      if (monitor === undefined || this.#placedMonitors.has(monitor) || isBlind) continue;
      const known = [...this.#placedMonitors.keys()];
      const message =
        known.length > 0
          ? unknownWord("monitor", monitor, known)
          : `unknown monitor "${monitor}"; no monitor is defined, so add it under monitors`;
      faults.error(place.at("monitor"), "value", message);
      hasUnknownMonitor = true;
    }
    const linked = linkPoolMembers(pools, faults, (id) => {
      const { document, place } = this.#placedPools.get(id)!;
      return { place, isWhole: document.isWhole && !hasErrors(document.faults) };
    });
    return { pools: linked, hasUnknownMonitor };
  }
}

function define<Document>(
  kind: string,
  known: Map<string, Placed<Document>>,
  { id, placed, faults }: { id: string; placed: Placed<Document>; faults: FaultList },
): void {
  const first = known.get(id);
  if (first === undefined) known.set(id, placed);
  else {
    const message = `${kind} "${id}" is defined twice, first at ${first.place.shown}; keep one, or rename this one`;
    faults.error(placed.place, "key", message);
  }
}
