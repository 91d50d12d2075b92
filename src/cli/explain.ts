/**
 * `windrose explain`: why a name is answered as it is. It loads the documents as `serve`
 * would, sends a real query through respond() with the trace turned on, and prints both, so it
 * cannot tell another story than the server.
 *
 * What a running server knows beside its documents (health, turns) it does not know: everything
 * is up but for --at-down, and turns start at 0.
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { loadDocuments } from "../documents/load-documents.ts";
import { formatAddress, parseAddress } from "../lib/address.ts";
import { WindroseError } from "../lib/errors.ts";
import { formatFault } from "../lib/fault.ts";
import { nearestWord } from "../lib/nearest.ts";
import { SeededRandom } from "../lib/random.ts";
import { type Client, UDP_REPLY_OCTETS_MAX } from "../server/client.ts";
import { formatLookups, type LookupTrace } from "../server/lookup-trace.ts";
import { respond } from "../server/respond.ts";
import { View } from "../server/view.ts";
import { compileSnapshot, type Snapshot, slotKey } from "../snapshot/snapshot.ts";
import { formatTrace } from "../steering/explain-format.ts";
import { setUp } from "../steering/live.ts";
import type { Pool } from "../steering/pool.ts";
import type { PoolTrace, Trace } from "../steering/trace.ts";
import { rcodeMnemonic } from "../wire/dns-codes.ts";
import { decodeMessage, encodeMessage, type MessageRR } from "../wire/message.ts";
import { formatName, type Name, parseName, ROOT } from "../wire/name.ts";
import { formatRdata } from "../wire/rdata/index.ts";
import { parseType, typeMnemonic } from "../wire/rr-type.ts";
import { type Command, type CommandIo, tellError } from "./command.ts";

const USAGE = `Usage: windrose explain NAME [TYPE] [--client IP] [--at-down POOL,...] [--seed N] [--json] [--zones DIR]

Asks for a name and prints how its answer came about: how it was looked up in which zone, each pool
and why it is up or down, each member with its numbers, what each step kept and dropped and why, and
the reply.

  NAME               any name, such as www.demo.test
  TYPE               A (the default), AAAA or any other type
  --client IP        who asks (127.0.0.1)
  --at-down LIST     what if these were down? pools (eu) and members (eu/eu-1), with commas
  --seed N           repeats the draws of an earlier explanation, which names its seed
  --json             the explanation as data
  --zones DIR        the folder with the documents (WINDROSE_ZONES, or zones)
  --help             this help

All that --at-down does not name counts as up; turns of round-robin and smooth draws start at 0.
Exit code: 0 explained, 1 when the documents have errors, 2 for wrong usage.
`;

interface Request {
  readonly name: Name;
  readonly type: number;
  readonly client: Uint8Array;
  readonly down: readonly string[];
  readonly seed: number;
  readonly json: boolean;
  readonly dir: string;
}

interface Explanation {
  readonly name: string;
  readonly type: string;
  readonly client: string;
  readonly seed: number;
  readonly lookups: readonly LookupTrace[];
  readonly trace: Trace;
  /** Of --at-down, what the answer did not come by. */
  readonly unreached: readonly string[];
  readonly reply: Reply;
}

interface Reply {
  readonly rcode: string;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly answer: readonly ReplyRecord[];
  readonly authority: readonly ReplyRecord[];
  readonly additional: readonly ReplyRecord[];
}

interface ReplyRecord {
  readonly owner: string;
  readonly ttl: number;
  readonly type: string;
  readonly data: string;
}

export const command: Command = {
  name: "explain",
  summary: "why this answer: pools, members, steps and draws",
  usage: USAGE,
  async run(args, io) {
    try {
      const request = readArgs(args, io);
      if (request === "help") {
        io.stdout.write(USAGE);
        return 0;
      }
      const { configuration, faults } = await loadDocuments(request.dir);
      if (configuration === undefined) {
        io.stderr.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
        throw new WindroseError(
          "documents-invalid",
          `Cannot explain from "${request.dir}": its documents have errors`,
        );
      }
      const explanation = explain(compileSnapshot(configuration), request);
      io.stdout.write(
        request.json ? `${JSON.stringify(explanation, null, 2)}\n` : formatExplanation(explanation),
      );
      return 0;
    } catch (error) {
      return tellError("explain", error, io);
    }
  },
};

