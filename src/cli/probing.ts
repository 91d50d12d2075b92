/**
 * The prober within a server: checks the members of the pools of its own documents, from the server's region.
 *
 *   follower ─► probedPlane().publish() ─► the plane, and then the prober
 *
 * It runs on the main thread. Queries over UDP are answered by others and do not notice.
 *
 * @module
 */
import type { Logger } from "pino";
import { Prober } from "../prober/prober.ts";
import type { ProbedDocuments } from "../prober/targets.ts";
import type { LiveExchange } from "../store/live/live-exchange.ts";
import type { Publisher } from "../sync/follower.ts";
import { readVersion } from "./version.ts";

/** Of who does not say where he is. */
const LOCAL_REGION = "local";

export interface ProbingOptions {
  readonly exchange: LiveExchange;
  /** What it is called among all probers. */
  readonly name: string;
  /** Null: nobody said. */
  readonly region: string | null;
  readonly log: Logger;
}

/** Of a server and of `windrose probe`. */
export function startProber({ exchange, name, region, log }: ProbingOptions): Prober {
  if (region === null)
    log.info({ region: LOCAL_REGION }, "no --region is given, so this prober stands in one of its own");
  return new Prober({ exchange, name, region: region ?? LOCAL_REGION, version: readVersion(), log });
}

/** The same, and the prober, if there is one, takes up what is published. `documents` are those in use. */
export function probedPlane(
  plane: Publisher,
  prober: Prober | undefined,
  documents: () => ProbedDocuments,
): Publisher {
  if (prober === undefined) return plane;
  prober.use(documents());
  return {
    get snapshot() {
      return plane.snapshot;
    },
    publish(news) {
      plane.publish(news);
      prober.use(documents());
    },
  };
}
