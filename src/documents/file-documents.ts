/**
 * One file of documents: all that it says, and all that is wrong with it by itself.
 *
 *   text ─► Source ─► schema ─► monitors, pools ─► compiled
 *                            └► zones ─► data ─► checked ─► image, digest, summary; the data is let go
 *
 * Nothing here knows of other files, so what came of a file holds until the file changes, and files can be read
 * in another thread: FileDocuments is plain data, but for images, which file-transfer.ts sees to.
 *
 * @module
 */
import { type Fault, hasErrors } from "../lib/fault.ts";
import { type Name, nameKey } from "../wire/name.ts";
import type { ZoneData } from "../zone/zone-data.ts";
import { BrokenParts } from "./broken-parts.ts";
import type { MonitorDocument, PoolDocument, ZoneDocument } from "./configuration.ts";
import { compileExpectations, type Expectation } from "./expectations.ts";
import { FaultList, Place } from "./fault-list.ts";
import { ENTRY_LINE, entriesOf, entryText } from "./file-entries.ts";
import { compileMonitor } from "./monitors.ts";
import { compilePool } from "./pools.ts";
import { readQuickYaml } from "./quick-yaml.ts";
import { Documents, type PoolText } from "./schema.ts";
import { SchemaChecker } from "./schema-faults.ts";
import { Source, type SourceFile } from "./source.ts";
import { makeZoneDocument } from "./zone-document.ts";
import { parseApex, readZone, type Steering } from "./zones.ts";

export interface FileDocuments {
  readonly file: string;
  /** Of the file as a whole, and of its form. Those of a document are with the document. */
  readonly faults: readonly Fault[];
  /** No part of the text stands for something elsewhere in it. */
  readonly isPlain: boolean;
  /** Some documents are left out, so what seems unused may only seem so. */
  readonly isPartial: boolean;
  /** Even the names of some documents are not known, so what seems unknown may only seem so. */
  readonly isBlind: boolean;
  readonly monitors: readonly FileMonitor[];
  readonly pools: readonly FilePool[];
  readonly zones: readonly FileZone[];
}

export interface FileMonitor {
  readonly id: string;
  /** Undefined when nothing of use is left; then it is known by name only. */
  readonly document: MonitorDocument | undefined;
  readonly faults: readonly Fault[];
}

export interface FilePool {
  readonly id: string;
  /** What the schema left of it; undefined when that is nothing of use. */
  readonly text: PoolText | undefined;
  /** The schema refused nothing. */
  readonly isWhole: boolean;
  readonly document: PoolDocument | undefined;
  readonly faults: readonly Fault[];
}

export interface FileZone {
  readonly id: string;
  /** nameKey() of the apex. */
  readonly key: string;
  readonly apex: Name;
  /** Undefined when the zone has an error. */
  readonly document: ZoneDocument | undefined;
  readonly steering: readonly Steering[];
  /** Those without a fault. */
  readonly expectations: readonly Expectation[];
  readonly faults: readonly Fault[];
  /** Only where it was asked for; of zones without an error. */
  readonly data?: ZoneData;
}

export interface ReadOptions {
  /** Zones whose records are to be kept. They are large; without this, none are. */
  readonly keepData?: (key: string) => boolean;
  /** The file as it was read before: what stands there as it stood is not read again. */
  readonly before?: ReadText | undefined;
}

/** A text, and what came of it. */
export interface ReadText {
  readonly text: string;
  readonly documents: FileDocuments;
}

type Kind = "monitors" | "pools" | "zones";

const EMPTY = "the file is empty; write zones, pools or monitors into it, or delete it";

/** Compiling the schema takes some milliseconds, once. */
let checker: SchemaChecker | undefined;

export function readFileDocuments(file: SourceFile, { before, ...options }: ReadOptions = {}): FileDocuments {
  const reread = before && readChanged(file, before, options);
  if (reread !== undefined) return reread;
  const source = new Source(file);
  const faults = new FaultList();
  faults.add(source.faults);
  const { value } = source;
  if (value === undefined || value === null) {
    // A shell that redirects into a file empties it first: that must not take a live zone off the air.
    if (value === null) faults.add([source.fault([], "value", "error", EMPTY)]);
    return {
      file: file.file,
      faults: kept(faults.sorted()),
      isPlain: source.isPlain,
      isPartial: true,
      isBlind: true,
      monitors: [],
      pools: [],
      zones: [],
    };
  }
  checker ??= new SchemaChecker(Documents);
  const refused = checker.faults(value);
  for (const { path, part, message } of refused) faults.add([source.fault(path, part, "error", message)]);
  const broken = new BrokenParts(refused, source.faults.length === 0);
  return {
    file: file.file,
    isPlain: source.isPlain,
    isPartial: refused.length > 0 || source.faults.length > 0,
    isBlind: source.faults.length > 0 || refused.some(({ path }) => path.length < 2),
    monitors: documentsOf(value, "monitors").map(([id, text]) => readMonitor(id, text, source, broken)),
    pools: documentsOf(value, "pools").map(([id, text]) => readPool(id, text, source, broken)),
    zones: documentsOf(value, "zones").flatMap(([id, text]) => {
      const place = new Place(source, ["zones", id]);
      const apex = parseApex(id, place, faults);
      if (apex === undefined) return [];
      return [readFileZone(id, apex, text, { place, broken, modifiedMs: file.modifiedMs, ...options })];
    }),
    faults: kept(faults.sorted()),
  };
}

