/**
 * `windrose serve`: the server. Reads the documents, listens, follows the folder, and ends well.
 *
 *   start      a broken configuration or an address that cannot be bound: say so, exit 1
 *   SIGHUP     read the documents again
 *   SIGTERM, SIGINT   listen no more, answer what has come, close, exit 0; a second one exits at once
 *
 * @module
 */
import { hostname } from "node:os";
import type { Logger } from "pino";
import type { NodeFace } from "../api/node-face.ts";
import { ExpectationThread } from "../expectations/expectation-thread.ts";
import { WindroseError } from "../lib/errors.ts";
import { type Fault, formatFault } from "../lib/fault.ts";
import { lockFolder } from "../lib/folder-lock.ts";
import { giveBackFreedMemory } from "../lib/freed-memory.ts";
import { keepHeapSmall } from "../lib/heap.ts";
import type { Prober } from "../prober/prober.ts";
import { sumOf } from "../server/counter-blocks.ts";
import { COUNTER } from "../server/counters.ts";
import { DataPlane } from "../server/data-plane.ts";
import { formatListenAddress, type ListenAddress } from "../server/listen-address.ts";
import type { TcpLimits } from "../server/tcp-limits.ts";
import { applyNews, newsOfClientTables, type Snapshot } from "../snapshot/snapshot.ts";
import { FileStore } from "../store/files/file-store.ts";
import { readFilesAside } from "../store/files/reading-thread.ts";
import type { LiveExchange } from "../store/live/live-exchange.ts";
import type { Store } from "../store/store.ts";
import { ClientTablesFollower } from "../sync/client-tables.ts";
import { Follower } from "../sync/follower.ts";
import { HealthFollower } from "../sync/health/health-follower.ts";
import type { Webhooks } from "../sync/health/webhooks.ts";
import type { ApiServer } from "./api-server.ts";
import type { Command, CommandIo } from "./command.ts";
import { formatExamples } from "./examples.ts";
import { openExchange } from "./live-exchange.ts";
import { createLogger } from "./logger.ts";
import { probedPlane, startProber } from "./probing.ts";
import { redisAccess } from "./redis-settings.ts";
import { type RunningRoundTrips, startRoundTrips } from "./round-trips.ts";
import { readSettings } from "./settings.ts";
import { formatSettingsHelp, type SettingValues } from "./settings-table.ts";
import type { SharedRedis } from "./shared-redis.ts";
import { Signals } from "./signals.ts";
import { readVersion } from "./version.ts";
import { startWebhooks } from "./webhooks.ts";

/** Longer than any client waits for an answer, shorter than what service managers wait for an end. */
const DRAIN_MS_MAX = 5000;

const USAGE = `Usage: windrose serve [FLAGS]

Answers DNS queries from the documents in a folder, over UDP and TCP. Edits are picked up while it
runs; a broken one is refused as a whole, and the last good configuration goes on answering.

${formatSettingsHelp()}
Each flag is also a variable (--log-level is WINDROSE_LOG_LEVEL; lists with commas) and a key in
windrose.yaml (log-level), in this order of strength. SIGHUP reads the documents again; SIGTERM and
SIGINT answer what has come, then end.
`;

export const command: Command = {
  name: "serve",
  summary: "answer DNS queries from the documents in a folder",
  usage: USAGE,
  async run(args, io) {
    const settings = readSettings(args, io.env);
    if (settings === "help") {
      io.stdout.write(USAGE);
      return 0;
    }
    const log = createLogger({
      level: settings.logLevel,
      fields: settings.region === null ? {} : { region: settings.region },
      to: io.stderr,
    });
    return serve(settings, log, io);
  },
};

