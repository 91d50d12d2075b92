/**
 * `hash`: each client has an order of the members that is its own, in which heavy members come first more often.
 * Rendezvous hashing: every member has a key for the client, −ln(hash) / weight, and the smallest is first. So when a
 * member goes, its clients alone go elsewhere, each to the next in its own order; and come back with it.
 *
 * A client is its network of /24 or /56, as ECS usually has it. The order depends on that network, the pool's id, and the
 * members' names and weights, and on nothing else: it is the same on every node and after every restart.
 *
 * As the last step it puts all in order. Before another one it keeps the first `keep`, so that a client has its own few
 * members, among which the next step chooses.
 *
 * @module
 */
import { Type } from "typebox";
import { keyOfMember, orderByKeys } from "../keyed-order.ts";
import { dropLastResorts } from "../last-resorts.ts";
import { type Candidates, stepType } from "../step.ts";
import type { StepTrace } from "../trace.ts";

const IPV4_LENGTH = 24;
const IPV6_LENGTH = 56;
/** No pool has more members. */
const KEEP_MAX = 10_000;

export const hash = stepType({
  name: "hash",
  summary: "By a hash of the client's network: each client keeps its member; weight 0 is a last resort",
  optionsSchema: Type.Object(
    {
      ipv4: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 32,
          default: IPV4_LENGTH,
          description: "bits of an IPv4 client's address that count",
        }),
      ),
      ipv6: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 128,
          default: IPV6_LENGTH,
          description: "bits of an IPv6 client's address that count",
        }),
      ),
      keep: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: KEEP_MAX,
          description: "members kept for the steps after it; as many as `answers` without it",
        }),
      ),
    },
    { additionalProperties: false },
  ),
  compile(options) {
    const { ipv4 = IPV4_LENGTH, ipv6 = IPV6_LENGTH, keep } = options;
    return {
      type: "hash",
      options,
      remembers: false,
      run(candidates, request, _memory, trace) {
        dropLastResorts(candidates, trace);
        if (candidates.count === 1) {
          trace?.why.push(`only ${candidates.nameAt(0)} is left; the client does not matter`);
          return;
        }
        const { network } = request.client;
        const seed = network.hash(ipv4, ipv6);
        const isEqual = candidates.weightSum === 0;
        if (trace !== null) traceKeys(trace, candidates, seed, isEqual);
        const isLast = candidates.isLast && keep === undefined;
        const kept = Math.min(candidates.count, keep ?? candidates.answers);
        candidates.wanted = kept;
        orderByKeys(candidates, seed, isEqual);
        if (trace !== null) {
          const length = network.hasIPv4 ? `${ipv4} bits of IPv4` : `${ipv6} bits of IPv6`;
          trace.why.push(`${candidates.nameAt(0)} has the smallest key for this client's ${length}`);
        }
        if (!isLast) keepFirst(candidates, kept, trace);
      },
    };
  },
});

function keepFirst(candidates: Candidates, kept: number, trace: StepTrace | null): void {
  if (trace !== null) {
    for (let place = kept; place < candidates.count; place++)
      trace.dropped.push({
        member: candidates.nameAt(place),
        why: `not among the client's first ${kept}`,
      });
  }
  candidates.count = kept;
}

function traceKeys(trace: StepTrace, candidates: Candidates, seed: number, isEqual: boolean): void {
  for (let place = 0; place < candidates.count; place++) {
    const index = candidates.indexes[place]!;
    const weight = isEqual ? 1 : candidates.weights[index]!;
    const key = keyOfMember(candidates, seed, index, isEqual);
    trace.numbers.push({ member: candidates.names[index]!, values: { weight, key } });
  }
}
