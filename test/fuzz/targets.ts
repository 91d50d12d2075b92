/**
 * What can be fuzzed. A new target is one file and one line here.
 *
 * @module
 */
import { SeededRandom } from "../../src/lib/random.ts";
import type { Target } from "./campaign.ts";
import { makeFuzzRespond } from "./fuzz-zones.ts";
import { messageTarget } from "./message-target.ts";
import { makeRespondTarget } from "./respond-target.ts";

/** `seed` is for the draws of steered names. */
export function makeTargets(seed: number): Target[] {
  const respond = makeFuzzRespond(new SeededRandom(seed), (error) => {
    throw error;
  });
  return [makeRespondTarget(respond), messageTarget];
}