/** Undefined where the texts have no entries that can be taken by themselves. */
function readChanged(
  file: SourceFile,
  { text: oldText, documents: old }: ReadText,
  options: ReadOptions,
): FileDocuments | undefined {
  const { text } = file;
  const [before, after] = [entriesOf(oldText), entriesOf(text)];
  if (before === undefined || after === undefined) return undefined;
  if (!old.isPlain || old.isPartial || old.faults.length > 0) return undefined;
  const known = {
    monitors: new Map(old.monitors.map((each) => [each.id, each])),
    pools: new Map(old.pools.map((each) => [each.id, each])),
    zones: new Map(old.zones.map((each) => [each.id, each])),
  };
  const faults: Fault[] = [];
  const flags = { isPartial: false, isBlind: false };
  const read: { monitors: FileMonitor[]; pools: FilePool[]; zones: FileZone[] } = {
    monitors: [],
    pools: [],
    zones: [],
  };
  for (const [key, entry] of after) {
    const was = before.get(key);
    const of = known[entry.kind].get(entry.id);
    const isSame =
      was !== undefined &&
      of !== undefined &&
      (was.line === entry.line || of.faults.length === 0) &&
      oldText.slice(was.start, was.end) === text.slice(entry.start, entry.end);
    if (isSame) {
      (read[entry.kind] as unknown[]).push(of);
      continue;
    }
    const own = entryText(text, entry);
    const quick = readQuickYaml(own);
    if (quick === undefined) return undefined;
    const linesAbove = entry.line - ENTRY_LINE;
    const part = readFileDocuments({ ...file, text: own, value: quick.value, linesAbove }, options);
    faults.push(...part.faults);
    flags.isPartial ||= part.isPartial;
    flags.isBlind ||= part.isBlind;
    read.monitors.push(...part.monitors);
    read.pools.push(...part.pools);
    read.zones.push(...part.zones);
  }
  return { file: file.file, faults, isPlain: true, ...flags, ...read };
}

function readMonitor(id: string, text: unknown, source: Source, broken: BrokenParts): FileMonitor {
  const rest = broken.monitor(id, text).text;
  const faults = new FaultList();
  const place = new Place(source, ["monitors", id]);
  const document = rest && compileMonitor(id, kept(rest), place, faults);
  return { id, document, faults: kept(faults.sorted()) };
}

function readPool(id: string, text: unknown, source: Source, broken: BrokenParts): FilePool {
  const { text: rest, isWhole } = broken.pool(id, text);
  if (rest === undefined) return { id, text: undefined, isWhole, document: undefined, faults: [] };
  const faults = new FaultList();
  const own = kept(rest);
  const document = compilePool(id, own, { place: new Place(source, ["pools", id]), faults, isWhole });
  return { id, text: own, isWhole, document, faults: kept(faults.sorted()) };
}

function readFileZone(
  id: string,
  apex: Name,
  text: unknown,
  {
    place,
    broken,
    modifiedMs,
    keepData,
  }: ReadOptions & { place: Place; broken: BrokenParts; modifiedMs: number },
): FileZone {
  const key = nameKey(apex);
  const { text: rest, isWhole } = broken.zone(id, text);
  if (rest === undefined)
    return { id, key, apex, document: undefined, steering: [], expectations: [], faults: [] };
  const list = new FaultList();
  const { data, soa, steering } = readZone(apex, rest, { place, faults: list, isWhole, modifiedMs });
  const expectations = kept(compileExpectations(apex, rest.expect ?? [], place.at("expect"), list));
  const faults = kept(list.sorted());
  const summary = { id, key, apex, steering, expectations, faults };
  if (!isWhole || hasErrors(faults)) return { ...summary, document: undefined };
  const document = makeZoneDocument(id, data, soa);
  const records = keepData?.(key) === true ? { data } : {};
  return { ...summary, document, ...records };
}

/**
 * A copy whose texts are its own. A text that was cut out of a file holds the whole file in memory (V8 keeps
 * slices as such), and what a file says is kept for long.
 */
function kept<Value>(value: Value): Value {
  return structuredClone(value);
}

/** The documents of one kind; none when the schema refused the whole. */
function documentsOf(value: unknown, kind: Kind): [string, unknown][] {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, kind)) return [];
  const documents = (value as Record<string, unknown>)[kind];
  return typeof documents === "object" && documents !== null && !Array.isArray(documents)
    ? Object.entries(documents)
    : [];
}
