/**
 * An Editor without files, Redis or threads: documents in a map, checked as a whole by parseDocuments().
 *
 * @module
 */
import { parseDocuments } from "../../src/documents/parse-documents.ts";
import { WindroseError } from "../../src/lib/errors.ts";
import { hasErrors } from "../../src/lib/fault.ts";
import { type Change, type DocumentBody, partsBetween } from "../../src/store/change.ts";
import { type DocumentKey, type DocumentKind, idOf, kindOf } from "../../src/store/document-key.ts";
import type { Documents, EditOutcome, Editor, EditRequest } from "../../src/sync/editor.ts";

type Bodies = ReadonlyMap<DocumentKey, DocumentBody>;

export class MemoryEditor implements Editor {
  documents: Documents;
  /** What the next edit fails with. */
  failure: WindroseError | undefined;
  #bodies: Bodies;
  readonly #changes: Change[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(bodies: Readonly<Record<DocumentKey, DocumentBody>>) {
    this.#bodies = new Map(Object.entries(bodies) as [DocumentKey, DocumentBody][]);
    this.documents = documentsOf(this.#bodies, 1).documents;
  }

  edit(request: EditRequest): Promise<EditOutcome> {
    const done = this.#last.then(() => this.#edit(request));
    this.#last = done.catch(() => {});
    return done;
  }

  async changes(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Change[]> {
    return this.#changes.filter(({ generation }) => generation < before).slice(0, limit);
  }

  async change(generation: number): Promise<Change | undefined> {
    return this.#changes.find((change) => change.generation === generation);
  }

  async #edit({ author, reason, dryRun, edits }: EditRequest): Promise<EditOutcome> {
    if (this.failure !== undefined) throw this.failure;
    const asked = await edits(this.documents);
    const bodies = new Map(this.#bodies);
    const parts = asked.flatMap(({ key, body }) => {
      const before = bodies.get(key) ?? null;
      if (body === null) bodies.delete(key);
      else bodies.set(key, body);
      return partsBetween(key, before, body);
    });
    const { generation } = this.documents;
    if (parts.length === 0) return { generation, at: null, parts, warnings: [] };
    const { documents, warnings } = documentsOf(bodies, generation + 1);
    if (dryRun) return { generation, at: null, parts, warnings };
    const at = new Date(1_800_000_000_000 + generation * 1000).toISOString();
    this.#changes.unshift({ generation: generation + 1, at, author, reason, parts });
    this.#bodies = bodies;
    this.documents = documents;
    return { generation: generation + 1, at, parts, warnings };
  }
}

function documentsOf(bodies: Bodies, generation: number) {
  const files = [...bodies].map(([key, body]) => ({
    file: key,
    text: JSON.stringify({ [kindOf(key)]: { [idOf(key)]: body } }),
    modifiedMs: 1_800_000_000_000,
  }));
  const { configuration, faults } = parseDocuments(files);
  if (configuration === undefined || hasErrors(faults))
    throw new WindroseError("documents-invalid", "Cannot make this change: the documents would have errors", {
      faults,
    });
  const documents: Documents = {
    generation,
    configuration,
    ids: (kind: DocumentKind) =>
      [...bodies.keys()]
        .filter((key) => kindOf(key) === kind)
        .map(idOf)
        .sort(),
    body: async (key) => bodies.get(key) ?? null,
  };
  return { documents, warnings: faults };
}
