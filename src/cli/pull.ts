/**
 * `windrose pull`: the documents in Redis into a folder.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { WindroseError } from "../lib/errors.ts";
import type { DocumentBody } from "../store/change.ts";
import type { DocumentKey } from "../store/document-key.ts";
import { type PlacedBody, readPlacedBodies } from "../store/folder-bodies.ts";
import { writeFolderBodies } from "../store/folder-files.ts";
import type { RedisDocuments } from "../store/redis/redis-documents.ts";
import { type Command, type CommandIo, tellError } from "./command.ts";
import {
  differences,
  readStoreBodies,
  readTransferArgs,
  summary,
  type TransferRequest,
  withRedis,
} from "./redis-transfer.ts";

const USAGE = `Usage: windrose pull DIR --redis URL [--dry-run] [--delete]

Writes the documents in Redis into a folder. A document that stands in a file there is changed in that file, which
keeps its comments and order; a new zone gets a file of its own. Prints one line for each document that
changes: + comes, ~ changes (and what of it), - goes.

  DIR               the folder; made when it is not there
  --redis URL       where Redis is (WINDROSE_REDIS); the password also in WINDROSE_REDIS_PASSWORD, or a
                    file with it in WINDROSE_REDIS_PASSWORD_FILE
  --redis-ca FILE   certificate authorities to trust, in PEM (WINDROSE_REDIS_CA)
  --dry-run         only print what would change
  --delete          take documents out of the folder that are not in Redis
  --config FILE     settings as YAML, as for serve
  --help            this help

Exit code: 0 done, 1 when Redis cannot be asked or the folder cannot be written, 2 for wrong usage.
`;

export const command: Command = {
  name: "pull",
  summary: "write the documents in Redis into a folder",
  usage: USAGE,
  async run(args, io) {
    try {
      const request = readTransferArgs(args, io.env);
      if (request !== "help")
        return await withRedis(request.settings, io, (store) => pull(request, store, io));
      io.stdout.write(USAGE);
      return 0;
    } catch (error) {
      return tellError("pull", error, io);
    }
  },
};

async function pull(
  { dir, isDryRun, deletes }: TransferRequest,
  store: RedisDocuments,
  io: CommandIo,
): Promise<number> {
  const bodies = await readStoreBodies(store);
  const placed = await readFolder(dir);
  const before = new Map([...placed].map(([key, { body }]) => [key, body]));
  const { edits, lines, left } = differences(before, bodies, deletes);
  if (!isDryRun) await write(dir, edits, placed);
  io.stdout.write(lines.map((line) => `${line}\n`).join(""));
  io.stderr.write(summary(isDryRun ? "would change" : "pulled", edits.size, left, dir));
  return 0;
}

async function readFolder(dir: string): Promise<Map<DocumentKey, PlacedBody>> {
  const found = await stat(dir).catch(() => undefined);
  return found === undefined ? new Map() : readPlacedBodies(dir);
}

async function write(
  dir: string,
  edits: ReadonlyMap<DocumentKey, DocumentBody | null>,
  placed: ReadonlyMap<DocumentKey, PlacedBody>,
): Promise<void> {
  try {
    await writeFolderBodies(dir, edits, placed);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WindroseError("store-unavailable", `Cannot write to "${dir}": ${why}`, { dir, cause });
  }
}
