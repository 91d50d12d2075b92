/**
 * `windrose explain`: why a name is answered as it is. It loads the documents as `serve` would, and asks (src/explain/).
 *
 * What a running server knows beside its files (health, turns, loads) it does not know: everything
 * is up but for --at-down, and turns start at 0.
 *
 * @module
 */
import type { PoolDocument } from "../documents/configuration.ts";
import { loadDocuments } from "../documents/load-documents.ts";
import { type Explanation, explain, formatExplanation } from "../explain/explain.ts";
import type { PoolHealthReport } from "../explain/health.ts";
import { WindroseError } from "../lib/errors.ts";
import { formatFault } from "../lib/fault.ts";
import { compileSnapshot } from "../snapshot/snapshot.ts";
import type { ApiClient } from "./api-client.ts";
import { loadClientTables } from "./client-tables.ts";
import { type Command, type CommandIo, tellError } from "./command.ts";
import { complainOfFlag, type Request, readRequest } from "./explain-request.ts";
import type { SettingValues } from "./settings-table.ts";

const USAGE = `Usage: windrose explain NAME [TYPE] [--client IP|NETWORK] [--resolver IP] [--at-down POOL,...]
                        [--seed N] [--json] [--zones DIR] [--geo FILE]... [--rtt FILE]
       windrose explain NAME [TYPE] … --url URL [--token TOKEN]

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
  --url URL          ask a running server over its API, by what it knows: what is down, loads, turns
  --token TOKEN      for that API (WINDROSE_TOKEN)
  --help             this help

Without --url, all that --at-down does not name counts as up; turns of round-robin and smooth draws
start at 0.
Exit code: 0 explained, 1 when documents or data have errors, 2 for wrong usage.
`;

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
      const { from } = request;
      const explanation =
        "api" in from ? await explainThere(request, from.api) : await explainHere(request, from.settings, io);
      io.stdout.write(
        request.json ? `${JSON.stringify(explanation, null, 2)}\n` : formatExplanation(explanation),
      );
      return 0;
    } catch (error) {
      return tellError("explain", error, io);
    }
  },
};

/** From the files, as a server would that starts with them. */
async function explainHere(
  { question }: Request,
  settings: SettingValues,
  io: CommandIo,
): Promise<Explanation> {
  const dir = settings.zones;
  const { configuration, faults } = await loadDocuments(dir);
  if (configuration === undefined) {
    io.stderr.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
    throw new WindroseError("documents-invalid", `Cannot explain from "${dir}": its documents have errors`);
  }
  const clientTables = loadClientTables(settings, io);
  const snapshot = { ...compileSnapshot(configuration), clientTables };
  const healthOf = (id: string) => unknownHealth(configuration.pools.get(id));
  return explain(snapshot, question, { complain: complainOfFlag, nowMs: Date.now(), healthOf });
}

/** Nobody has checked anything here. */
function unknownHealth(pool: PoolDocument | undefined): PoolHealthReport | undefined {
  if (pool?.monitor === undefined) return undefined;
  return { pool: pool.id, monitor: pool.monitor, alarms: [], members: [] };
}

/** From what a running server answers by, health and loads and turns and all. */
async function explainThere({ texts, question }: Request, api: ApiClient): Promise<Explanation> {
  const { atDown = [], ...others } = texts;
  const down = atDown.length === 0 ? {} : { "at-down": atDown.join(",") };
  const query = { ...others, ...down, seed: String(question.seed) };
  return (await api.ask("/v1/explain", { query })).body as Explanation;
}
