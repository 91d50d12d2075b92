/**
 * The flags of `npm run bench`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { PEERS } from "./peers/index.ts";
import { STEERED_WORKLOADS, WORKLOADS } from "./workloads.ts";

const ALL_WORKLOADS = [...WORKLOADS, ...STEERED_WORKLOADS];

export const SECTIONS = ["cpu", "latency", "edit", "idle", "tcp"] as const;
export type Section = (typeof SECTIONS)[number];

export interface BenchArguments {
  readonly only: readonly Section[];
  readonly servers: readonly string[];
  readonly workloads: readonly string[];
  /** Of one run; undefined: what each section takes. */
  readonly seconds: number | undefined;
  readonly rounds: number;
  /** Queries a second of the open loop. */
  readonly rate: number;
  readonly window: number;
  readonly sockets: number;
  readonly connections: number;
  /** Queries in flight on each connection; one setting after the other. */
  readonly inFlight: readonly number[];
  /** Networks with measured round-trip times, for the workload latency. */
  readonly rttNetworks: number;
  readonly json: string | undefined;
}

export const USAGE = `npm run bench -- [flags]
  --only LIST       of ${SECTIONS.join(",")} (all)
  --servers LIST    of ${PEERS.map(({ id }) => id).join(",")} (all that are installed)
  --workloads LIST  cpu: of ${ALL_WORKLOADS.map(({ id }) => id).join(",")} (all)
  --seconds N       of each run, 0.1 to 30 (cpu 1.5, latency 3, edit 4, idle 20, tcp 1.5)
  --rounds N        runs of each server and workload, 1 to 50 (7)
  --rate N          latency, edit: so many queries a second (100000)
  --window N        cpu: queries in flight, 64 to 16384 (192)
  --sockets N       cpu, latency, edit: sockets of the generator, 1 to 64 (1)
  --connections N   tcp: connections, 1 to 64 (8)
  --in-flight LIST  tcp: queries in flight on each connection, each 1 to 128 (64,1)
  --rtt-networks N  cpu: networks with measured round-trip times, for the workload latency (1000000)
  --json FILE       all figures of all runs`;

/** Throws an Error that says what is wrong with which flag. */
export function parseBenchArguments(args: readonly string[]): BenchArguments | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      servers: { type: "string" },
      workloads: { type: "string" },
      seconds: { type: "string" },
      rounds: { type: "string" },
      rate: { type: "string" },
      window: { type: "string" },
      sockets: { type: "string" },
      connections: { type: "string" },
      "in-flight": { type: "string" },
      "rtt-networks": { type: "string" },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  return {
    only: chooseFrom(SECTIONS, "--only", values.only),
    servers: chooseFrom(idsOf(PEERS), "--servers", values.servers),
    workloads: chooseFrom(idsOf(ALL_WORKLOADS), "--workloads", values.workloads),
    seconds:
      values.seconds === undefined ? undefined : numberWithin("--seconds", values.seconds, 0, [0.1, 30]),
    rounds: wholeWithin("--rounds", values.rounds, 7, [1, 50]),
    rate: wholeWithin("--rate", values.rate, 100_000, [1, 2_000_000]),
    // 192: three batches keep the server busy, and fit into the receive buffer that a socket has
    // by default (some 250 small datagrams), so that no server loses any.
    window: wholeWithin("--window", values.window, 192, [64, 16_384]),
    sockets: wholeWithin("--sockets", values.sockets, 1, [1, 64]),
    connections: wholeWithin("--connections", values.connections, 8, [1, 64]),
    // Fewer than the queries of any workload, whose numbers are the IDs; and than any server's limit.
    inFlight: (values["in-flight"] ?? "64,1")
      .split(",")
      .map((text) => wholeWithin("--in-flight", text, 0, [1, 128])),
    rttNetworks: wholeWithin("--rtt-networks", values["rtt-networks"], 1_000_000, [1, 2_000_000]),
    json: values.json,
  };
}

function idsOf(all: readonly { readonly id: string }[]): string[] {
  return all.map(({ id }) => id);
}

function chooseFrom<Id extends string>(all: readonly Id[], flag: string, list: string | undefined): Id[] {
  if (list === undefined) return [...all];
  const wanted = list.split(",");
  const unknown = wanted.find((id) => !all.some((known) => known === id));
  if (unknown !== undefined)
    throw new Error(`${flag}: there is no "${unknown}"; there are ${all.join(", ")}`);
  return all.filter((id) => wanted.includes(id));
}

type Range = readonly [min: number, max: number];

function numberWithin(flag: string, text: string | undefined, preset: number, [min, max]: Range): number {
  const value = text === undefined ? preset : Number(text);
  if (!(value >= min && value <= max))
    throw new Error(`${flag} ${text}: must be a number from ${min} to ${max}`);
  return value;
}

function wholeWithin(flag: string, text: string | undefined, preset: number, range: Range): number {
  const value = numberWithin(flag, text, preset, range);
  if (!Number.isInteger(value)) throw new Error(`${flag} ${text}: must be a whole number`);
  return value;
}
