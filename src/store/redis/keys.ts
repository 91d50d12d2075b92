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
 *   {windrose}:probers           hash     name → when it was heard, its last message, epoch, run, itself as JSON; also a channel
 *   {windrose}:prober:NAME       hash     run, n, endpoint → opinion as JSON, numbers → newest numbers of all; for 60 s
 *   {windrose}:opinions          channel  what probers tell, see opinion-message.ts
 *   {windrose}:orders            hash     member of a pool → order, as JSON; version; also a channel
 *   {windrose}:loads             hash     member of a pool → load; version; also a channel
 *   {windrose}:verdicts          hash     endpoint → last verdict, for nodes that start
 *   {windrose}:verdicts:next     hash     these on their way in, for a minute
 *   {windrose}:verdicts:writer   string   the node that writes them, for 10 s
 *   {windrose}:applied           stream   verdicts that nodes answer by, as JSON; bounded; also a channel
 *   {windrose}:samples           stream   samples of round-trip times, as JSON; bounded; also a channel
 *   {windrose}:demand            hash     node → what asks it most, as JSON; also a channel
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
  readonly probers: string;
  readonly opinions: string;
  readonly orders: string;
  readonly loads: string;
  readonly verdicts: string;
  readonly verdictsNext: string;
  readonly verdictsWriter: string;
  readonly applied: string;
  readonly samples: string;
  readonly demand: string;
  prober(name: string): string;
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
    probers: `${prefix}:probers`,
    opinions: `${prefix}:opinions`,
    orders: `${prefix}:orders`,
    loads: `${prefix}:loads`,
    verdicts: `${prefix}:verdicts`,
    verdictsNext: `${prefix}:verdicts:next`,
    verdictsWriter: `${prefix}:verdicts:writer`,
    applied: `${prefix}:applied`,
    samples: `${prefix}:samples`,
    demand: `${prefix}:demand`,
    prober: (name) => `${prefix}:prober:${name}`,
    parts: (id) => `${prefix}:parts:${id}`,
    staged: (id) => `${prefix}:staged:${id}`,
    stagedStamps: (id) => `${prefix}:staged:${id}:stamps`,
    node: (name) => `${prefix}:node:${name}`,
  };
}
