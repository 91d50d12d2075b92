/**
 * `windrose token`: makes, lists and revokes tokens of the API in the data folder of a server, or in the Redis of many, for
 * when nobody has one that would do it over the API.
 *
 * @module
 */
import { openTokenFile } from "../api/token-file.ts";
import { SCOPES, type Scope, type Token, type TokenRequest, type TokenStore, Tokens } from "../api/tokens.ts";
import { DURATION_PATTERN, parseDuration } from "../documents/duration.ts";
import { WindroseError } from "../lib/errors.ts";
import { type Command, type CommandIo, readFlags, tellError } from "./command.ts";
import { formatTable } from "./format-table.ts";
import { createLogger } from "./logger.ts";
import { redisAccess } from "./redis-settings.ts";
import { readSettings } from "./settings.ts";
import type { SettingValues } from "./settings-table.ts";

const USAGE = `Usage: windrose token create NAME [--scope SCOPE] [--zone ZONE]... [--pool POOL]... [--expires TIME]
       windrose token list
       windrose token revoke ID

Manages tokens of the API, also while the server runs. Those in Redis (--redis) count on all nodes at
once. Those in a data folder are of its server, which takes note within a tenth of a second.

  --scope SCOPE   read (the default), edit or admin; each may do what those before it may
  --zone ZONE     for this zone alone; may be given several times
  --pool POOL     for this pool alone; may be given several times
  --expires TIME  from now: 12h, 720h
  --redis URL     the Redis of the nodes (WINDROSE_REDIS, or as windrose.yaml says)
  --redis-ca FILE certificate authorities to trust, in PEM (WINDROSE_REDIS_CA)
  --data DIR      the data folder, where there is no Redis (WINDROSE_DATA, or as windrose.yaml says)
  --config FILE   settings as YAML (windrose.yaml, where there is one)
  --json          the answer as data
  --help          this help

A new token is printed once, and kept nowhere. Exit code: 0 done, 1 not done, 2 for wrong usage.
`;

type Values = ReturnType<typeof readArguments>["values"];

export const command: Command = {
  name: "token",
  summary: "make, list and revoke tokens of the API in a data folder or in Redis",
  usage: USAGE,
  async run(args, io) {
    try {
      const { values, positionals } = readArguments(args);
      if (values.help === true) {
        io.stdout.write(USAGE);
        return 0;
      }
      const [action, argument, ...more] = positionals;
      if (more.length > 0) throw usage(`what is "${more.join(" ")}"?`);
      switch (action) {
        case "create":
          return await withTokens(values, io, (tokens) => create(tokens, argument, values, io));
        case "list":
          if (argument !== undefined) throw usage(`list takes no "${argument}"`);
          return await withTokens(values, io, (tokens) => list(tokens, values, io));
        case "revoke":
          return await withTokens(values, io, (tokens) => revoke(tokens, argument, io));
        default:
          throw usage(
            `${action === undefined ? "do what?" : `"${action}" is none of them;`} create, list or revoke`,
          );
      }
    } catch (error) {
      return tellError("token", error, io);
    }
  },
};

function readArguments(args: string[]) {
  return readFlags(args, {
    scope: { type: "string" },
    zone: { type: "string", multiple: true },
    pool: { type: "string", multiple: true },
    expires: { type: "string" },
    redis: { type: "string" },
    "redis-ca": { type: "string" },
    data: { type: "string" },
    config: { type: "string" },
    json: { type: "boolean" },
  });
}

async function withTokens(
  values: Values,
  io: CommandIo,
  use: (tokens: Tokens) => Promise<number>,
): Promise<number> {
  const flags = (["redis", "redis-ca", "data", "config"] as const).flatMap((flag) => {
    const value = values[flag];
    return value === undefined ? [] : [`--${flag}`, value];
  });
  // A folder that is asked for is meant, whatever the environment says of Redis.
  const settings = readSettings(
    values.data !== undefined && values.redis === undefined ? [...flags, "--redis", "none"] : flags,
    io.env,
  );
  if (settings === "help") throw usage("--help stands alone");
  const { store, close } = await openTokens(settings, io);
  // The token of the environment is the server's, and kept nowhere.
  const tokens = new Tokens(store, { now: () => Date.now() });
  try {
    return await use(tokens);
  } finally {
    await tokens.close();
    close();
  }
}

