/**
 * `windrose plan`: what the documents of a folder would change in a running server, and where clients would move.
 *
 * @module
 */
import type { ShownPart } from "../api/edit.ts";
import type { NameMoves } from "../api/plan/moves.ts";
import type { PlanAnswer } from "../api/plan/route.ts";
import type { ProblemItem } from "../api/problem.ts";
import { count } from "../lib/count.ts";
import { WindroseError } from "../lib/errors.ts";
import { type Fault, formatFault } from "../lib/fault.ts";
import type { DocumentBody } from "../store/change.ts";
import { idOf, kindOf } from "../store/document-key.ts";
import { readFolderBodies } from "../store/folder-bodies.ts";
import { API_FLAGS, API_FLAGS_HELP, ApiClient } from "./api-client.ts";
import { type Command, type CommandIo, readFlags, tellError } from "./command.ts";
import { formatTable } from "./format-table.ts";

const USAGE = `Usage: windrose plan DIR [--partial] [--clients NETWORK=WEIGHT,...] [--json] [--url URL] [--token TOKEN]

Compares the documents of a folder with those that a running server answers from: which would come (+),
change (~) and go (-), and for each name that they steer which part of its clients would be answered from
another member. Nothing is changed.

  DIR             the folder
  --partial       documents that are not in the folder stay
  --clients LIST  who asks, and how much: 203.0.113.0/24=3,2001:db8::/56=1; countries by their people when
                  left out
${API_FLAGS_HELP}
  --json          the plan as data
  --help          this help

Exit code: 0 planned, 1 when the documents have errors or the API cannot be asked, 2 for wrong usage.
`;

/** Groups of clients in a line. */
const GROUPS_SHOWN_MAX = 6;

type Values = ReturnType<typeof readArguments>["values"];

export const command: Command = {
  name: "plan",
  summary: "what a folder of documents would change in a running server, and who would move",
  usage: USAGE,
  async run(args, io) {
    try {
      const { values, positionals } = readArguments(args);
      if (values.help === true) {
        io.stdout.write(USAGE);
        return 0;
      }
      const [dir, ...more] = positionals;
      if (dir === undefined) throw usage("which folder? give one, such as zones");
      if (more.length > 0) throw usage(`one folder at a time; what is "${more.join(" ")}"?`);
      const answer = await plan(dir, values, io);
      io.stdout.write(values.json === true ? `${JSON.stringify(answer, null, 2)}\n` : format(answer));
      return 0;
    } catch (error) {
      showFaults(error, io);
      return tellError("plan", error, io);
    }
  },
};

function readArguments(args: string[]) {
  return readFlags(args, {
    partial: { type: "boolean" },
    clients: { type: "string", multiple: true },
    ...API_FLAGS,
    json: { type: "boolean" },
  });
}

async function plan(dir: string, values: Values, io: CommandIo): Promise<PlanAnswer> {
  const api = new ApiClient(values, io.env);
  const clients = values.clients?.flatMap((list) => list.split(",").map(readClient));
  const documents: Record<string, Record<string, DocumentBody>> = { zones: {}, pools: {}, monitors: {} };
  for (const [key, body] of await readFolderBodies(dir)) documents[kindOf(key)]![idOf(key)] = body;
  const body = { documents, whole: values.partial !== true, ...(clients === undefined ? {} : { clients }) };
  return (await api.ask("/v1/plan", { body })).body as PlanAnswer;
}

function readClient(text: string): { network: string; weight: number } {
  const [network = "", weight = "1", ...more] = text.split("=");
  if (more.length > 0 || !(Number(weight) > 0)) throw usage(`--clients "${text}" is not as 203.0.113.0/24=3`);
  return { network, weight: Number(weight) };
}

/** Of the folder, and of what the server found. */
function showFaults(error: unknown, io: CommandIo): void {
  if (!(error instanceof WindroseError)) return;
  const faults = error.code === "documents-invalid" ? (error.fields.faults as readonly Fault[]) : [];
  const errors = (error.fields.errors ?? []) as readonly ProblemItem[];
  const lines = [
    ...faults.map(formatFault),
    ...errors.map(({ document, pointer, message }) => `${document ?? ""}${pointer ?? ""}: ${message}`),
  ];
  io.stderr.write(lines.map((line) => `${line}\n`).join(""));
}

function format({ generation, changes, warnings, clients, names, namesLeftOut }: PlanAnswer): string {
  const lines = changeLines(changes);
  const head = `against generation ${generation}: ${lines.length === 0 ? "nothing" : count(lines.length, "document")} would change`;
  const who = clients.by === "list" ? "the clients given" : "countries, by their people";
  const asked = names.length === 0 ? [] : ["", `asked by ${count(clients.networks, "network")}: ${who}`];
  const blind =
    clients.networks === 0 && lines.length > 0
      ? ["", "nobody to ask: the server has no place data; give --clients"]
      : [];
  const left = namesLeftOut === 0 ? [] : ["", `${count(namesLeftOut, "more name")}, not looked at`];
  return [
    head,
    ...lines,
    ...warnings.map(({ message }) => `warning: ${message}`),
    ...asked,
    ...blind,
    ...names.flatMap((moves) => ["", formatMoves(moves).trimEnd()]),
    ...left,
    "",
  ].join("\n");
}

/** One for each document: `~ pools/web: members`. */
function changeLines(changes: readonly ShownPart[]): string[] {
  const paths = new Map<string, string[]>();
  const signs = new Map<string, string>();
  for (const part of changes) {
    const { document, path } = part;
    paths.set(document, [...(paths.get(document) ?? []), path.join(" ")]);
    signs.set(document, path.length > 0 ? "~" : "before" in part ? "-" : "+");
  }
  return [...paths].map(([document, all]) => {
    const parts = all.join(", ");
    return `${signs.get(document)} ${document}${parts === "" ? "" : `: ${parts}`}`;
  });
}

function formatMoves({ name, moved, members, groups }: NameMoves): string {
  const title = `${name}  ${percent(moved)} of clients would move\n`;
  if (moved === 0) return title;
  const rows = members.map(({ id, before, after }) => [`  ${id}`, percent(before), percent(after)]);
  const shown = groups
    .slice(0, GROUPS_SHOWN_MAX)
    .map(({ group, moved: part }) => `${group} ${percent(part)}`);
  const more = groups.length > GROUPS_SHOWN_MAX ? ", …" : "";
  return `${title}${formatTable(["  MEMBER", "BEFORE", "AFTER"], rows)}  most of them in ${shown.join(", ")}${more}\n`;
}

function percent(part: number): string {
  return `${Math.round(part * 1000) / 10} %`;
}

function usage(message: string): WindroseError {
  return new WindroseError("usage", message);
}
