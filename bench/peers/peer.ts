/**
 * What the bench needs to know of a server to start it and to judge its answers.
 *
 * @module
 */
export interface Peer {
  readonly id: string;
  readonly title: string;
  /** What is missing and how to get it, when it cannot be run here; undefined when it can. */
  missing(): string | undefined;
  /** What it lacks for a workload, by id, and how to get it; undefined when it can be asked. */
  lacks?(workload: string): string | undefined;
  /** Writes its configuration into an empty directory, says how to start it in the foreground. */
  prepare(place: Place): Command;
  /** False for the echo: its "replies" are the queries. */
  readonly checkReplies: boolean;
  /** Whether it answers over TCP too. */
  readonly hasTcp: boolean;
  /** Many times slower than the others: measured only where the table compares with it. */
  readonly isSlow?: boolean;
  /** Workloads that it answers in another way than the others: by id, what is different. */
  readonly notes: Readonly<Record<string, string>>;
}

export interface Place {
  /** Its own, empty; removed at the end. */
  readonly directory: string;
  /** An MMDB file with `continent.code` and `country.iso_code`; undefined: nothing is asked by place. */
  readonly geo: string | undefined;
  /** A file of samples for `--rtt`; undefined: nothing is asked by round-trip time. */
  readonly rtt: string | undefined;
  /** UDP and TCP, on 127.0.0.1. */
  readonly port: number;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}
