/**
 * The flags of `npm run bench`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { PEERS } from "./peers/index.ts";
import { WORKLOADS } from "./workloads.ts";

export interface BenchArguments {
  readonly servers: readonly string[];
  readonly workloads: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  /** Open loop at so many queries a second; 0 for the closed loop. */
  readonly rate: number;
  readonly window: number;
  readonly sockets: number;
  readonly json: string | undefined;
}

export const USAGE = `npm run bench -- [flags]
  --servers LIST    of ${PEERS.map(({ id }) => id).join(",")} (all that are installed)
  --workloads LIST  of ${WORKLOADS.map(({ id }) => id).join(",")} (all)
  --seconds N       of each run, 0.1 to 30 (3)
  --rounds N        runs of each server and workload, 1 to 50 (5)
  --rate N          open loop: so many queries a second, and response times (closed loop)
  --window N        closed loop: queries in flight, 64 to 16384 (192)
  --sockets N       sockets of the generator, 1 to 64 (1)
  --json FILE       all figures of all runs`;

/** Throws an Error that says what is wrong with which flag. */
export function parseBenchArguments(args: readonly string[]): BenchArguments | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      servers: { type: "string" },
      workloads: { type: "string" },
      seconds: { type: "string" },
      rounds: { type: "string" },
      rate: { type: "string" },
      window: { type: "string" },
      sockets: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  return {
    servers: chooseFrom(PEERS, "--servers", values.servers),
    workloads: chooseFrom(WORKLOADS, "--workloads", values.workloads),
    seconds: numberWithin("--seconds", values.seconds, 3, [0.1, 30]),
    rounds: wholeWithin("--rounds", values.rounds, 5, [1, 50]),
    rate: wholeWithin("--rate", values.rate, 0, [0, 2_000_000]),
    // 192: three batches keep the server busy, and fit into the receive buffer that a socket has
    // by default (some 250 small datagrams), so that no server loses any.
    window: wholeWithin("--window", values.window, 192, [64, 16_384]),
    sockets: wholeWithin("--sockets", values.sockets, 1, [1, 64]),
    json: values.json,
  };
}

function chooseFrom(all: readonly { id: string }[], flag: string, list: string | undefined): string[] {
  const ids = all.map(({ id }) => id);
  if (list === undefined) return ids;
  const wanted = list.split(",");
  const unknown = wanted.find((id) => !ids.includes(id));
  if (unknown !== undefined)
    throw new Error(`${flag}: there is no "${unknown}"; there are ${ids.join(", ")}`);
  return ids.filter((id) => wanted.includes(id));
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
