/**
 * The two connections of a node for what nodes share beside documents: one for commands, and one that listens to channels.
 * Apart from those of the documents, so that a large read does not hold up a receipt. Lives as long as the server.
 *
 * @module
 */
import type { Logger } from "pino";
import { connected, type RedisConnection, type RedisConnector, redisUnavailable } from "./connection.ts";

type Listener = (message: Buffer) => void;

export class RedisLine {
  /** For messages: the URL without its password. */
  readonly name: string;
  /** The last command was answered. */
  isUp = false;
  readonly #redis: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #listeners = new Map<string, Listener>();
  readonly #onListening: (() => void)[] = [];
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
    this.#subscriber.on("messageBuffer", (channel: Buffer, message: Buffer) =>
      this.#listeners.get(channel.toString())?.(message),
    );
  }

  /** Calls back with each message. Some may be lost while there is no connection. */
  listen(channel: string, listener: (message: string) => void): void {
    this.listenOctets(channel, (message) => listener(message.toString()));
  }

  /** The same of messages that are no text. */
  listenOctets(channel: string, listener: Listener): void {
    this.#listeners.set(channel, listener);
    if (this.#subscriber.status === "ready") this.#subscribe([channel]);
  }

  /** Calls back whenever a connection was made. */
  onConnect(listener: () => void): void {
    this.#redis.on("ready", listener);
    if (this.#redis.status === "ready") listener();
  }

  /** Calls back whenever it listens again, to all channels: what was said before that may be lost. */
  onListening(listener: () => void): void {
    this.#onListening.push(listener);
  }

  /** So that a dead line is noticed: who only listens does not. Its answer is not needed: without one the connection is given up. */
  checkListening(): void {
    if (this.#subscriber.status === "ready") this.#subscriber.ping().catch(() => {});
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
    this.#subscriber.subscribe(...channels).then(
      () => {
        for (const listener of this.#onListening) listener();
      },
      (error: unknown) => {
        this.#log.warn({ err: error, channels }, "cannot listen to other nodes; what they say comes late");
      },
    );
  }
}
