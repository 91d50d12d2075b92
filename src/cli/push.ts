/**
 * `windrose push`: the documents of a folder into Redis, as one change.
 *
 * @module
 */
import { userInfo } from "node:os";
import { DocumentReader } from "../documents/document-reader.ts";
import { runExpectations } from "../expectations/run-expectations.ts";
import { WindroseError } from "../lib/errors.ts";
import { type Fault, formatFault, hasErrors } from "../lib/fault.ts";
import { type DocumentBody, type Edit, partsBetween } from "../store/change.ts";
import type { DocumentKey } from "../store/document-key.ts";
import { readFolderBodies } from "../store/folder-bodies.ts";
import type { RedisDocuments } from "../store/redis/redis-documents.ts";
import { loadClientTables } from "./client-tables.ts";
import { type Command, type CommandIo, tellError } from "./command.ts";
import {
  differences,
  readStoreBodies,
  readTransferArgs,
  summary,
  type TransferRequest,
  withRedis,
} from "./redis-transfer.ts";
import type { SettingValues } from "./settings-table.ts";

const USAGE = `Usage: windrose push [DIR] --redis URL [--dry-run] [--delete] [--reason TEXT]

Puts the documents of a folder into Redis, as one change: all of it, or nothing. Prints one line for each
document that changes: + comes, ~ changes (and what of it), - goes.

  DIR               the folder (by default the one of serve: --zones, WINDROSE_ZONES or windrose.yaml)
  --redis URL       where Redis is (WINDROSE_REDIS); the password also in WINDROSE_REDIS_PASSWORD, or a
                    file with it in WINDROSE_REDIS_PASSWORD_FILE
  --redis-ca FILE   certificate authorities to trust, in PEM (WINDROSE_REDIS_CA)
  --dry-run         only print what would change
  --delete          take documents away that are in Redis and not in the folder
  --reason TEXT     for the history of changes
  --geo FILE, --rtt FILE, --rtt-expiry TIME, --config FILE
                    as for serve: what the zones expect is asked with them
  --help            this help

Exit code: 0 done, 1 when the documents have faults or Redis cannot be asked, 2 for wrong usage.
`;

/** How often a push is made anew because another change was faster. */
const TRIES = 5;

export const command: Command = {
  name: "push",
  summary: "put the documents of a folder into Redis",
  usage: USAGE,
  async run(args, io) {
    try {
      const request = readTransferArgs(args, io.env);
      if (request !== "help")
        return await withRedis(request.settings, io, (store) => push(request, store, io));
      io.stdout.write(USAGE);
      return 0;
    } catch (error) {
      if (error instanceof WindroseError && error.code === "documents-invalid")
        tellFaults(error.fields.faults as readonly Fault[], io);
      return tellError("push", error, io);
    }
  },
};

async function push(request: TransferRequest, store: RedisDocuments, io: CommandIo): Promise<number> {
  const { dir, isDryRun, deletes, settings, reason = `pushed from ${dir}` } = request;
  const bodies = await readFolderBodies(dir);
  for (let tries = 0; tries < TRIES; tries++) {
    const { listing, generation } = await store.list();
    const before = await readStoreBodies(store);
    const { edits, lines, left } = differences(before, bodies, deletes);
    const draft = await store.draft(
      [...edits].map(([key, body]): Edit => ({ key, body })),
      listing,
    );
    const loaded = await new DocumentReader(draft.readFiles).load(draft.listing);
    const faults = [...loaded.faults, ...failures(loaded, settings, io)];
    if (hasErrors(faults)) {
      throw new WindroseError(
        "documents-invalid",
        `Nothing was pushed: with "${dir}", Redis would have errors`,
        {
          faults,
        },
      );
    }
    if (store.ids("zones").length > 0 && loaded.configuration?.zones.size === 0) {
      // No node would take it: a folder in the middle of a copy looks like this.
      throw new WindroseError("documents-invalid", "Nothing was pushed: no zone would be left in Redis", {
        faults: [],
      });
    }
    if (isDryRun || edits.size === 0) {
      tell(
        lines,
        isDryRun ? summary("would change", edits.size, left, "Redis") : summary("to push", 0, left, "Redis"),
        io,
      );
      return 0;
    }
    const parts = partsOf(before, edits);
    const done = await store.commit(draft, { expected: generation!, author: author(), reason, parts });
    if ("newest" in done) continue;
    tell(lines, `generation ${done.generation}: ${summary("pushed", edits.size, left, "Redis")}`, io);
    return 0;
  }
  throw new WindroseError(
    "edit-unsettled",
    "Others changed Redis again and again; nothing was pushed, try again",
  );
}

function failures(
  { configuration, expectations }: Awaited<ReturnType<DocumentReader["load"]>>,
  settings: SettingValues,
  io: CommandIo,
): readonly Fault[] {
  if (configuration === undefined || expectations.length === 0) return [];
  return runExpectations(configuration, expectations, loadClientTables(settings, io)).faults;
}

function partsOf(
  before: ReadonlyMap<DocumentKey, DocumentBody>,
  edits: ReadonlyMap<DocumentKey, DocumentBody | null>,
) {
  return [...edits].flatMap(([key, body]) => partsBetween(key, before.get(key) ?? null, body));
}

function tell(lines: readonly string[], end: string, io: CommandIo): void {
  io.stdout.write(lines.map((line) => `${line}\n`).join(""));
  io.stderr.write(end);
}

function tellFaults(faults: readonly Fault[], io: CommandIo): void {
  io.stderr.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
}

/** Whoever runs the command; a container may have no name for its user. */
function author(): string {
  try {
    return userInfo().username;
  } catch {
    return "push";
  }
}
