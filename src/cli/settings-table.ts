/**
 * Every setting of `serve`, once: its flag, kind, default and help. The variable and the key in
 * windrose.yaml follow from the flag (`--tcp-idle-timeout`, WINDROSE_TCP_IDLE_TIMEOUT,
 * tcp-idle-timeout). `--help` prints this table, and a test compares docs/reference/settings.md
 * with it.
 *
 * @module
 */
import { availableParallelism, hostname } from "node:os";
import { formatDuration } from "../documents/duration.ts";
import { TCP_LIMITS } from "../server/tcp-limits.ts";
import {
  duration,
  httpUrl,
  type Kind,
  listenAddress,
  listenAddressOrNone,
  network,
  oneOf,
  onOff,
  someText,
  textOrNone,
  wholeNumber,
} from "./setting-kinds.ts";
import { readVersion } from "./version.ts";

export interface Setting<Value> {
  /** Without the two dashes. */
  readonly flag: string;
  /** What stands for the value in the help. */
  readonly placeholder: string;
  readonly parse: Kind<Value>;
  readonly help: string;
  /** As it would be written; a function where it is found out at start. */
  readonly default: string | (() => string);
  /** How the help and the page show a default that is found out at start. */
  readonly shownDefault?: string;
  /** Files and folders: in windrose.yaml they are relative to where that file stands. */
  readonly isPath?: boolean;
}

