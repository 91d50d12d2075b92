/**
 * `windrose status`: what a running server and its fellows are at, over the API.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { EndpointShown, IncidentShown, OrderShown, ProberShown } from "../api/live/show.ts";
import type { Readiness } from "../api/metrics/readiness.ts";
import { WindroseError } from "../lib/errors.ts";
import type { NodeReport } from "../store/nodes.ts";
import { API_FLAGS, API_FLAGS_HELP, ApiClient } from "./api-client.ts";
import { type Command, tellError } from "./command.ts";
import { formatTable } from "./format-table.ts";

const USAGE = `Usage: windrose status [--url URL] [--token TOKEN] [--json]

Prints the generation that a running server answers from, the nodes beside it, its store, how old its
data are, the probers, what is down and why, the orders of operators, incidents that last, and what is
not as it should be.

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
      const health = await readHealth(api);
      io.stdout.write(
        values.json === true
          ? `${JSON.stringify({ readiness, nodes, ...health }, null, 2)}\n`
          : format(readiness, nodes) + formatHealth(health),
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
    ...healthLine(readiness),
    ...warnings.map((warning) => `WARNING     ${warning}\n`),
  ].join("");
}

function healthLine({ health }: Readiness): string[] {
  if (health === undefined) return [];
  const { endpoints, ageSeconds } = health;
  const { up, down, unknown } = endpoints;
  const checked = ageSeconds === null ? "never checked" : `checked ${formatAge(ageSeconds)} ago`;
  return [`endpoints   ${up} up, ${down} down, ${unknown} unknown, ${checked}\n`];
}

function formatHealth({ probers, down, downTotal, orders, incidents, alarms }: HealthShown): string {
  const nowMs = Date.now();
  const since = (at: string | null) =>
    at === null ? "-" : formatAge(Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000)));
  const more =
    downTotal > down.length ? `… and ${downTotal - down.length} more: GET /v1/health?state=down\n` : "";
  return [
    ...alarms.map((alarm) => `ALARM       ${printable(alarm)}\n`),
    section(
      ["PROBER", "REGION", "VERSION", "CHECKED", "SEES", "DOWN", ""],
      probers.map(({ name, region, version, checkedAt, seen, down: sees, suspect, double }) => [
        printable(name),
        printable(region),
        printable(version ?? "-"),
        since(checkedAt),
        String(seen),
        String(sees),
        [
          ...(suspect.length > 0 ? [`suspect for ${suspect.join(", ")}`] : []),
          ...(double ? ["double"] : []),
        ].join("; "),
      ]),
    ),
    section(
      ["DOWN", "SINCE", "WHY"],
      down.map(({ endpoint, since: at, stale, reason }) => [
        printable(endpoint),
        since(at),
        printable(stale ? `${reason} (stale)` : reason),
      ]),
    ),
    more,
    section(
      ["ORDER", "KIND", "UNTIL", "BY", "REASON"],
      orders.map(({ pool, member, kind, until, by, reason }) => [
        printable(`${pool}/${member}`),
        kind,
        until ?? "-",
        printable(by),
        printable(reason),
      ]),
    ),
    section(
      ["INCIDENT", "ENDPOINT", "SINCE", "CONFIRMED", "APPLIED"],
      incidents.map(({ id, endpoint, verdictAt, phases }) => [
        id,
        printable(endpoint),
        since(verdictAt),
        formatMs(sumOf(phases.detectMs, phases.confirmMs)),
        formatMs(phases.applyMs),
      ]),
    ),
  ].join("");
}

/** `59 s`, `12 min`, `5 h`, `40 d`: as much as one looks at. */
function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 2 * 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

interface HealthShown {
  readonly probers: readonly ProberShown[];
  /** As many as one looks at. */
  readonly down: readonly EndpointShown[];
  readonly downTotal: number;
  readonly orders: readonly OrderShown[];
  readonly incidents: readonly IncidentShown[];
  readonly alarms: readonly string[];
}

const SHOWN_MAX = "20";

async function readHealth(api: ApiClient): Promise<HealthShown> {
  const ask = async (path: string, query = {}) => (await api.ask(path, { query })).body;
  const {
    items: down,
    total,
    alarms = [],
  } = (await ask("/v1/health", {
    state: "down",
    limit: SHOWN_MAX,
  })) as { items: EndpointShown[]; total: number; alarms?: string[] };
  const { probers } = (await ask("/v1/probers")) as { probers: ProberShown[] };
  const { items: orders } = (await ask("/v1/orders")) as { items: OrderShown[] };
  const { items: incidents } = (await ask("/v1/incidents", { open: "true", limit: SHOWN_MAX })) as {
    items: IncidentShown[];
  };
  return { probers, down, downTotal: total, orders, incidents, alarms };
}

/** A table with a line before it; nothing without rows. */
function section(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? "" : `\n${formatTable(head, rows)}`;
}

/** Null where either is not known. */
function sumOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function formatMs(ms: number | null): string {
  return ms === null ? "-" : ms < 10_000 ? `${Math.round(ms)} ms` : formatAge(Math.round(ms / 1000));
}

/** Endpoints and probers have a say in it, and a terminal obeys control characters. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}
