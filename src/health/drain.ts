/**
 * How long caches go on sending clients to an endpoint that is out: worked out from the TTLs that answers really had, which
 * steps, zones and operators may have set in many ways.
 *
 * An answer of TTL t that was given s seconds before is still used for t − s seconds. Where answers came at a steady rate, the
 * caches that hold one of TTL t have between 0 and t seconds left, evenly. So after x seconds, of all that was held,
 * the part Σ n(t) · max(0, t − x) ÷ Σ n(t) · t is still held, where n(t) answers had the TTL t. Caches that keep answers
 * for longer than they may are not in it.
 *
 * @module
 */

/** When so much of what caches held is gone, in ms after the first answer without the endpoint. */
export interface DrainCurve {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p100Ms: number;
}

/** Answers with the endpoint by their TTL in seconds, over some time before it went out. Null when there were none. */
export function drainCurve(answersByTtl: ReadonlyMap<number, number>): DrainCurve | null {
  const served = [...answersByTtl].filter(([, answers]) => answers > 0).sort(([a], [b]) => a - b);
  if (served.length === 0) return null;
  return {
    p50Ms: drainedMs(served, 0.5),
    p90Ms: drainedMs(served, 0.9),
    p99Ms: drainedMs(served, 0.99),
    p100Ms: 1000 * served.at(-1)![0],
  };
}

/** The straight pieces of the curve end where a TTL does. On each, Σ n · (t − x) over the longer TTLs falls by their number. */
function drainedMs(served: readonly (readonly [ttl: number, answers: number])[], part: number): number {
  let held = 0;
  let answersLeft = 0;
  for (const [ttl, answers] of served) {
    held += ttl * answers;
    answersLeft += answers;
  }
  const wanted = held * (1 - part);
  let at = 0;
  for (const [ttl, answers] of served) {
    const heldThen = held - answersLeft * (ttl - at);
    if (heldThen <= wanted) break;
    held = heldThen;
    at = ttl;
    answersLeft -= answers;
  }
  // What was held may be a little less than wanted by rounding; time does not go back for that.
  return answersLeft === 0 ? 1000 * at : Math.round(1000 * (at + Math.max(0, held - wanted) / answersLeft));
}
