/**
 * Tells other programs of incidents: a POST of JSON to each URL, signed, in the order in which things happened.
 *
 *   change ─► queue of each URL ─► POST ─┬─ 2xx ──────────────► next
 *                                        ├─ 5xx, 408, 429, no answer ─► again after 1 s, 2 s, 4 s … 5 min, for an hour
 *                                        └─ any other ────────► given up
 *
 * Nothing waits for it: queues are bounded, and what does not fit or is given up is counted and logged. Described in
 * docs/reference/webhooks.md.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import type { Logger } from "pino";
import type { Incident } from "../../health/incident.ts";
import type { HealthChange } from "./health-face.ts";

/** Enough for an outage of everything; a thousand bodies take some 2 MB. */
const QUEUED_MAX = 1000;
const TIMEOUT_MS = 10_000;
const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 300_000;
/** Who was away for longer reads /v1/incidents. */
const AGE_MS_MAX = 3_600_000;
/** What is under way at an end may still arrive. */
const CLOSE_MS_MAX = 2000;

export interface WebhookOptions {
  readonly urls: readonly string[];
  /** Null: nothing is signed. */
  readonly secret: string | null;
  /** What this node is called. */
  readonly node: () => string;
  readonly userAgent: string;
  /** An incident as the API shows it. */
  readonly show: (incident: Incident) => unknown;
  /** Monitors without consequences are not announced. */
  readonly isObserved: (monitor: string) => boolean;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** After the first failure; each further wait is twice as long. */
  readonly retryMsMin?: number;
}

interface Delivery {
  /** The same from all nodes, so that who hears it from several can tell. */
  readonly id: string;
  readonly event: string;
  readonly body: string;
  readonly queuedMs: number;
}

export class Webhooks {
  readonly #options: WebhookOptions;
  readonly #now: () => number;
  readonly #lines: readonly Line[];

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#lines = options.urls.map((url) => new Line(url, options, this.#now));
  }

  /** To be called with changes as they come; see HealthFace.onChange(). */
  announce(changes: readonly HealthChange[]): void {
    for (const change of changes) {
      if (change.kind !== "incident" || this.#options.isObserved(change.incident.monitor)) continue;
      const { incident } = change;
      const event = `incident.${change.change}`;
      const id = `${incident.id}.${change.change}`;
      const queuedMs = this.#now();
      const body = JSON.stringify({
        id,
        event,
        at: new Date(queuedMs).toISOString(),
        node: this.#options.node(),
        incident: this.#options.show(incident),
      });
      for (const line of this.#lines) line.push({ id, event, body, queuedMs });
    }
  }

  /** What has not arrived within some seconds is given up. */
  async close(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.close()));
  }
}

/** One URL: one delivery at a time. */
class Line {
  readonly #url: string;
  readonly #options: WebhookOptions;
  readonly #now: () => number;
  readonly #queue: Delivery[] = [];
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;
  #dropped = 0;

  constructor(url: string, options: WebhookOptions, now: () => number) {
    this.#url = url;
    this.#options = options;
    this.#now = now;
  }

  push(delivery: Delivery): void {
    if (this.#ending.signal.aborted) return;
    if (this.#queue.length >= QUEUED_MAX) {
      this.#queue.shift();
      if (this.#dropped++ === 0) this.#warn("too much waits for a webhook; the oldest is given up");
    }
    this.#queue.push(delivery);
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    if (this.#running === undefined) return;
    const timer = setTimeout(() => this.#ending.abort(), CLOSE_MS_MAX);
    await this.#running;
    clearTimeout(timer);
    this.#ending.abort();
  }

  async #run(): Promise<void> {
    for (let delivery = this.#queue[0]; delivery !== undefined; delivery = this.#queue[0]) {
      await this.#deliver(delivery);
      // While it was under way the queue may have been cut at this end.
      const at = this.#queue.indexOf(delivery);
      if (at >= 0) this.#queue.splice(at, 1);
    }
    if (this.#dropped > 0)
      this.#warn("given up while too much waited for a webhook", { count: this.#dropped });
    this.#dropped = 0;
    this.#running = undefined;
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { retryMsMin = RETRY_MS_MIN } = this.#options;
    for (let retryMs = retryMsMin; ; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      if (this.#ending.signal.aborted) return;
      const { why, isFinal } = await this.#post(delivery);
      if (why === null) return;
      const { event, id } = delivery;
      if (isFinal || this.#now() - delivery.queuedMs + retryMs > AGE_MS_MAX) {
        this.#warn("a webhook was not delivered, and is given up", { event, id, why });
        return;
      }
      if (retryMs === retryMsMin)
        this.#warn("a webhook was not delivered; it is tried again", { event, id, why });
      await this.#pause(retryMs);
    }
  }

  /** Why it did not arrive; null = it did. */
  async #post({ id, event, body }: Delivery): Promise<{ why: string | null; isFinal: boolean }> {
    const { secret, userAgent } = this.#options;
    const seconds = Math.floor(this.#now() / 1000);
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "user-agent": userAgent,
          "windrose-event": event,
          "windrose-delivery": id,
          ...(secret !== null && { "windrose-signature": signatureOf(secret, seconds, body) }),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      const { status } = response;
      if (response.ok) return { why: null, isFinal: false };
      const isWorthMore = status >= 500 || status === 408 || status === 429;
      return { why: `HTTP ${status}`, isFinal: !isWorthMore };
    } catch (error) {
      return { why: whyOf(error), isFinal: false };
    }
  }

  /** Ends early where all ends. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#ending;
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms).unref();
      signal.addEventListener("abort", end);
    });
  }

  /** The URL may hold a secret in its path; who reads the log needs the host. */
  #warn(message: string, fields: Record<string, unknown> = {}): void {
    this.#options.log.warn({ host: new URL(this.#url).host, ...fields }, message);
  }
}

/** `t=1767225600,v1=HEX`: SHA-256 HMAC of the seconds, a dot and the body, so that an old delivery cannot be sent again. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
