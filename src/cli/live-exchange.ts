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

export async function openExchange({ dataDir, log }: ExchangeOptions): Promise<LiveExchange> {
  return LocalExchange.open({ dataDir, log });
}