async function serve(settings: SettingValues, log: Logger, io: CommandIo): Promise<number> {
  const startedMs = Date.now();
  const unlock = settings.data === null ? undefined : await lockFolder(settings.data);
  const store = await openStore(settings, log, io);
  let plane: DataPlane | undefined;
  const thread = new ExpectationThread();
  const follower = new Follower({
    store,
    log,
    judge: async ({ configuration, expectations }) => {
      if (configuration === undefined || plane === undefined) return [];
      return (await thread.run(configuration, expectations, plane.snapshot.clientTables)).faults;
    },
  });
  const { geo: placeFiles, rtt, rttExpiry } = settings;
  const samples = rtt === null ? null : { file: rtt, expiryMs: rttExpiry };
  const clientTables = new ClientTablesFollower({ placeFiles, samples, log });
  const signals = new Signals(() => follower.reload("SIGHUP"));
  let shared: SharedRedis | undefined;
  let exchange: LiveExchange | undefined;
  let health: HealthFollower | undefined;
  let prober: Prober | undefined;
  let webhooks: Webhooks | undefined;
  let roundTrips: RunningRoundTrips | undefined;
  let api: ApiServer | undefined;
  try {
    keepHeapSmall();
    const [documents, tables] = await Promise.all([follower.loadFirst(), clientTables.loadFirst()]);
    const snapshot = applyNews(documents, newsOfClientTables(documents, tables));
    const nodeName = () => shared?.nodes.name ?? settings.id ?? hostname();
    const current = () => follower.configuration;
    exchange = await openExchange({ access: redisAccess(settings, io.env), dataDir: settings.data, log });
    plane = newDataPlane(settings, snapshot, log);
    health = await openHealth(settings, { exchange, plane, follower, nodeName, log });
    const announced = { health, configuration: current, node: nodeName, env: io.env, log };
    webhooks = startWebhooks(settings, announced);
    // Before the first answer, so that it is by the orders and opinions that there are.
    await health.follow();
    const bound = await plane.listen(settings.dns);
    for (const address of bound.map(formatListenAddress)) {
      for (const transport of ["udp", "tcp"]) log.info({ transport, address }, "listening");
    }
    const node = nodeFace(settings, { startedMs, plane, bound, store, signals, nodeName });
    shared = await shareOverRedis(settings, node, log, io);
    const watched = health.around(shared?.around(plane) ?? plane, current);
    if (settings.probe) prober = startProber({ exchange, name: node.id, region: settings.region, log });
    follower.follow(probedPlane(watched, prober, current));
    clientTables.follow(plane);
    roundTrips = startRoundTrips(settings, { exchange, plane, clientTables, name: nodeName, log });
    if (settings.api !== null) {
      const module = await import("./api-server.ts");
      const own = {
        where: settings.api,
        settings,
        editor: follower,
        node,
        shared,
        live: { exchange, health },
        roundTrips: roundTrips.face,
        log,
        io,
      };
      api = await module.ApiServer.start(own);
    }
    giveBackFreedMemory();
    const { generation, zones, pools } = snapshot;
    log.info({ version: readVersion(), generation, zones: zones.length, pools: pools.size }, "answering");
    io.stdout.write(formatExamples(snapshot, bound));

    log.info({ signal: await signals.ended }, "stopping");
    await api?.close();
    await roundTrips.stop();
    await prober?.stop();
    await health.close();
    await webhooks?.close();
    await exchange.close();
    await shared?.close();
    await plane.stop({ withinMs: DRAIN_MS_MAX });
    log.info(queryCounts(plane), "stopped");
    return 0;
  } catch (error) {
    await api?.close();
    await roundTrips?.stop();
    await prober?.stop();
    await health?.close();
    await webhooks?.close();
    await exchange?.close();
    await shared?.close();
    await plane?.stop({ withinMs: 0 });
    showFaults(error, io);
    throw error;
  } finally {
    await Promise.all([follower.stop(), clientTables.stop()]);
    await thread.close();
    await unlock?.();
    signals.close();
  }
}

