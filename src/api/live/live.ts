/**
 * What the API works with beside documents: what happens while they stay as they are. Made once, with the API.
 *
 * @module
 */
import type { LiveExchange } from "../../store/live/live-exchange.ts";
import type { HealthFace } from "../../sync/health/health-face.ts";
import { LiveCopy } from "./live-copy.ts";

export interface Live {
  readonly exchange: LiveExchange;
  readonly health: HealthFace;
  readonly copy: LiveCopy;
}

export function makeLive({ exchange, health }: Pick<Live, "exchange" | "health">): Live {
  return { exchange, health, copy: new LiveCopy(exchange) };
}
