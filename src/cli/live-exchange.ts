/**
 * What probers and nodes tell each other, for a command: over Redis where there is one, else within the process.
 *
 * @module
 */
import type { Logger } from "pino";
import type { LiveExchange } from "../store/live/live-exchange.ts";
import { LocalExchange } from "../store/live/local-exchange.ts";
import type { RedisAccess } from "./redis-settings.ts";

export interface ExchangeOptions {
  /** Undefined: there is no Redis. */
  readonly access: RedisAccess | undefined;
  /** Where orders and last verdicts are kept without Redis; null = nowhere. */
  readonly dataDir: string | null;
  readonly log: Logger;
}

/** Waits a little for Redis, and goes on without it. */
export async function openExchange({ access, dataDir, log }: ExchangeOptions): Promise<LiveExchange> {
  if (access === undefined) return LocalExchange.open({ dataDir, log });
  const { RedisExchange } = await import("../store/redis/redis-exchange.ts");
  return RedisExchange.open({ redis: access, log });
}
