/**
 * Why a name is answered as it is: a real query through respond() with the trace turned on, so it cannot tell another
 * story than the server.
 *
 *   question.ts   what is asked, by whom, while what is down
 *   client.ts     whom the answer is for, and what is known of that place
 *   health.ts     what is held of the members, where a running server says it
 *   reply.ts      the reply, and in words for how long and for whom it holds
 *
 * It asks a copy of the live table: what is down for the sake of a question, and the turns and draws that it takes, are nobody
 * else's. Counts go into a block of its own, which is thrown away.
 *
 * @module
 */
import { takeDown } from "../expectations/conditions.ts";
import { SeededRandom } from "../lib/random.ts";
import { type Client, UDP_REPLY_OCTETS_MAX } from "../server/client.ts";
import { formatLookups, type LookupTrace } from "../server/lookup-trace.ts";
import { setClient } from "../server/query-client.ts";
import { respond } from "../server/respond.ts";
import { View } from "../server/view.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { formatTrace } from "../steering/explain-format.ts";
import { copyLive } from "../steering/live.ts";
import type { PoolTrace, Trace } from "../steering/trace.ts";
import { encodeClientSubnet, OptionCode } from "../wire/edns.ts";
import { encodeMessage } from "../wire/message.ts";
import { formatName } from "../wire/name.ts";
import { typeMnemonic } from "../wire/rr-type.ts";
import { type ClientReport, formatClient, reportClient } from "./client.ts";
import { formatHealth, type HealthOf, type PoolHealthReport } from "./health.ts";
import type { Complain, Question } from "./question.ts";
import { formatReply, type Reply, readReply } from "./reply.ts";

/** Plain data; docs/reference/explain.md describes it. */
export interface Explanation {
  readonly name: string;
  readonly type: string;
  readonly seed: number;
  readonly client: ClientReport;
  readonly lookups: readonly LookupTrace[];
  readonly trace: Trace;
  /** Of the pools on the way that are checked, or for whose members there are orders. */
  readonly health: readonly PoolHealthReport[];
  /** Of what was to be down, what the answer did not come by. */
  readonly unreached: readonly string[];
  readonly reply: Reply;
}

/** Throws what `complain` makes where something that is to be down is not there. `nowMs` is for the age of the data. */
export function explain(
  running: Snapshot,
  question: Question,
  { complain, nowMs, healthOf }: { complain: Complain; nowMs: number; healthOf: HealthOf },
): Explanation {
  const snapshot = { ...running, live: copyLive(running.live) };
  for (const item of question.down) {
    const complaint = takeDown(snapshot, item);
    if (complaint !== undefined) throw complain("atDown", complaint);
  }
  const view = new View({
    snapshot,
    random: new SeededRandom(question.seed),
    identity: { id: null, version: null },
    tcpIdleTimeoutMs: 0,
    onFailure: (error) => {
      throw error;
    },
  });
  const trace: Trace = { choices: [] };
  const lookups: LookupTrace[] = [];
  view.trace = trace;
  view.lookups = lookups;
  const octets = encodeQuery(question);
  const sender = senderOf(question.resolver);
  const out = new Uint8Array(UDP_REPLY_OCTETS_MAX);
  const length = respond(view, { octets, length: octets.length }, sender, out);
  // Names that are not steered are for nobody; who would have been the client is shown all the same.
  setClient(view, octets, sender);
  const reached = poolsReached(trace);
  return {
    name: formatName(question.name),
    type: typeMnemonic(question.type),
    seed: question.seed,
    client: reportClient(view, question, nowMs),
    lookups,
    trace,
    health: poolsOnTheWay(trace)
      .map(healthOf)
      .filter((report) => report !== undefined),
    unreached: question.down.filter((item) => !reached.has(item.split("/", 1)[0]!)),
    reply: readReply(out.subarray(0, length)),
  };
}

function encodeQuery({ name, type, subnet }: Question): Uint8Array {
  const options = [];
  if (subnet !== null) {
    const { address, length } = subnet;
    const data = encodeClientSubnet({ address, sourcePrefixLength: length, scopePrefixLength: 0 });
    options.push({ code: OptionCode.ECS, data });
  }
  return encodeMessage({ rd: true, question: [{ name, type }], edns: { options } });
}

function senderOf(resolver: Uint8Array): Client {
  const address = new Uint8Array(16);
  address.set(resolver);
  return { family: resolver.length === 4 ? 4 : 6, address, port: 53, transport: "udp" };
}

/** The pools that had a say, and those that were members of them. */
function poolsReached({ choices }: Trace): Set<string> {
  const reached = new Set<string>();
  function visit(pool: PoolTrace): void {
    reached.add(pool.pool);
    for (const { kind, answers } of pool.members) if (kind === "pool") reached.add(answers[0]!);
    for (const kept of pool.kept) if (kept.pool !== null) visit(kept.pool);
    if (pool.lastResort !== null) visit(pool.lastResort);
  }
  for (const { pool } of choices) visit(pool);
  return reached;
}

/** Those that chose, in the order in which the tree has them. */
function poolsOnTheWay({ choices }: Trace): string[] {
  const below = (pool: PoolTrace): string[] => {
    const next = [...pool.kept.map((kept) => kept.pool), pool.lastResort].filter((each) => each !== null);
    return [pool.pool, ...next.flatMap(below)];
  };
  return [...new Set(choices.flatMap(({ pool }) => below(pool)))];
}

/** For people; lines with a final newline. */
export function formatExplanation(explanation: Explanation): string {
  const { name, type, seed, client, lookups, trace, health, unreached, reply } = explanation;
  const parts = [
    `${name} ${type} for ${client.asked}, seed ${seed}`,
    formatClient(client),
    formatLookups(lookups, type),
    formatTrace(trace),
    formatHealth(health),
    unreached.length === 0
      ? ""
      : `--at-down ${unreached.join(",")} changed nothing: this answer does not come by there`,
    formatReply(reply),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
