/**
 * The table of steps. A new step is one file in steps/, one line here and one page in
 * docs/steering/; the schema of documents takes names and options from this table.
 *
 * @module
 */
import type { StepType } from "./step.ts";
import { failover } from "./steps/failover.ts";
import { geo } from "./steps/geo.ts";
import { hash } from "./steps/hash.ts";
import { latency } from "./steps/latency.ts";
import { load } from "./steps/load.ts";
import { proximity } from "./steps/proximity.ts";
import { random } from "./steps/random.ts";
import { responseTime } from "./steps/response-time.ts";
import { roundRobin } from "./steps/round-robin.ts";
import { weighted } from "./steps/weighted.ts";

/** By the name that documents use. */
export const STEP_TYPES: ReadonlyMap<string, StepType> = new Map(
  [failover, geo, hash, latency, load, proximity, random, responseTime, roundRobin, weighted].map((type) => [
    type.name,
    type,
  ]),
);
