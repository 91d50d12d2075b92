/**
 * Finds out what a store in Redis lost, by what a node knows: after a FLUSHALL, or when a replica took over that had not
 * seen the last changes.
 *
 *   this node   … 98 ─ 99 ─ 100 ─ 101 ─ 102          the log of changes has 99 and 100, but not 101 and 102:
 *   the store   … 98 ─ 99 ─ 100 ─ 101'               the documents that they touched are given back, as a change of
 *                                                    its own, but for those that 101' touched: there the store's wins
 *
 * Where the log begins anew, its first change says which head it went on from, and that head is what is looked for. Of
 * several nodes one is first; the others find that stamps are the same again, and follow.
 *
 * @module
 */
import type { ListedFile } from "../../documents/folder.ts";
import type { Authorship, PartChange } from "../change.ts";
import type { DocumentKey } from "../document-key.ts";
import { isSameHead } from "../stamp.ts";
import type { News, RedisStore, Step } from "./redis-store.ts";

/** Changes of the store since the common head that are looked at for documents that they took away. */
const STORE_CHANGES_MAX = 1000;
/** Heads that are looked for in the log. */
const HEADS_MAX = 1000;

export interface Lost {
  /** The generation up to which the store and this node agree. */
  readonly common: number;
  /** Documents to give back, as this node has them. */
  readonly changed: readonly ListedFile[];
  /** Documents to take away again. */
  readonly gone: readonly DocumentKey[];
  /** Documents that were lost, and that the store changed since. */
  readonly overtaken: readonly DocumentKey[];
}

interface Knowledge {
  readonly redis: RedisStore;
  readonly news: Extract<News, { kind: "all" }>;
  /** At least one, oldest first; the last is what this node knows. */
  readonly steps: readonly Step[];
  readonly files: ReadonlyMap<string, ListedFile>;
}

/** Undefined when the store has all that this node knows, or is ahead of it. */
export async function findLost({ redis, news, steps, files }: Knowledge): Promise<Lost | undefined> {
  const heads = steps.slice(-HEADS_MAX).reverse();
  const known = heads[0]!;
  const { index, first, base } = await redis.common(heads);
  if (index === 0) return undefined;
  const nothing = { changed: [], gone: [], overtaken: [] };
  if (index !== undefined) {
    const keys = heads.slice(0, index).flatMap((step) => step.keys);
    return compare({ redis, news, files }, heads[index]!.generation, keys);
  }
  // An empty store was filled from a folder: all that this node knows is lost.
  if (base?.generation === 0) {
    const all = new Set([...(files.keys() as Iterable<DocumentKey>), ...news.versions.keys()]);
    return compare({ redis, news, files }, first, [...all]);
  }
  if (base !== undefined) {
    const at = heads.findIndex((head) => isSameHead(head, base));
    const isAhead = news.head.generation > known.generation;
    if (at === 0 && isAhead) return undefined;
    if (at >= 0) {
      const keys = heads.slice(0, at).flatMap((step) => step.keys);
      return compare({ redis, news, files }, first, keys);
    }
    // Restored by a node that knew more.
    if (base.generation >= known.generation && isAhead) return undefined;
  }
  // The log was cut since: this node was away for long.
  if (first > known.generation) return undefined;
  // Another history, such as an old backup: somebody put it there. Its generation has to grow beyond ours.
  return { common: 0, ...nothing };
}

/** Who restores, and why. */
export function restored(reason: string): Authorship & { readonly parts: readonly PartChange[] } {
  return { author: "windrose", reason: `restored: ${reason}`, parts: [] };
}

/** What of these documents is other in the store, and was not changed there after the generation `common`. */
async function compare(
  { redis, news, files }: Omit<Knowledge, "steps">,
  common: number,
  keys: readonly DocumentKey[],
): Promise<Lost> {
  const changed: ListedFile[] = [];
  const gone: DocumentKey[] = [];
  const overtaken: DocumentKey[] = [];
  let touched: ReadonlySet<DocumentKey> | undefined;
  for (const key of new Set(keys)) {
    const [mine, theirs] = [files.get(key), news.versions.get(key)];
    if (mine?.stamp === theirs?.stamp) continue;
    if (theirs === undefined) touched ??= await touchedAfter(redis, common);
    const isOvertaken = theirs === undefined ? touched?.has(key) === true : theirs.generation > common;
    if (isOvertaken) overtaken.push(key);
    else if (mine === undefined) gone.push(key);
    else changed.push(mine);
  }
  return { common, changed, gone, overtaken };
}

async function touchedAfter(redis: RedisStore, generation: number): Promise<Set<DocumentKey>> {
  const changes = await redis.changes(STORE_CHANGES_MAX);
  const after = changes.filter((change) => change.generation > generation);
  return new Set(after.flatMap(({ parts }) => parts.map(({ key }) => key)));
}
