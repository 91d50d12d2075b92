/**
 * The records of a zone's document, by name and type whatever way they are spelled there: `www`, `WWW` and
 * `www.example.com.` are one owner, `TYPE1` and `A` one type.
 *
 * @module
 */
import { listOf, type RRsetText, type TtlText, type ZoneText } from "../documents/schema.ts";
import { PresentationError } from "../lib/errors.ts";
import type { DocumentBody } from "../store/change.ts";
import { formatName, formatRelativeName, isAtOrBelow, type Name, nameKey, parseName } from "../wire/name.ts";
import { parseType, typeMnemonic } from "../wire/rr-type.ts";

/** What stands at an owner. */
export type Entry = Readonly<Record<string, unknown>>;

/** An RRset as the API gives it: with its TTL, and data as a list. */
export interface ShownRRset {
  readonly ttl: TtlText;
  readonly data: readonly string[];
}

/** What a client sends; without a TTL it is that of the name or the zone. */
export interface SentRRset {
  readonly ttl?: TtlText;
  readonly data: string | readonly string[];
}

const TTL = 300;

/** The owner that a text means in this zone, or what is wrong with it. */
export function parseOwner(text: string, apex: Name): Name | { readonly fault: string } {
  try {
    const name = parseName(text, apex);
    if (isAtOrBelow(name, apex)) return name;
    return {
      fault: `${formatName(name)} is not in zone ${formatName(apex)}; drop the final dot, or edit its own zone`,
    };
  } catch (error) {
    if (error instanceof PresentationError) return { fault: error.message };
    throw error;
  }
}

/** Records of one zone, being changed: a copy of the outermost map alone. */
export class Records {
  readonly #apex: Name;
  readonly #body: DocumentBody;
  readonly #entries: Map<string, Entry>;
  /** Made when a name is not found as it is spelled most often. */
  #keys: Map<string, string> | undefined;

  constructor(apex: Name, body: DocumentBody) {
    this.#apex = apex;
    this.#body = body;
    this.#entries = new Map(Object.entries(body.records as ZoneText["records"]) as [string, Entry][]);
  }

  /** The document with these records. */
  get body(): DocumentBody {
    // As entries: an owner may be called __proto__.
    return { ...this.#body, records: Object.fromEntries(this.#entries) };
  }

  get owners(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** As the document spells it, or would. */
  keyOf(owner: Name): string {
    const usual = formatRelativeName(owner, this.#apex).toLowerCase();
    if (this.#entries.has(usual)) return usual;
    this.#keys ??= new Map(
      [...this.#entries.keys()].map((key) => [nameKey(parseName(key, this.#apex)), key]),
    );
    return this.#keys.get(nameKey(owner)) ?? usual;
  }

  /** By its spelling in the document. */
  at(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  entry(owner: Name): Entry | undefined {
    return this.#entries.get(this.keyOf(owner));
  }

  /** Null takes it away. */
  setEntry(owner: Name, entry: Entry | null): void {
    const key = this.keyOf(owner);
    if (entry === null) this.#entries.delete(key);
    else this.#entries.set(key, entry);
    this.#keys = undefined;
  }

  /** The key of a type at an owner, as the document spells it, or would. */
  typeKeyOf(owner: Name, type: number): string {
    const keys = Object.keys(this.entry(owner) ?? {});
    return (
      keys.find((key) => key !== "ttl" && key !== "pool" && parseType(key) === type) ?? typeMnemonic(type)
    );
  }

  rrset(owner: Name, type: number): ShownRRset | undefined {
    const entry = this.entry(owner);
    const written = entry?.[this.typeKeyOf(owner, type)] as RRsetText | undefined;
    if (entry === undefined || written === undefined) return undefined;
    const isMap = typeof written === "object" && !Array.isArray(written);
    const { ttl, data } = isMap
      ? (written as SentRRset)
      : { ttl: undefined, data: written as string | string[] };
    const ttlOf = ttl ?? (entry.ttl as TtlText | undefined) ?? (this.#body.ttl as TtlText | undefined) ?? TTL;
    return { ttl: ttlOf, data: listOf(data) };
  }

  /** Null takes it away, and the owner with it when nothing else stands there. */
  setRRset(owner: Name, type: number, rrset: SentRRset | null): void {
    const key = this.typeKeyOf(owner, type);
    const { [key]: _, ...rest } = this.entry(owner) ?? {};
    if (rrset === null) {
      const isEmpty = Object.keys(rest).every((each) => each === "ttl");
      this.setEntry(owner, isEmpty ? null : rest);
      return;
    }
    const list = listOf(rrset.data as string | string[]);
    const data = list.length === 1 ? list[0]! : list;
    this.setEntry(owner, {
      ...this.entry(owner),
      [key]: rrset.ttl === undefined ? data : { ttl: rrset.ttl, data },
    });
  }
}
