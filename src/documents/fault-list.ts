/**
 * The faults of one load, and the places they are at.
 *
 * @module
 */
import { type Fault, hasErrors } from "../lib/fault.ts";
import type { Locator, Part, Path } from "./source.ts";

/** A place in a file, by the path that leads to it. */
export class Place {
  readonly source: Locator;
  readonly path: Path;

  constructor(source: Locator, path: Path) {
    this.source = source;
    this.path = path;
  }

  at(...path: Path): Place {
    return new Place(this.source, [...this.path, ...path]);
  }

  /** `zones/a.yaml:12:3`, for messages about a second place. */
  get shown(): string {
    const { line, column } = this.source.locate(this.path, "key");
    return `${this.source.file}:${line}:${column}`;
  }
}

export class FaultList {
  readonly #faults: Fault[] = [];

  get hasErrors(): boolean {
    return hasErrors(this.#faults);
  }

  error(place: Place, part: Part, message: string): void {
    this.#faults.push(place.source.fault(place.path, part, "error", message));
  }

  warning(place: Place, part: Part, message: string): void {
    this.#faults.push(place.source.fault(place.path, part, "warning", message));
  }

  add(faults: Iterable<Fault>): void {
    for (const fault of faults) this.#faults.push(fault);
  }

  /** In the order of the files, from top to bottom. */
  sorted(): Fault[] {
    return this.#faults.sort(compareFaults);
  }
}

function compareFaults(a: Fault, b: Fault): number {
  return (
    compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.message, b.message)
  );
}

/** By code units, so that the order is the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A document as a file has it, without what the schema refused, and where. */
export interface Written<Text> {
  readonly id: string;
  readonly place: Place;
  /** Undefined when nothing of use is left: then it is known by name only. */
  readonly text: Text | undefined;
  /** Nothing was refused. */
  readonly isWhole: boolean;
}