async function openTokens(
  settings: SettingValues,
  io: CommandIo,
): Promise<{ store: TokenStore; close: () => void }> {
  const access = redisAccess(settings, io.env);
  if (access !== undefined) {
    const module = await import("./shared-redis.ts");
    const log = createLogger({ level: "warn", fields: {}, to: io.stderr });
    return module.openRedisTokens(access, log);
  }
  if (settings.data === null) throw usage("which data folder? give --data DIR, or --redis URL");
  return { store: await openTokenFile(settings.data), close: () => {} };
}

async function create(
  tokens: Tokens,
  name: string | undefined,
  values: Values,
  io: CommandIo,
): Promise<number> {
  if (name === undefined)
    throw usage("create whose token? give it a name, such as the program that will use it");
  const { zone, pool, expires } = values;
  const request: TokenRequest = {
    name,
    scope: readScope(values.scope ?? "read"),
    ...(zone === undefined
      ? {}
      : { zones: zone.map((id) => (id === "." ? id : id.toLowerCase().replace(/\.$/, ""))) }),
    ...(pool === undefined ? {} : { pools: pool }),
    ...(expires === undefined
      ? {}
      : { expiresAt: new Date(Date.now() + readDuration(expires)).toISOString() }),
  };
  const { token, text } = await tokens.create(request, "windrose token");
  io.stdout.write(values.json === true ? `${JSON.stringify({ ...token, text }, null, 2)}\n` : `${text}\n`);
  return 0;
}

async function list(tokens: Tokens, values: Values, io: CommandIo): Promise<number> {
  const all = await tokens.list();
  if (values.json === true) {
    io.stdout.write(`${JSON.stringify({ tokens: all }, null, 2)}\n`);
    return 0;
  }
  const rows = all.map((token) => [
    token.id,
    token.name,
    token.scope,
    [...(token.zones ?? []), ...(token.pools ?? [])].join(",") || "all",
    stateOf(token),
    token.lastUsedAt ?? "never",
  ]);
  io.stdout.write(formatTable(["ID", "NAME", "SCOPE", "FOR", "STATE", "LAST USED"], rows) || "no tokens\n");
  return 0;
}

function stateOf({ revokedAt, expiresAt }: Token): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt}`;
  if (expiresAt === undefined) return "good";
  return `${Date.parse(expiresAt) <= Date.now() ? "expired" : "good until"} ${expiresAt}`;
}

async function revoke(tokens: Tokens, id: string | undefined, io: CommandIo): Promise<number> {
  if (id === undefined) throw usage("revoke which? windrose token list shows the ids");
  switch (await tokens.revoke(id)) {
    case "revoked":
      io.stdout.write(`revoked ${id}\n`);
      return 0;
    case "unknown":
      io.stderr.write(`windrose token: there is no token "${id}" that is not revoked; list shows them\n`);
      return 1;
    case "last":
      io.stderr.write(`windrose token: "${id}" is the last one of scope admin; create another first\n`);
      return 1;
  }
}

function readScope(text: string): Scope {
  const scope = SCOPES.find((each) => each === text);
  if (scope === undefined) throw usage(`--scope "${text}" is none of ${SCOPES.join(", ")}`);
  return scope;
}

function readDuration(text: string): number {
  if (!new RegExp(DURATION_PATTERN).test(text))
    throw usage(`--expires "${text}" is no time; write one as in 720h`);
  return parseDuration(text);
}

function usage(message: string): WindroseError {
  return new WindroseError("usage", message);
}
