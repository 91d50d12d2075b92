/**
 * What a check is: one look at one address, over in bounded time, that says what it found in words.
 *
 *   monitor document ─► makeCheck() ─► Check ── run(target) ─► CheckResult     check-table.ts
 *
 * A check never rejects, whatever the endpoint does, and is over within the monitor's timeout and 50 ms. It
 * opens one connection of its own, and when it settles that is closed, no timer of it runs, and nothing that it
 * read is held. What the endpoint sends is bounded: see the limits in each file.
 *
 * Checks are kept for as long as their monitor document is; a result is an object of its own for each run.
 *
 * @module
 */

/** Whom to check. The port is the monitor's. */
export interface CheckTarget {
  /** Canonical text. */
  readonly address: string;
  readonly family: 4 | 6;
  /** The member's host name where it has one: what Host, SNI and the certificate's name default to. */
  readonly host?: string;
}

/**
 * Milliseconds of a monotonic clock, each phase by itself: TCP handshake, TLS handshake, from the request to the
 * first octet of the reply, and the whole. Null where there was no such phase, or where it did not end.
 * `resolveMs` is null while targets are addresses.
 */
export interface Timings {
  readonly resolveMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
}

/** What HAProxy's agent-check said; null where the line says nothing of it. */
export interface AgentReport {
  /** Of the member's weight, 0 to 1000. */
  readonly weightPercent: number | null;
  readonly state: "ready" | "drain" | "maint" | null;
}

export interface CheckResult {
  readonly ok: boolean;
  /**
   * Why not, in words: "connect timed out after 2 s", "HTTP 503", "certificate expired 3 days ago". Empty when ok. It may quote
   * what the endpoint sent, so it is not to be trusted; it has one line and at most 200 characters.
   */
  readonly reason: string;
  readonly timings: Timings;
  /** Of checks of type agent. */
  readonly agent: AgentReport | null;
  /** Whole days until the certificate expires, negative when it has. Null without TLS. */
  readonly daysToExpiry: number | null;
  /** What is no failure yet, as the reason. */
  readonly warnings: readonly string[];
  /** What there was to see, in JSON's types; null unless asked for. */
  readonly detail: Readonly<Record<string, unknown>> | null;
}

export interface CheckOptions {
  /** Ends the check at once, with a failure that says so. */
  readonly signal: AbortSignal;
  /** Whether to fill `detail`; costs more, and reads on where a plain check would have its answer. */
  readonly detailed: boolean;
}

export interface Check {
  run(target: CheckTarget, options: CheckOptions): Promise<CheckResult>;
}
