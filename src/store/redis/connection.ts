/**
 * Connects to Redis or Valkey by a URL: one server, Sentinel, or Cluster.
 *
 *   redis://[user[:password]@]host[:port][/db]                      rediss:// with TLS
 *   redis+sentinel://[user[:password]@]host[:port],host…/MASTER[/db]  rediss+sentinel://
 *   redis+cluster://[user[:password]@]host[:port],host…             rediss+cluster://
 *
 * A command that cannot be sent fails at once, and one that is not answered after a while: who waits for it
 * is a person or a program with an edit, and is better told than kept. Reconnecting goes on for ever.
 *
 * @module
 */
import { Cluster, Redis } from "ioredis";
import { WindroseError } from "../../lib/errors.ts";

export type RedisConnection = Redis | Cluster;

export interface RedisTarget {
  readonly form: "server" | "sentinel" | "cluster";
  readonly tls: boolean;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Sentinel's name of the master. */
  readonly master: string | undefined;
}

export interface RedisOptions {
  /** Certificate authorities to trust, in PEM, instead of the system's. */
  readonly ca?: string;
}

/** Where Redis is, as settings say it. */
export interface RedisWhere {
  /** As parseRedisUrl() takes it. */
  readonly url: string;
  /** Instead of the one in the URL. */
  readonly password?: string;
  /** Certificate authorities to trust, in PEM. */
  readonly ca?: string;
}

export interface RedisConnector {
  /** The URL for logs: without user and password. */
  readonly name: string;
  /** One more connection. */
  connect(): RedisConnection;
}

const PORT = 6379;
const SENTINEL_PORT = 26_379;
const CONNECT_TIMEOUT_MS = 2000;
const COMMAND_TIMEOUT_MS = 2000;
/**
 * A connection on which an answer is due for so long is given up: the line may be dead, or Sentinel may have made another server
 * the master while this one hangs. Longer than a command waits.
 */
const SOCKET_TIMEOUT_MS = 3000;
/** Redis words it in several ways, also inside of scripts. */
const NO_PERMISSION = /^NOPERM|ACL failure|user executing the script can't/;
/** How long a start waits for Redis before it goes on without. */
const CONNECT_MS_MAX = 3000;
const RETRY_MS_MAX = 1000;

const WANTED =
  "redis://HOST[:PORT][/DB], rediss:// for TLS, redis+sentinel://HOST,HOST/MASTER, or redis+cluster://HOST,HOST";

/** Throws WindroseError "settings-invalid" for a wrong URL. */
export function redisConnector({ url, password, ca }: RedisWhere): RedisConnector {
  const asked = parseRedisUrl(url);
  const target = password === undefined ? asked : { ...asked, password };
  return {
    name: describeRedis(target),
    connect: () => openRedis(target, ca === undefined ? {} : { ca }),
  };
}

/** Throws WindroseError "settings-invalid" for what is no such URL; its text never holds the password. */
export function parseRedisUrl(url: string): RedisTarget {
  const match = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/]+)(?:\/(.*))?$/.exec(url);
  if (match === null) throw invalid(url, "it is no Redis URL");
  const [, scheme, form = "server", userInfo = "", authority, path = ""] = match;
  const [username = "", password] = splitOnce(userInfo, ":");
  const defaultPort = form === "sentinel" ? SENTINEL_PORT : PORT;
  const hosts = authority!.split(",").map((text) => parseHost(text, defaultPort, url));
  if (form === "server" && hosts.length > 1) throw invalid(url, "several hosts need +sentinel or +cluster");
  const [first = "", ...rest] = path.split("/");
  const master = form === "sentinel" ? decodeURIComponent(first) : undefined;
  if (master === "") throw invalid(url, "Sentinel's name of the master is missing");
  const databaseText = form === "sentinel" ? (rest[0] ?? "") : first;
  if (!/^\d{0,5}$/.test(databaseText)) throw invalid(url, `"${databaseText}" is no number of a database`);
  if (form === "cluster" && databaseText !== "") throw invalid(url, "a Cluster has no numbered databases");
  return {
    form: form as RedisTarget["form"],
    tls: scheme === "rediss",
    hosts,
    username: username === "" ? undefined : decodeURIComponent(username),
    password: password === undefined ? undefined : decodeURIComponent(password),
    database: Number(databaseText),
    master,
  };
}

/** The URL for logs: without user and password. */
function describeRedis({ form, tls, hosts, master, database }: RedisTarget): string {
  const scheme = `${tls ? "rediss" : "redis"}${form === "server" ? "" : `+${form}`}`;
  const list = hosts.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`).join(",");
  const path = [master, database === 0 ? undefined : String(database)].filter((part) => part !== undefined);
  return `${scheme}://${[list, ...path].join("/")}`;
}

/** Connects in the background; commands fail until that is done, and while the connection is gone. */
export function openRedis(target: RedisTarget, { ca }: RedisOptions = {}): RedisConnection {
  const { form, tls, hosts, username, password, database, master } = target;
  const common = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: ca === undefined ? {} : { ca } } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy,
  };
  if (form === "cluster") {
    return new Cluster(hosts as { host: string; port: number }[], {
      redisOptions: common,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryStrategy,
    });
  }
  if (form === "sentinel") {
    return new Redis({
      ...common,
      sentinels: hosts as { host: string; port: number }[],
      name: master!,
      db: database,
      sentinelRetryStrategy: retryStrategy,
      ...(tls ? { enableTLSForSentinelMode: true } : {}),
    });
  }
  return new Redis({ ...common, ...hosts[0]!, db: database });
}

/** Resolves when there is a connection, or when it failed, or when it takes too long. */
export function connected(redis: RedisConnection): Promise<void> {
  if (redis.status === "ready") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CONNECT_MS_MAX);
    for (const event of ["ready", "error", "end"]) {
      redis.once(event, () => {
        clearTimeout(timer);
        resolve();
      });
    }
  });
}

/** Redis answered, and said no: out of memory, read-only, no permission. Nothing was written. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

/** Of what redisUnavailable() made: this user may not do that, now or later. */
export function isForbidden(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && isRefusal(cause) && NO_PERMISSION.test(cause.message);
}

/** With the trouble of the connection, where a command only says that there is none. */
export function redisUnavailable(error: unknown, trouble: Error | undefined): WindroseError {
  const cause = isRefusal(error) ? error : (trouble ?? error);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WindroseError("store-unavailable", `Redis ${refusalOf(why)}: ${why}`, { cause });
}

function retryStrategy(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 5), RETRY_MS_MAX);
}

function parseHost(text: string, defaultPort: number, url: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? defaultPort);
  if (match === null || port < 1 || port > 65_535) throw invalid(url, `"${text}" is no host`);
  return { host: match[1] ?? match[2]!, port };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function invalid(url: string, why: string): WindroseError {
  const shown = url.replace(/\/\/[^@/]*@/, "//…@");
  return new WindroseError(
    "settings-invalid",
    `"${shown}" does not say where Redis is: ${why}; wanted ${WANTED}`,
  );
}

/** In words of ours, by what Redis says. */
function refusalOf(why: string): string {
  if (NO_PERMISSION.test(why)) return "gives this user no permission for that, see docs/redis.md";
  if (why.startsWith("OOM")) return "has no memory left, raise its maxmemory";
  if (/^READONLY|^MISCONF/.test(why)) return "takes no writes";
  return "cannot be asked";
}
