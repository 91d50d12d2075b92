/**
 * Data planes for tests, with what they log at hand.
 *
 * @module
 */
import pino, { type Logger } from "pino";
import type { Configuration } from "../../src/documents/configuration.ts";
import { DataPlane, type DataPlaneOptions } from "../../src/server/data-plane.ts";
import type { ListenAddress } from "../../src/server/listen-address.ts";
import { TCP_LIMITS } from "../../src/server/tcp-limits.ts";
import { compileSnapshot } from "../../src/snapshot/snapshot.ts";

export const LOOPBACK4: ListenAddress = { family: 4, address: "127.0.0.1", port: 0 };
export const LOOPBACK6: ListenAddress = { family: 6, address: "::1", port: 0 };

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A log that keeps its lines. */
export function keptLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const log = pino({ level: "trace" }, { write: (line) => lines.push(JSON.parse(line) as LogLine) });
  return { log, lines };
}

const running: DataPlane[] = [];

/** Stops what startPlane() started; for afterEach(). */
export async function stopPlanes(): Promise<void> {
  await Promise.all(running.splice(0).map((plane) => plane.stop({ withinMs: 2000 })));
}

export interface RunningPlane {
  readonly plane: DataPlane;
  readonly bound: readonly ListenAddress[];
  /** Of the first address. */
  readonly port: number;
  readonly lines: readonly LogLine[];
}

export async function startPlane(
  configuration: Configuration,
  options: Partial<DataPlaneOptions> = {},
  addresses: readonly ListenAddress[] = [LOOPBACK4],
): Promise<RunningPlane> {
  const { log, lines } = keptLog();
  const plane = new DataPlane({
    snapshot: compileSnapshot(configuration),
    identity: { id: "node-1.example.com", version: "windrose test" },
    tcpLimits: TCP_LIMITS,
    workers: 2,
    udp: "auto",
    log,
    ...options,
  });
  running.push(plane);
  const bound = await plane.listen(addresses);
  return { plane, bound, port: bound[0]!.port, lines };
}
