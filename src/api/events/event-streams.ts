/**
 * Streams of server-sent events (the HTML standard, section 9.2): one response each that does not end.
 *
 *   retry: 2000                    at the start: come back after two seconds
 *   id: m3k9-42                    what Last-Event-ID will say then
 *   event: generation
 *   data: {"generation":7, …}
 *
 *   : alive                        when nothing else was sent for a while, for what stands in between and closes what is idle
 *
 * A client that reads more slowly than things happen is let go: it comes back, and gets what it missed from the ring.
 *
 * @module
 */
import type { ServerResponse } from "node:http";
import { type EventRing, RESET, type ServerEvent } from "./event-ring.ts";

/** Below the least idle time of proxies that we know of, which is 30 s. */
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 2000;
/** Each is a socket and a timer; a dashboard has one. */
const CLIENTS_MAX = 100;
/** What may wait to be sent to one client. */
const QUEUED_OCTETS_MAX = 256 * 1024;

export interface EventStreamLimits {
  readonly heartbeatMs?: number;
  readonly clientsMax?: number;
  readonly queuedOctetsMax?: number;
}

export interface EventStreamOptions {
  /** What the client saw last; undefined for one that begins. */
  readonly lastId: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** As much of an event as the client may see. */
  readonly show: (event: ServerEvent) => ServerEvent;
}

export class EventStreams {
  readonly #ring: EventRing;
  readonly #limits: Required<EventStreamLimits>;
  readonly #open = new Set<ServerResponse>();

  constructor(ring: EventRing, limits: EventStreamLimits = {}) {
    this.#ring = ring;
    this.#limits = {
      heartbeatMs: HEARTBEAT_MS,
      clientsMax: CLIENTS_MAX,
      queuedOctetsMax: QUEUED_OCTETS_MAX,
      ...limits,
    };
  }

  get count(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= this.#limits.clientsMax;
  }

  /** Streams to `response`, whose head is not sent, until it is closed. */
  open(response: ServerResponse, { lastId, headers, show }: EventStreamOptions): void {
    response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // nginx would hold back what is less than a buffer full.
      "x-accel-buffering": "no",
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    const missed = lastId === undefined ? [] : this.#ring.since(lastId);
    if (missed === null) response.write(format({ id: this.#ring.lastId, type: RESET, data: {} }));
    for (const event of missed ?? []) response.write(format(show(event)));

    const unwatch = this.#ring.watch((event) => this.#send(response, format(show(event))));
    const heartbeat = setInterval(
      () => this.#send(response, ": alive\n\n"),
      this.#limits.heartbeatMs,
    ).unref();
    this.#open.add(response);
    response.on("close", () => {
      unwatch();
      clearInterval(heartbeat);
      this.#open.delete(response);
    });
  }

  /** Ends all streams; the server cannot close before. */
  close(): void {
    for (const response of this.#open) response.end();
  }

  #send(response: ServerResponse, text: string): void {
    if (response.writableLength > this.#limits.queuedOctetsMax) response.destroy();
    else response.write(text);
  }
}

/** JSON has no line feeds outside of escapes, so the data are one line. */
function format({ id, type, data }: ServerEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
