/**
 * What edits documents: the face of the follower that the API sees.
 *
 * @module
 */
import type { Configuration } from "../documents/configuration.ts";
import type { Fault } from "../lib/fault.ts";
import type { Authorship, Change, DocumentBody, Edit, PartChange } from "../store/change.ts";
import type { DocumentKey, DocumentKind } from "../store/document-key.ts";

/** The documents of the newest generation that this process knows. */
export interface Documents {
  readonly generation: number;
  readonly configuration: Configuration;
  /** Sorted; zones in lower case without the final dot. */
  ids(kind: DocumentKind): readonly string[];
  /** As the schema has it; null when there is none of this name. */
  body(key: DocumentKey): Promise<DocumentBody | null>;
}

export interface EditRequest extends Authorship {
  /** Check it and say what it would do; nothing is kept. */
  readonly dryRun: boolean;
  /** What is to change, given what stands. Asked again when another change was faster; what it throws ends the edit. */
  edits(now: Documents): Promise<readonly Edit[]>;
}

export interface EditOutcome {
  /** The new one; the present one where nothing changed, and for a dry run. */
  readonly generation: number;
  /** When it was accepted, RFC 3339; null where nothing was. */
  readonly at: string | null;
  readonly parts: readonly PartChange[];
  readonly warnings: readonly Fault[];
  /** Of a dry run that would change something: what would be. */
  readonly configuration?: Configuration;
}

export interface Editor {
  readonly documents: Documents;
  /**
   * One change, whole or not at all. When it resolves, this process answers by it. Rejects with WindroseError:
   * "documents-invalid" with every fault in its field `faults`, "store-unavailable", "edit-unsettled" when others were
   * faster again and again.
   */
  edit(request: EditRequest): Promise<EditOutcome>;
  /** Accepted changes, newest first, from the generation `before` (not counted) down. */
  changes(limit: number, before?: number): Promise<readonly Change[]>;
  /**
   * The change that made a generation; undefined when it is not known (any more). `whole` wants all parts of a large
   * one too, where they are kept: seconds, for tens of megabytes.
   */
  change(generation: number, whole?: boolean): Promise<Change | undefined>;
}
