/**
 * Lists in pages: by the id behind which a page begins, so that what comes or goes between two pages neither
 * doubles nor hides others.
 *
 * @module
 */
import Type from "typebox";

const LIMIT = 100;

export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: `Items in a page. Default ${LIMIT}.`,
      errorMessage: "a whole number from 1 to 1000",
    }),
  ),
  after: Type.Optional(Type.String({ description: "What `next` of the page before says." })),
  search: Type.Optional(Type.String({ description: "Only what has this text in its name, in any case." })),
};

export interface PageRequest {
  readonly limit?: number;
  readonly after?: string;
  readonly search?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Of what was searched for, in all pages. */
  readonly total: number;
  /** For `after`; null on the last page. */
  readonly next: string | null;
}

/** `ids` sorted by code units. */
export function pageOf<Item>(
  ids: readonly string[],
  { limit = LIMIT, after, search }: PageRequest,
  itemOf: (id: string) => Item,
): Page<Item> {
  const wanted = search?.toLowerCase();
  const found = wanted === undefined ? ids : ids.filter((id) => id.toLowerCase().includes(wanted));
  const start = after === undefined ? 0 : firstBehind(found, after);
  const page = found.slice(start, start + limit);
  const next = start + limit < found.length ? page.at(-1)! : null;
  return { items: page.map(itemOf), total: found.length, next };
}

function firstBehind(ids: readonly string[], after: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
