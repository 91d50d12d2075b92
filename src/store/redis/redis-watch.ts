/**
 * Notices that there is something new in Redis: a message on the channel `wake` tells at once, a look each second
 * tells when a message was lost, and so does a connection that came back. Messages only wake; what is new is listed.
 *
 * @module
 */
import type { Logger } from "pino";
import type { RedisConnection } from "./connection.ts";
import { redisKeys } from "./keys.ts";

const LOOK_INTERVAL_MS = 1000;

export interface RedisWatchOptions {
  /** A connection for this alone; it is closed by stop(). */
  readonly subscriber: RedisConnection;
  readonly log: Logger;
  /** May reject: then Redis is away, and asked again later. */
  readonly isNews: () => Promise<boolean>;
  readonly onChange: () => Promise<void>;
}

export class RedisWatch {
  readonly #options: RedisWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  /** Something came while a look was under way. */
  #isDue = false;
  #isStopped = false;

  constructor(options: RedisWatchOptions) {
    this.#options = options;
    const { subscriber, log } = options;
    subscriber.on("error", () => {}); // the other connection tells
    subscriber.on("ready", () => {
      subscriber.subscribe(redisKeys().wake).catch((error: unknown) => {
        log.warn({ err: error }, "cannot listen for changes; Redis is asked each second");
      });
      this.#look();
    });
    subscriber.on("message", () => this.#look());
    this.#timer = setInterval(() => {
      this.#look();
      // Who only listens does not notice that the line is dead. Its answer is not needed: without one the connection is given up.
      if (subscriber.status === "ready") subscriber.ping().catch(() => {});
    }, LOOK_INTERVAL_MS).unref();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#options.subscriber.disconnect();
    await this.#looking;
  }

  #look(): void {
    this.#isDue = true;
    this.#looking ??= this.#lookUntilDone();
  }

  async #lookUntilDone(): Promise<void> {
    while (this.#isDue && !this.#isStopped) {
      this.#isDue = false;
      const isNews = await this.#options.isNews().catch(() => false);
      if (isNews && !this.#isStopped) await this.#options.onChange();
    }
    this.#looking = undefined;
  }
}
