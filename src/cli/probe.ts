/**
 * `windrose probe`: a prober by itself. Checks the members of the pools in Redis from one region, and tells the nodes what it holds
 * of them, until SIGTERM or SIGINT.
 *
 *   Redis ─ pools, monitors ─► DocumentFollower ─► Prober ─ opinions ─► Redis ─► nodes
 *
 * Where Redis is away it goes on checking, and what it holds is told when Redis is back.
 *
 * @module
 */
import { hostname } from "node:os";
import type { Logger } from "pino";
import { ID_PATTERN } from "../documents/limits.ts";
import { WindroseError } from "../lib/errors.ts";
import { keepHeapSmall } from "../lib/heap.ts";
import { DocumentFollower } from "../prober/document-follower.ts";
import { type Command, type CommandIo, readFlags } from "./command.ts";
import { openExchange } from "./live-exchange.ts";
import { createLogger } from "./logger.ts";
import { startProber } from "./probing.ts";
import { type RedisAccess, redisAccess } from "./redis-settings.ts";
import { startRoundTripProber } from "./round-trips.ts";
import { readSettings } from "./settings.ts";
import type { SettingValues } from "./settings-table.ts";
import { Signals } from "./signals.ts";

const USAGE = `Usage: windrose probe --region REGION --redis URL [--name NAME]

Checks the members of the pools that have a monitor, from one region, and tells the nodes on the same
Redis what it finds. Pools and monitors are those in Redis; changes of them are taken up while it runs.
Any number of probers may stand in a region; they share the time between two checks.

  --region REGION   where it stands; regions are what a monitor's quorum counts (WINDROSE_REGION)
  --redis URL       where Redis is (WINDROSE_REDIS); the password also in WINDROSE_REDIS_PASSWORD, or a
                    file with it in WINDROSE_REDIS_PASSWORD_FILE
  --redis-ca FILE   certificate authorities to trust, in PEM (WINDROSE_REDIS_CA)
  --name NAME       what it is called among all probers (WINDROSE_NAME); by default the host name
  --rtt-probe on, --rtt-rate, --rtt-interval, --rtt-opt-out, --rtt-allow
                    as for serve: also measures the way to resolvers that ask
  --log-level LEVEL trace, debug, info, warn, error, fatal, silent (WINDROSE_LOG_LEVEL)
  --config FILE     settings as YAML (windrose.yaml, where there is one)
  --help            this help

SIGTERM and SIGINT end its checks, tell the nodes that it is gone, and exit with 0; a second one exits
at once.
`;

/** The flags that settings of `serve` are given by. */
const SETTING_FLAGS = {
  region: { type: "string" },
  redis: { type: "string" },
  "redis-ca": { type: "string" },
  "log-level": { type: "string" },
  "rtt-probe": { type: "string" },
  "rtt-rate": { type: "string" },
  "rtt-interval": { type: "string" },
  "rtt-opt-out": { type: "string", multiple: true },
  "rtt-allow": { type: "string", multiple: true },
  config: { type: "string" },
} as const;

export const command: Command = {
  name: "probe",
  summary: "check endpoints from one region, for the nodes on a Redis",
  usage: USAGE,
  async run(args, io) {
    const request = readArguments(args, io);
    if (request === "help") {
      io.stdout.write(USAGE);
      return 0;
    }
    const { settings, name, access } = request;
    const fields = { name, ...(settings.region === null ? {} : { region: settings.region }) };
    return probe(request, access, createLogger({ level: settings.logLevel, fields, to: io.stderr }));
  },
};

interface ProbeRequest {
  readonly settings: SettingValues;
  readonly name: string;
  readonly access: RedisAccess;
}

/** Throws WindroseError "usage" or "settings-invalid". */
function readArguments(args: string[], io: CommandIo): ProbeRequest | "help" {
  const { values, positionals } = readFlags(args, { ...SETTING_FLAGS, name: { type: "string" } });
  if (values.help === true) return "help";
  if (positionals.length > 0)
    throw new WindroseError("usage", `probe takes flags only, and no "${positionals.join(" ")}"`);
  const flags = Object.keys(SETTING_FLAGS) as (keyof typeof SETTING_FLAGS)[];
  const given = flags.flatMap((flag) => [values[flag] ?? []].flat().flatMap((value) => [`--${flag}`, value]));
  const settings = readSettings(given, io.env);
  if (settings === "help") throw new Error("nobody asked for the help of serve");
  const access = redisAccess(settings, io.env);
  if (access === undefined)
    throw new WindroseError(
      "usage",
      "windrose probe needs --redis; in one process, serve probes by itself (--probe)",
    );
  const ownName = io.env.WINDROSE_NAME ?? "";
  const name = values.name ?? (ownName === "" ? hostname() : ownName);
  checkName("name", name);
  if (settings.region !== null) checkName("region", settings.region);
  return { settings, name, access };
}

/** Documents name regions, so nothing else can be one. */
function checkName(what: "name" | "region", text: string): void {
  if (new RegExp(ID_PATTERN).test(text)) return;
  throw new WindroseError(
    "settings-invalid",
    `Cannot use --${what}: "${text}" is no ${what}; write 1 to 64 of the characters A-Z a-z 0-9 _ . : - with a letter, digit or _ first and last`,
    { setting: what },
  );
}

async function probe({ settings, name }: ProbeRequest, access: RedisAccess, log: Logger): Promise<number> {
  keepHeapSmall();
  const { openRedisStore } = await import("../store/redis/redis-documents.ts");
  const store = await openRedisStore({ ...access, onlyReads: true, log });
  const exchange = await openExchange({ access, dataDir: null, log });
  const prober = startProber({ exchange, name, region: settings.region, log });
  const roundTrips = startRoundTripProber(settings, { exchange, name, log });
  const documents = new DocumentFollower({ store, log, use: (read) => prober.use(read) });
  const signals = new Signals(() => documents.reload());
  try {
    await documents.start();
    log.info({ redis: store.name, signal: await signals.ended }, "stopping");
    return 0;
  } finally {
    await Promise.all([documents.stop(), prober.stop(), roundTrips?.stop()]);
    await exchange.close();
    signals.close();
  }
}
