/**
 * `windrose status`: what a running server and its fellows are at, over the API.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Readiness } from "../api/metrics/readiness.ts";
import { WindroseError } from "../lib/errors.ts";
import type { NodeReport } from "../store/nodes.ts";
import { API_FLAGS, API_FLAGS_HELP, ApiClient } from "./api-client.ts";
import { type Command, tellError } from "./command.ts";
import { formatTable } from "./format-table.ts";

const USAGE = `Usage: windrose status [--url URL] [--token TOKEN] [--json]

Prints the generation that a running server answers from, the nodes beside it, its store, how old its
data are, and what is not as it should be.

${API_FLAGS_HELP}
  --json          the same as data
  --help          this help

Exit code: 0 all is well, 1 something is not or the API cannot be asked, 2 for wrong usage.
`;

export const command: Command = {
  name: "status",
  summary: "nodes, generations and ages of a running server",
  usage: USAGE,
  async run(args, io) {
    try {
      const values = readFlags(args);
      if (values.help === true) {
        io.stdout.write(USAGE);
        return 0;
      }
      const api = new ApiClient(values, io.env);
      const readiness = (await api.ask("/readyz", { accept: [503] })).body as Readiness;
      const { nodes } = (await api.ask("/v1/nodes")).body as { nodes: readonly NodeReport[] };
      io.stdout.write(
        values.json === true
          ? `${JSON.stringify({ readiness, nodes }, null, 2)}\n`
          : format(readiness, nodes),
      );
      return readiness.warnings.length === 0 ? 0 : 1;
    } catch (error) {
      return tellError("status", error, io);
    }
  },
};

function readFlags(args: string[]) {
  try {
    const options = {
      ...API_FLAGS,
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new WindroseError("usage", error instanceof Error ? error.message : String(error));
  }
}

function format(readiness: Readiness, nodes: readonly NodeReport[]): string {
  const { zones, pools, store, placeData, warnings } = readiness;
  const newest = Math.max(readiness.newest, ...nodes.map(({ generation }) => generation));
  const rows = nodes.map(({ id, region, version, generation, stateAgeSeconds, startedAt, self }) => [
    self ? `${id} *` : id,
    region ?? "-",
    version,
    `${generation}${generation === newest ? "" : ` of ${newest}`}`,
    formatAge(stateAgeSeconds),
    startedAt,
  ]);
  const ages = placeData.map(({ file, ageSeconds }) => `place data  ${file}, ${formatAge(ageSeconds)} old\n`);
  return [
    formatTable(["NODE", "REGION", "VERSION", "GENERATION", "STATE AGE", "SINCE"], rows),
    "\n",
    `this node   ${readiness.status}, ${zones} zones, ${pools} pools, up ${formatAge(readiness.uptimeSeconds)}\n`,
    `store       ${store.kind}, ${store.up ? "up" : "away"}, seen ${formatAge(store.ageSeconds)} ago\n`,
    ...ages,
    ...warnings.map((warning) => `WARNING     ${warning}\n`),
  ].join("");
}

/** `59 s`, `12 min`, `5 h`, `40 d`: as much as one looks at. */
function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 2 * 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
