/**
 * The two connections of a node for what nodes share beside documents: one for commands, and one that listens to channels.
 * Apart from those of the documents, so that a large read does not hold up a receipt. Lives as long as the server.
 *
 * @module
 */
import type { Logger } from "pino";
import { connected, type RedisConnection, type RedisConnector, redisUnavailable } from "./connection.ts";

type Listener = (message: string) => void;

export class RedisLine {
  /** For messages: the URL without its password. */
  readonly name: string;
  /** The last command was answered. */
  isUp = false;
  readonly #redis: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #listeners = new Map<string, Listener>();
  readonly #log: Logger;
  #trouble: Error | undefined;

  constructor({ name, connect }: RedisConnector, log: Logger) {
    this.name = name;
    this.#log = log;
    this.#redis = connect();
    this.#redis.on("error", (error: Error) => {
      this.#trouble = error;
    });
    this.#redis.on("ready", () => {
      this.#trouble = undefined;
    });
    this.#subscriber = connect();
    this.#subscriber.on("error", () => {}); // the other connection tells
    this.#subscriber.on("ready", () => this.#subscribe([...this.#listeners.keys()]));
    this.#subscriber.on("message", (channel: string, message: string) =>
      this.#listeners.get(channel)?.(message),
    );
  }

  /** Calls back with each message. Some may be lost while there is no connection. */
  listen(channel: string, listener: Listener): void {
    this.#listeners.set(channel, listener);
    if (this.#subscriber.status === "ready") this.#subscribe([channel]);
  }

  /** Calls back whenever a connection was made. */
  onConnect(listener: () => void): void {
    this.#redis.on("ready", listener);
    if (this.#redis.status === "ready") listener();
  }

  /** Resolves when there is a connection, or when it failed, or when it takes too long. */
  connected(): Promise<void> {
    return connected(this.#redis);
  }

  /** Rejects with WindroseError "store-unavailable". */
  async ask<Answer>(command: (redis: RedisConnection) => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await command(this.#redis);
      this.isUp = true;
      return answer;
    } catch (error) {
      this.isUp = false;
      throw redisUnavailable(error, this.#trouble);
    }
  }

  close(): void {
    this.#redis.disconnect();
    this.#subscriber.disconnect();
  }

  #subscribe(channels: string[]): void {
    if (channels.length === 0) return;
    this.#subscriber.subscribe(...channels).catch((error: unknown) => {
      this.#log.warn({ err: error, channels }, "cannot listen to other nodes; what they say comes late");
    });
  }
}
