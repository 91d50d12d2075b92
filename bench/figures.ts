/**
 * Everything that one go of the bench measured, as `--json` writes it, and the figures that follow from one run.
 *
 * @module
 */
import type { TcpResult } from "./generator/tcp-main.ts";
import type { UdpResult } from "./generator/udp-main.ts";
import type { InRound } from "./statistics.ts";

export interface UdpRun extends InRound {
  readonly server: string;
  readonly workload: string;
  readonly result: UdpResult;
}

/** A run while a zone was edited; of a server that was not edited, edits is undefined. */
export interface EditRun extends UdpRun {
  readonly edits?: {
    /** Files that were renamed into place. */
    readonly made: number;
    /** Generations that the server says it made of them. */
    readonly generations: number;
    /** The last one was answered within a second of the end. */
    readonly isLastAnswered: boolean;
  };
}

export interface TcpRun extends InRound {
  readonly server: string;
  readonly connections: number;
  readonly inFlight: number;
  readonly result: TcpResult;
}

export interface IdleRun {
  readonly server: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface Figures {
  readonly cpu: readonly UdpRun[];
  readonly latency: readonly UdpRun[];
  readonly edit: readonly EditRun[];
  readonly idle: readonly IdleRun[];
  readonly tcp: readonly TcpRun[];
}

export function cpuPerQueryMicroseconds({ result }: UdpRun): number {
  return (result.serverCpuSeconds / result.answeredInTime) * 1e6;
}

export function queriesPerSecond({ result }: UdpRun): number {
  return result.answeredInTime / result.seconds;
}

export function answeredPerCpuSecond({ result }: TcpRun): number {
  return result.answered / result.serverCpuSeconds;
}

/** What one core is busy with: 1 = all the time. */
export function busyShare({ result }: UdpRun | TcpRun): number {
  return result.serverCpuSeconds / result.seconds;
}

export function p999({ result }: UdpRun): number {
  return result.responseTime?.p999 ?? Number.NaN;
}
