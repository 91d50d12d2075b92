/**
 * `windrose explain`: why a name is answered as it is. It loads the documents as `serve`
 * would, sends a real query through respond() with the trace turned on, and prints both, so it
 * cannot tell another story than the server.
 *
 *   explain-request.ts    the arguments
 *   client-tables.ts      place data and round-trip times
 *   explain-client.ts     whom the answer is for, and what is known of that place
 *   explain-reply.ts      the reply, and in words for how long and for whom it holds
 *
 * What a running server knows beside its files (health, turns, loads) it does not know: everything
 * is up but for --at-down, and turns start at 0.
 *
 * @module
 */
import { loadDocuments } from "../documents/load-documents.ts";
import { takeDown } from "../expectations/conditions.ts";
import { WindroseError } from "../lib/errors.ts";
import { formatFault } from "../lib/fault.ts";
import { SeededRandom } from "../lib/random.ts";
import { type Client, UDP_REPLY_OCTETS_MAX } from "../server/client.ts";
import { formatLookups, type LookupTrace } from "../server/lookup-trace.ts";
import { setClient } from "../server/query-client.ts";
import { respond } from "../server/respond.ts";
import { View } from "../server/view.ts";
import { compileSnapshot, type Snapshot } from "../snapshot/snapshot.ts";
import { formatTrace } from "../steering/explain-format.ts";
import type { PoolTrace, Trace } from "../steering/trace.ts";
import { encodeClientSubnet, OptionCode } from "../wire/edns.ts";
import { encodeMessage } from "../wire/message.ts";
import { formatName } from "../wire/name.ts";
import { typeMnemonic } from "../wire/rr-type.ts";
import { loadClientTables } from "./client-tables.ts";
import { type Command, tellError } from "./command.ts";
import { type ClientReport, formatClient, reportClient } from "./explain-client.ts";
import { formatReply, type Reply, readReply } from "./explain-reply.ts";
import { type Request, readRequest, usage } from "./explain-request.ts";

const USAGE = `Usage: windrose explain NAME [TYPE] [--client IP|NETWORK] [--resolver IP] [--at-down POOL,...]
                        [--seed N] [--json] [--zones DIR] [--geo FILE]... [--rtt FILE]

Asks for a name and prints how its answer came about: whom it is for and where that is, how the name
was looked up in which zone, each pool and why it is up or down, each member with its numbers, what
each step kept and dropped and why, and the reply, with how long and for whom it holds.

  NAME               any name, such as www.demo.test
  TYPE               A (the default), AAAA or any other type
  --client IP        a client whose resolver tells where it is (ECS): by the first 24 bits of an IPv4
                     address, the first 56 of an IPv6 one, as resolvers do
  --client NETWORK   the same, with exactly this in ECS: 203.0.112.0/22
  --resolver IP      where the query comes from; alone, a resolver that sends no ECS (127.0.0.1, or
                     the client)
  --at-down LIST     what if these were down? pools (eu) and members (eu/eu-1), with commas
  --seed N           repeats the draws of an earlier explanation, which names its seed
  --json             the explanation as data
  --zones DIR, --geo FILE, --rtt FILE, --rtt-expiry TIME, --config FILE
                     as serve takes them, from variables and windrose.yaml too
  --help             this help

All that --at-down does not name counts as up; turns of round-robin and smooth draws start at 0.
Exit code: 0 explained, 1 when documents or data have errors, 2 for wrong usage.
`;

/** The shape of --json; docs/reference/explain.md describes it. */
interface Explanation {
  readonly name: string;
  readonly type: string;
  readonly seed: number;
  readonly client: ClientReport;
  readonly lookups: readonly LookupTrace[];
  readonly trace: Trace;
  /** Of --at-down, what the answer did not come by. */
  readonly unreached: readonly string[];
  readonly reply: Reply;
}

export const command: Command = {
  name: "explain",
  summary: "why this answer: client, pools, members, steps and draws",
  usage: USAGE,
  async run(args, io) {
    try {
      const request = readRequest(args, io);
      if (request === "help") {
        io.stdout.write(USAGE);
        return 0;
      }
      const dir = request.settings.zones;
      const { configuration, faults } = await loadDocuments(dir);
      if (configuration === undefined) {
        io.stderr.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
        throw new WindroseError(
          "documents-invalid",
          `Cannot explain from "${dir}": its documents have errors`,
        );
      }
      const clientTables = loadClientTables(request.settings, io);
      const explanation = explain({ ...compileSnapshot(configuration), clientTables }, request);
      io.stdout.write(
        request.json ? `${JSON.stringify(explanation, null, 2)}\n` : formatExplanation(explanation),
      );
      return 0;
    } catch (error) {
      return tellError("explain", error, io);
    }
  },
};

function explain(snapshot: Snapshot, request: Request): Explanation {
  for (const item of request.down) {
    const complaint = takeDown(snapshot, item);
    if (complaint !== undefined) throw usage(`--at-down ${complaint}`);
  }
  const view = new View({
    snapshot,
    random: new SeededRandom(request.seed),
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
  const octets = encodeQuery(request);
  const sender = senderOf(request.resolver);
  const out = new Uint8Array(UDP_REPLY_OCTETS_MAX);
  const length = respond(view, { octets, length: octets.length }, sender, out);
  // Names that are not steered are for nobody; who would have been the client is shown all the same.
  setClient(view, octets, sender);
  const reached = poolsReached(trace);
  return {
    name: formatName(request.name),
    type: typeMnemonic(request.type),
    seed: request.seed,
    client: reportClient(view, request, Date.now()),
    lookups,
    trace,
    unreached: request.down.filter((item) => !reached.has(item.split("/", 1)[0]!)),
    reply: readReply(out.subarray(0, length)),
  };
}

function encodeQuery({ name, type, subnet }: Request): Uint8Array {
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

function formatExplanation(explanation: Explanation): string {
  const { name, type, seed, client, lookups, trace, unreached, reply } = explanation;
  const parts = [
    `${name} ${type} for ${client.asked}, seed ${seed}`,
    formatClient(client),
    formatLookups(lookups, type),
    formatTrace(trace),
    unreached.length === 0
      ? ""
      : `--at-down ${unreached.join(",")} changed nothing: this answer does not come by there`,
    formatReply(reply),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
