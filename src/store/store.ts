/**
 * What a store is: where documents are kept, and where each accepted change of them becomes one generation.
 *
 *   list() ─► names and stamps of sources ─► DocumentReader ─► configuration
 *   edits ─► draft(): the sources as they would be ─► validated ─► commit() ─► next generation
 *
 * A source is what is read as a whole: a file of a folder, or one document of Redis. The stores differ in where sources
 * are and how a change gets there; whether a change is good, and who may make it, is others' business.
 *
 * @module
 */
import type { ReadFiles } from "../documents/document-reader.ts";
import type { FolderListing } from "../documents/folder.ts";
import type { Authorship, Change, DocumentBody, Edit, PartChange } from "./change.ts";
import type { DocumentKey, DocumentKind } from "./document-key.ts";

/** How it goes with a store. */
export interface StoreState {
  /** It could be asked the last time that somebody did. */
  readonly isUp: boolean;
  /** When it last could, in ms since 1970: what is known of it is as old as that. */
  readonly seenMs: number;
}

export interface StoreListing {
  readonly listing: FolderListing;
  /** The newest generation; undefined where a change made by hand may not have been counted yet. */
  readonly generation: number | undefined;
}

/** Sources as edits would make them. */
export interface Draft {
  readonly edits: readonly Edit[];
  /** As the listing that it was made from, with other stamps for what would change. */
  readonly listing: FolderListing;
  /** Reads these sources, and all others as the store does. */
  readonly readFiles: ReadFiles;
}

export interface Proposal extends Authorship {
  /** The generation that the change was made from. */
  readonly expected: number;
  readonly parts: readonly PartChange[];
}

/**
 * Accepted as `generation`, with the listing as it is now; or refused because `newest` is another than expected. What is
 * accepted is made; that a loss of power does not undo it is only sure when `kept` resolves, which it always does.
 */
export type Committed =
  | {
      readonly generation: number;
      readonly at: string;
      readonly listing: FolderListing;
      readonly kept?: Promise<void>;
    }
  | { readonly newest: number };

/**
 * Where documents are. Methods reject with WindroseError "store-unavailable" when it cannot be asked, and then
 * nothing has changed.
 */
export interface Store {
  readonly kind: "files" | "redis";
  /** For messages: a folder, or a URL without its password. */
  readonly name: string;
  readonly readFiles: ReadFiles;
  readonly state: StoreState;
  list(): Promise<StoreListing>;
  /** The documents that there are, by the sources that were read last; sorted. */
  ids(kind: DocumentKind): readonly string[];
  /** The body of a document; null when there is none of this name. */
  body(key: DocumentKey): Promise<DocumentBody | null>;
  draft(edits: readonly Edit[], listing: FolderListing): Promise<Draft>;
  commit(draft: Draft, proposal: Proposal): Promise<Committed>;
  /** Counts a change that somebody made without commit(), by hand in a file. It is good, and in use as soon as this resolves. */
  recognise(authorship: Authorship, listing: FolderListing): Promise<{ readonly generation: number }>;
  /** Accepted changes, newest first, from the generation `before` (not counted) down. */
  changes(limit: number, before?: number): Promise<readonly Change[]>;
  /** Undefined when it is not known (any more). `whole` wants all parts, also of a large one, where they are kept. */
  change(generation: number, whole?: boolean): Promise<Change | undefined>;
  /**
   * Calls back when there may be something new. `listing` is what is known already; `seen()` is what was seen, with all that
   * was committed until it is called.
   */
  watch(listing: FolderListing, onChange: (seen?: () => FolderListing) => Promise<void>): void;
  /** Says that these sources were found good and are served, so that they may be kept for a start without the store. */
  keep?(listing: FolderListing): void;
  close(): Promise<void>;
}