/** Redis where it is named, else the folder. */
async function openStore(settings: SettingValues, log: Logger, io: CommandIo): Promise<Store> {
  const { zones, data } = settings;
  const redis = redisAccess(settings, io.env);
  if (redis === undefined) {
    const warn = (message: string) => log.warn({ data }, message);
    return FileStore.open({ dir: zones, dataDir: data, readFiles: readFilesAside(), warn });
  }
  const { openRedisStore } = await import("../store/redis/redis-documents.ts");
  return openRedisStore({ ...redis, seedDir: zones, ...(data === null ? {} : { dataDir: data }), log });
}

async function shareOverRedis(
  settings: SettingValues,
  node: NodeFace,
  log: Logger,
  io: CommandIo,
): Promise<SharedRedis | undefined> {
  const access = redisAccess(settings, io.env);
  if (access === undefined) return undefined;
  const module = await import("./shared-redis.ts");
  return new module.SharedRedis(access, node, log);
}

interface HealthParts {
  readonly exchange: LiveExchange;
  readonly plane: DataPlane;
  readonly follower: Follower;
  readonly nodeName: () => string;
  readonly log: Logger;
}

/** Before the first answer: what is known to be down is not answered. */
function openHealth({ region, data }: SettingValues, parts: HealthParts): Promise<HealthFollower> {
  const { exchange, plane, follower, nodeName: node, log } = parts;
  const answered = () => {
    const { counters } = plane;
    return (slot: number) => counters.reduce((sum, block) => sum + block.memberCount(slot), 0);
  };
  const options = { exchange, node, region, dataDir: data, answered, log };
  return HealthFollower.open(options, follower.configuration, plane.snapshot);
}

interface NodeParts {
  readonly startedMs: number;
  readonly plane: DataPlane;
  readonly bound: readonly ListenAddress[];
  readonly store: Store;
  readonly signals: Signals;
  /** On Redis, what it is called among the nodes on it. */
  readonly nodeName: () => string;
}

function nodeFace({ region }: SettingValues, parts: NodeParts): NodeFace {
  const { startedMs, plane, bound, store, signals, nodeName } = parts;
  const { kind } = store;
  return {
    get id() {
      return nodeName();
    },
    version: readVersion(),
    region,
    addresses: bound.map(formatListenAddress),
    startedMs,
    get isAnswering() {
      return !signals.isEnding;
    },
    plane,
    get store() {
      return { kind, ...store.state };
    },
  };
}

function queryCounts({ counters }: DataPlane): Record<string, number> {
  const [udp4, udp6, tcp4, tcp6] = [0, 1, 2, 3].map((i) => sumOf(counters, COUNTER.transports + i));
  return { udpQueries: udp4! + udp6!, tcpQueries: tcp4! + tcp6! };
}

/** The lines that `windrose check` would print. */
function showFaults(error: unknown, io: CommandIo): void {
  if (!(error instanceof WindroseError) || error.code !== "documents-invalid") return;
  const faults = error.fields.faults as readonly Fault[];
  io.stderr.write(faults.map((fault) => `${formatFault(fault)}\n`).join(""));
}

function newDataPlane(settings: SettingValues, snapshot: Snapshot, log: Logger): DataPlane {
  const { chaos, id, versionText, workers, udp } = settings;
  return new DataPlane({
    snapshot,
    identity: { id: chaos ? id : null, version: chaos ? versionText : null },
    tcpLimits: tcpLimits(settings),
    workers,
    udp,
    log,
  });
}

function tcpLimits(settings: SettingValues): TcpLimits {
  return {
    connectionsMax: settings.tcpConnections,
    connectionsPerClientMax: settings.tcpConnectionsPerClient,
    inFlightMax: settings.tcpInFlight,
    queuedOctetsMax: settings.tcpQueuedOctets,
    idleTimeoutMs: settings.tcpIdleTimeout,
    messageTimeoutMs: settings.tcpMessageTimeout,
    writeTimeoutMs: settings.tcpWriteTimeout,
  };
}