/** One that may be given several times: a list in YAML, with commas in a variable. */
export interface ListSetting<Value> extends Setting<Value> {
  readonly isList: true;
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** The default of a list that may be empty. */
export const NONE = "none";

const HOUR_MS = 3_600_000;

/** Paths change within hours as within weeks; after a week what was measured says little more than distance does. */
const RTT_EXPIRY_MS = 168 * HOUR_MS;

export const SETTINGS = {
  zones: setting({
    flag: "zones",
    placeholder: "DIR",
    parse: someText,
    default: "zones",
    isPath: true,
    help: "folder with the documents; followed while the server runs",
  }),
  redis: setting({
    flag: "redis",
    placeholder: "URL",
    parse: textOrNone,
    default: NONE,
    help: "keep the documents in Redis, and share them with other nodes: redis://HOST[:PORT][/DB], rediss:// for TLS, redis+sentinel://, redis+cluster://; an empty one is filled from the folder",
  }),
  redisCa: setting({
    flag: "redis-ca",
    placeholder: "FILE",
    parse: textOrNone,
    default: NONE,
    isPath: true,
    help: "certificate authorities to trust for Redis, in PEM, instead of the system's",
  }),
  data: setting({
    flag: "data",
    placeholder: "DIR",
    parse: textOrNone,
    default: "data",
    isPath: true,
    help: "folder for what the server writes: the history of changes, and the last good configuration for a start without Redis",
  }),
  api: setting({
    flag: "api",
    placeholder: "ADDR:PORT",
    parse: listenAddressOrNone,
    default: "127.0.0.1:8053",
    help: "where the admin API listens; none turns it off",
  }),
  apiCert: setting({
    flag: "api-cert",
    placeholder: "FILE",
    parse: textOrNone,
    default: NONE,
    isPath: true,
    help: "certificate of the admin API and those above it, in PEM",
  }),
  apiKey: setting({
    flag: "api-key",
    placeholder: "FILE",
    parse: textOrNone,
    default: NONE,
    isPath: true,
    help: "key of that certificate, in PEM",
  }),
  dns: list({
    flag: "dns",
    placeholder: "ADDR:PORT",
    parse: listenAddress,
    default: "127.0.0.1:5300",
    help: "where to answer, over UDP and TCP; without a port it is 53; IPv6 as [2001:db8::53]:53; 0.0.0.0 and [::] are all addresses",
  }),
  geo: list({
    flag: "geo",
    placeholder: "FILE",
    parse: someText,
    default: NONE,
    shownDefault: "the countries that come with the program",
    isPath: true,
    help: "MMDB file that says where clients are, by country, subdivision, AS or coordinates; a later one counts where it knows something",
  }),
  rtt: setting({
    flag: "rtt",
    placeholder: "FILE",
    parse: textOrNone,
    default: NONE,
    isPath: true,
    help: "file of round-trip times, CSV or JSON lines, for the step latency; followed while the server runs",
  }),
  rttExpiry: setting({
    flag: "rtt-expiry",
    placeholder: "TIME",
    parse: duration(HOUR_MS, 8760 * HOUR_MS),
    default: formatDuration(RTT_EXPIRY_MS),
    help: "how long a measured round-trip time counts; a line of the file without a time does not age",
  }),
  rttProbe: setting({
    flag: "rtt-probe",
    placeholder: "on|off",
    parse: onOff,
    default: "off",
    help: "on: the prober also measures the way to resolvers that ask, by DNS, TCP or ICMP, for the step latency",
  }),
  rttRate: setting({
    flag: "rtt-rate",
    placeholder: "N",
    parse: wholeNumber(1, 1000),
    default: "5",
    help: "queries, connections and echo requests together that it begins a second for that, at most",
  }),
  rttInterval: setting({
    flag: "rtt-interval",
    placeholder: "TIME",
    parse: duration(1000, 24 * HOUR_MS),
    default: "10m",
    help: "between two measurements of one network",
  }),
  rttOptOut: list({
    flag: "rtt-opt-out",
    placeholder: "CIDR",
    parse: network,
    default: NONE,
    help: "network that is not to be measured",
  }),
  rttAllow: list({
    flag: "rtt-allow",
    placeholder: "CIDR",
    parse: network,
    default: NONE,
    help: "private or other special network whose round-trip times count, and may be measured, all the same",
  }),
  workers: setting({
    flag: "workers",
    placeholder: "N",
    parse: wholeNumber(1, 256),
    default: () => String(availableParallelism()),
    shownDefault: "the number of cores",
    help: "threads that answer UDP queries; TCP and all else have one of their own",
  }),
  udp: setting({
    flag: "udp",
    placeholder: "auto|dgram",
    parse: oneOf("auto", "dgram"),
    default: "auto",
    help: "auto: threads that call libc, where it can be had; dgram: node:dgram, slower, on one thread",
  }),
  region: setting({
    flag: "region",
    placeholder: "NAME",
    parse: textOrNone,
    default: "none",
    help: "where this node stands, for every log line and for its prober",
  }),
  probe: setting({
    flag: "probe",
    placeholder: "on|off",
    parse: onOff,
    default: "on",
    help: "on: this process also checks the members of pools that have a monitor, from its region",
  }),
  webhook: list({
    flag: "webhook",
    placeholder: "URL",
    parse: httpUrl,
    default: NONE,
    help: "where incidents are announced, as JSON; signed with WINDROSE_WEBHOOK_SECRET",
  }),
  id: setting({
    flag: "id",
    placeholder: "TEXT",
    parse: textOrNone,
    default: hostname,
    shownDefault: "the host name",
    help: "who this node is: id.server, hostname.bind (CHAOS) and NSID; none refuses",
  }),
  versionText: setting({
    flag: "version-text",
    placeholder: "TEXT",
    parse: textOrNone,
    default: () => `windrose ${readVersion()}`,
    shownDefault: "windrose and its version",
    help: "version.bind and version.server (CHAOS); none refuses",
  }),
  chaos: setting({
    flag: "chaos",
    placeholder: "on|off",
    parse: onOff,
    default: "on",
    help: "off refuses the class CHAOS and leaves NSID out",
  }),
  tcpConnections: setting({
    flag: "tcp-connections",
    placeholder: "N",
    parse: wholeNumber(1, 1_000_000),
    default: String(TCP_LIMITS.connectionsMax),
    help: "TCP connections in all; over it the one that is idle longest is closed",
  }),
  tcpConnectionsPerClient: setting({
    flag: "tcp-connections-per-client",
    placeholder: "N",
    parse: wholeNumber(1, 1_000_000),
    default: String(TCP_LIMITS.connectionsPerClientMax),
    help: "of one IPv4 address or IPv6 /64",
  }),
  tcpInFlight: setting({
    flag: "tcp-in-flight",
    placeholder: "N",
    parse: wholeNumber(1, 65_536),
    default: String(TCP_LIMITS.inFlightMax),
    help: "replies of one connection that have not left; at it no more queries are read",
  }),
  tcpQueuedOctets: setting({
    flag: "tcp-queued-octets",
    placeholder: "N",
    parse: wholeNumber(512, 16 * 1024 * 1024),
    default: String(TCP_LIMITS.queuedOctetsMax),
    help: "the same in octets",
  }),
  tcpIdleTimeout: setting({
    flag: "tcp-idle-timeout",
    placeholder: "TIME",
    parse: duration(100, HOUR_MS),
    default: formatDuration(TCP_LIMITS.idleTimeoutMs),
    help: "an idle connection is closed after it; told to clients that ask (RFC 7828)",
  }),
  tcpMessageTimeout: setting({
    flag: "tcp-message-timeout",
    placeholder: "TIME",
    parse: duration(100, HOUR_MS),
    default: formatDuration(TCP_LIMITS.messageTimeoutMs),
    help: "from the first octet of a query to its last",
  }),
  tcpWriteTimeout: setting({
    flag: "tcp-write-timeout",
    placeholder: "TIME",
    parse: duration(100, HOUR_MS),
    default: formatDuration(TCP_LIMITS.writeTimeoutMs),
    help: "for a client that does not read its replies",
  }),
  logLevel: setting({
    flag: "log-level",
    placeholder: "LEVEL",
    parse: oneOf(...LOG_LEVELS),
    default: "info",
    help: LOG_LEVELS.join(", "),
  }),
};

type Table = typeof SETTINGS;

/** The values of all settings, by their names in the table. */
export type SettingValues = {
  readonly [Name in keyof Table]: Table[Name] extends ListSetting<infer Value>
    ? readonly Value[]
    : Table[Name] extends Setting<infer Value>
      ? Value
      : never;
};

function setting<Value>(described: Setting<Value>): Setting<Value> {
  return described;
}

function list<Value>(described: Setting<Value>): ListSetting<Value> {
  return { ...described, isList: true };
}

export function variableOf(flag: string): string {
  return `WINDROSE_${flag.toUpperCase().replaceAll("-", "_")}`;
}

export function shownDefault(described: Setting<unknown>): string {
  return described.shownDefault ?? (typeof described.default === "string" ? described.default : "");
}

/** The lines of `--help`, one or two for each setting. */
export function formatSettingsHelp(): string {
  const rows = [
    ...Object.values(SETTINGS).map((one) => ({
      left: `--${one.flag} ${one.placeholder}`,
      right: `${one.help} (${"isList" in one ? "repeatable; " : ""}${shownDefault(one)})`,
    })),
    { left: "--config FILE", right: "settings as YAML (windrose.yaml, where there is one)" },
    { left: "--help", right: "this help" },
  ];
  const width = Math.max(...rows.map(({ left }) => left.length)) + 4;
  return rows.map(({ left, right }) => `  ${left.padEnd(width - 2)}${wrap(right, width)}\n`).join("");
}

const HELP_COLUMNS = 100;

/** Broken between words, every line but the first with so many blanks in front. */
function wrap(text: string, indent: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (indent + line.length + 1 + word.length <= HELP_COLUMNS)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}
