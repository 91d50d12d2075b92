/**
 * Every key in Redis, in one place. All have one hash tag, so that they stand on one node of a Cluster and scripts
 * may use them together. docs/redis.md lists them with types, sizes and lifetimes.
 *
 *   {windrose}:generation        string   the head: number of the newest generation, and the id of its change
 *   {windrose}:documents         hash     zones/example.com → JSON of the document
 *   {windrose}:versions          hash     zones/example.com → generation in which it last changed, stamp, octets
 *   {windrose}:changes           stream   GENERATION-0 → id, keys, the change as JSON, base; bounded
 *   {windrose}:parts:ID          hash     0, 1, … → pieces of the parts of a large change, compressed; bounded, for 30 days
 *   {windrose}:parts             list     octets and ID of these, oldest first
 *   {windrose}:staged:ID         hash     documents on their way in, for a minute
 *   {windrose}:staged:ID:stamps  hash     and their stamps
 *   {windrose}:node:NAME         string   run of the node, when it was seen, when it took its generation up, itself as JSON; for 5 s
 *   {windrose}:nodes             zset     names of nodes, by when they were last seen
 *   {windrose}:tokens            hash     id of a token → JSON of it, with the hash of its text
 *   {windrose}:tokens:used       hash     id of a token → when it was last used
 *   {windrose}:tokens:version    string   another one after each change of tokens; also the channel that says so
 *   {windrose}:audit             stream   NUMBER-0 → entry, as JSON; bounded
 *   {windrose}:wake              channel  a generation that came; only wakes, holds nothing
 *   {windrose}:receipts          channel  a node answers by a generation, as JSON
 *
 * @module
 */

export interface RedisKeys {
  readonly generation: string;
  readonly documents: string;
  readonly versions: string;
  readonly changes: string;
  readonly wake: string;
  readonly nodes: string;
  readonly receipts: string;
  readonly tokens: string;
  readonly tokensUsed: string;
  readonly tokensVersion: string;
  readonly audit: string;
  readonly allParts: string;
  parts(id: string): string;
  staged(id: string): string;
  stagedStamps(id: string): string;
  node(name: string): string;
}

/** `space` sets apart what shares a Redis; letters, digits, `_` and `-`. */
export function redisKeys(space = "windrose"): RedisKeys {
  const prefix = `{${space}}`;
  return {
    generation: `${prefix}:generation`,
    documents: `${prefix}:documents`,
    versions: `${prefix}:versions`,
    changes: `${prefix}:changes`,
    wake: `${prefix}:wake`,
    nodes: `${prefix}:nodes`,
    receipts: `${prefix}:receipts`,
    tokens: `${prefix}:tokens`,
    tokensUsed: `${prefix}:tokens:used`,
    tokensVersion: `${prefix}:tokens:version`,
    audit: `${prefix}:audit`,
    allParts: `${prefix}:parts`,
    parts: (id) => `${prefix}:parts:${id}`,
    staged: (id) => `${prefix}:staged:${id}`,
    stagedStamps: (id) => `${prefix}:staged:${id}:stamps`,
    node: (name) => `${prefix}:node:${name}`,
  };
}
