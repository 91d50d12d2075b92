/**
 * What `push` and `pull` have in common: their flags, Redis, and the difference between two sets of documents.
 *
 * @module
 */
import pino from "pino";
import { count } from "../lib/count.ts";
import { WindroseError } from "../lib/errors.ts";
import { type DocumentBody, partsBetween } from "../store/change.ts";
import type { DocumentKey } from "../store/document-key.ts";
import { openRedisStore, type RedisDocuments } from "../store/redis/redis-documents.ts";
import { type CommandIo, readFlags } from "./command.ts";
import { redisAccess } from "./redis-settings.ts";
import { readSettings } from "./settings.ts";
import type { SettingValues } from "./settings-table.ts";

export interface TransferRequest {
  readonly dir: string;
  readonly settings: SettingValues;
  readonly isDryRun: boolean;
  /** Documents that only the other side has are taken away. */
  readonly deletes: boolean;
  readonly reason: string | undefined;
}

/** The flags that settings of `serve` are given by. */
const SETTING_FLAGS = ["zones", "redis", "redis-ca", "geo", "rtt", "rtt-expiry", "config"] as const;

/** Throws WindroseError "usage" or "settings-invalid". */
export function readTransferArgs(args: string[], env: NodeJS.ProcessEnv): TransferRequest | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help === true) return "help";
  const given = SETTING_FLAGS.flatMap((flag) =>
    [values[flag] ?? []].flat().flatMap((value) => [`--${flag}`, value]),
  );
  const settings = readSettings(given, env);
  if (settings === "help") throw new Error("nobody asked for the help of serve");
  const dirs = values.zones === undefined ? positionals : [...positionals, values.zones];
  if (dirs.length > 1)
    throw new WindroseError("usage", `one folder at a time, not ${dirs.join(" and ")}`, { dirs });
  return {
    dir: dirs[0] ?? settings.zones,
    settings,
    isDryRun: values["dry-run"] === true,
    deletes: values.delete === true,
    reason: values.reason,
  };
}

/** Runs with a store in the Redis of the settings, and closes it. */
export async function withRedis(
  settings: SettingValues,
  io: CommandIo,
  run: (store: RedisDocuments) => Promise<number>,
): Promise<number> {
  const access = redisAccess(settings, io.env);
  if (access === undefined)
    throw new WindroseError("usage", "no Redis is named; give --redis URL, or set WINDROSE_REDIS");
  const store = await openRedisStore({ ...access, log: pino({ level: "silent" }) });
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

/** All documents of the store. */
export async function readStoreBodies(store: RedisDocuments): Promise<Map<DocumentKey, DocumentBody>> {
  const { listing } = await store.list();
  const bodies = new Map<DocumentKey, DocumentBody>();
  for await (const [{ path }, text] of store.texts([...listing.files.values()]))
    bodies.set(path as DocumentKey, JSON.parse(text) as DocumentBody);
  if (bodies.size < listing.files.size) {
    throw new WindroseError("edit-unsettled", "Redis changed while it was read; try again");
  }
  return bodies;
}

/** What has to be done to `before` to make it `after`; what only `before` has goes when `deletes` says so. */
export function differences(
  before: ReadonlyMap<DocumentKey, DocumentBody>,
  after: ReadonlyMap<DocumentKey, DocumentBody>,
  deletes: boolean,
): { edits: Map<DocumentKey, DocumentBody | null>; lines: string[]; left: number } {
  const edits = new Map<DocumentKey, DocumentBody | null>();
  const lines: string[] = [];
  let left = 0;
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [was, is] = [before.get(key) ?? null, after.get(key) ?? null];
    if (is === null) {
      if (!deletes) left++;
      else {
        edits.set(key, null);
        lines.push(`- ${key}`);
      }
      continue;
    }
    const parts = partsBetween(key, was, is);
    if (parts.length === 0) continue;
    edits.set(key, is);
    lines.push(was === null ? `+ ${key}` : `~ ${key}: ${parts.map(({ path }) => path.join(" ")).join(", ")}`);
  }
  return { edits, lines, left };
}

/** `3 documents pushed; 1 document only in Redis is left, --delete takes it away`. */
export function summary(done: string, changed: number, left: number, where: string): string {
  const rest =
    left === 0
      ? ""
      : `; ${count(left, "document")} only in ${where} left as ${left === 1 ? "it is" : "they are"} (--delete takes ${left === 1 ? "it" : "them"} away)`;
  return `${count(changed, "document")} ${done}${rest}\n`;
}

function parseFlags(args: string[]) {
  return readFlags(args, {
    zones: { type: "string" },
    redis: { type: "string" },
    "redis-ca": { type: "string" },
    geo: { type: "string", multiple: true },
    rtt: { type: "string" },
    "rtt-expiry": { type: "string" },
    config: { type: "string" },
    "dry-run": { type: "boolean" },
    delete: { type: "boolean" },
    reason: { type: "string" },
  });
}