function readArgs(args: string[], io: CommandIo): Request | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help === true) return "help";
  const [name, type = "A", ...more] = positionals;
  if (name === undefined) throw usage("which name? give one, such as www.demo.test");
  if (more.length > 0) throw usage(`one name and one type at a time; what is "${more.join(" ")}"?`);
  const typeNumber = parseType(type.toUpperCase());
  if (typeNumber === undefined) throw usage(`"${type}" is no type; give A, AAAA or another`);
  const client = parseAddress(values.client ?? "127.0.0.1");
  if (client === undefined) throw usage(`--client "${values.client}" is no IP address`);
  const seed = values.seed === undefined ? randomInt(0x1_0000_0000) : Number(values.seed);
  if (!/^\d+$/.test(values.seed ?? "0") || seed > 0xffff_ffff) {
    throw usage(`--seed "${values.seed}" is no whole number from 0 to 4294967295`);
  }
  return {
    name: parseQname(name),
    type: typeNumber,
    client,
    down: (values["at-down"] ?? []).flatMap((list) => list.split(",")).filter((item) => item !== ""),
    seed,
    json: values.json === true,
    dir: values.zones ?? io.env.WINDROSE_ZONES ?? "zones",
  };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        client: { type: "string" },
        "at-down": { type: "string", multiple: true },
        seed: { type: "string" },
        json: { type: "boolean" },
        zones: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function parseQname(text: string): Name {
  try {
    return parseName(text, ROOT);
  } catch (error) {
    throw usage(`"${text}" is no name: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function usage(message: string): WindroseError {
  return new WindroseError("usage", message);
}

function explain(snapshot: Snapshot, request: Request): Explanation {
  const name = formatName(request.name);
  for (const item of request.down) takeDown(snapshot, item);
  const trace: Trace = { choices: [] };
  const lookups: LookupTrace[] = [];
  const reply = ask(snapshot, request, trace, lookups);
  const type = typeMnemonic(request.type);
  const reached = poolsReached(trace);
  const unreached = request.down.filter((item) => !reached.has(item.split("/", 1)[0]!));
  const client = formatAddress(request.client);
  return { name, type, client, seed: request.seed, lookups, trace, unreached, reply };
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

/** Marks a member, or all endpoints of a pool and of the pools below it, as down. */
function takeDown(snapshot: Snapshot, item: string): void {
  const slot = snapshot.slots.get(item);
  if (slot !== undefined) {
    setUp(snapshot.live, slot, false);
    return;
  }
  // A member that is a pool has no slot: it is down when what stands below it is.
  const slash = item.indexOf("/");
  const pool =
    slash < 0
      ? snapshot.pools.get(item)
      : snapshot.pools
          .get(item.slice(0, slash))
          ?.members.find((member) => member.name === item.slice(slash + 1))?.pool;
  if (pool === undefined || pool === null) {
    const known = [...snapshot.pools.values()].flatMap((each) => [
      each.id,
      ...each.members.map((member) => slotKey(each.id, member.name)),
    ]);
    const nearest = nearestWord(item, known);
    const hint =
      nearest === undefined
        ? `pools are: ${[...snapshot.pools.keys()].join(", ")}`
        : `did you mean "${nearest}"?`;
    throw usage(`--at-down "${item}" is no pool and no member; ${hint}`);
  }
  takePoolDown(snapshot, pool);
}

function takePoolDown(snapshot: Snapshot, pool: Pool): void {
  for (const member of pool.members) {
    if (member.pool === null) setUp(snapshot.live, member.slot, false);
    else takePoolDown(snapshot, member.pool);
  }
}

function ask(snapshot: Snapshot, request: Request, trace: Trace, lookups: LookupTrace[]): Reply {
  const view = new View({
    snapshot,
    random: new SeededRandom(request.seed),
    identity: { id: null, version: null },
    tcpIdleTimeoutMs: 0,
    onFailure: (error) => {
      throw error;
    },
  });
  view.trace = trace;
  view.lookups = lookups;
  const octets = encodeMessage({
    rd: true,
    question: [{ name: request.name, type: request.type }],
    edns: {},
  });
  const address = new Uint8Array(16);
  address.set(request.client);
  const client: Client = { family: request.client.length === 4 ? 4 : 6, address, port: 53, transport: "udp" };
  const out = new Uint8Array(UDP_REPLY_OCTETS_MAX);
  const length = respond(view, { octets, length: octets.length }, client, out);
  const message = decodeMessage(out.subarray(0, length));
  if ("malformed" in message) throw new Error(`our own reply is malformed: ${message.malformed}`);
  return {
    rcode: rcodeMnemonic(message.rcode),
    aa: message.aa,
    tc: message.tc,
    answer: message.answer.map(recordOf),
    authority: message.authority.map(recordOf),
    additional: message.additional.map(recordOf),
  };
}

function recordOf(rr: MessageRR): ReplyRecord {
  const type = typeMnemonic(rr.type);
  return { owner: formatName(rr.owner), ttl: rr.ttl, type, data: formatRdata(rr.type, rr.rdata) };
}

function formatExplanation({
  name,
  type,
  client,
  seed,
  lookups,
  trace,
  unreached,
  reply,
}: Explanation): string {
  const flags = [reply.rcode, ...(reply.aa ? ["aa"] : []), ...(reply.tc ? ["tc"] : [])].join(" ");
  const records = [...reply.answer, ...reply.authority, ...reply.additional];
  return [
    `${name} ${type} for ${client}, seed ${seed}`,
    "",
    ...(lookups.length === 0 ? [] : [formatLookups(lookups, type), ""]),
    ...(trace.choices.length === 0 ? [] : [formatTrace(trace), ""]),
    ...(unreached.length === 0
      ? []
      : [`--at-down ${unreached.join(",")} changed nothing: this answer does not come by there`, ""]),
    `reply: ${flags}`,
    ...records.map((record) => `  ${record.owner} ${record.ttl} ${record.type} ${record.data}`),
    "",
  ].join("\n");
}
