/**
 * What the schema refused is left out, and the rest is looked at all the same, so that one slip
 * does not hide the next.
 *
 * @module
 */
import type { Written } from "./fault-list.ts";
import type { MonitorText, PoolText, ZoneText } from "./schema.ts";
import type { SchemaFault } from "./schema-faults.ts";
import type { Path } from "./source.ts";

/** What is left of documents without what the schema refused. */
export class BrokenParts {
  /** Paths below the document, by kind and id. */
  readonly #pathsOf = new Map<string, Path[]>();

  readonly #isFileWhole: boolean;

  /** `isFileWhole` is false when a part of the file is not in the value, so each document may lack something. */
  constructor(faults: readonly SchemaFault[], isFileWhole: boolean) {
    this.#isFileWhole = isFileWhole;
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
    if (paths === undefined) return { text: text as Text, isWhole: this.#isFileWhole, inner };
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
