/**
 * Pools of endpoints for property tests, made from what differs between their members.
 *
 * @module
 */
import type { EndpointSpec, MemberSpec, PoolSpec } from "../../src/steering/spec.ts";
import { UNSAID } from "../support/answers.ts";

/** So many endpoints, `m0` and on, each with an address of its own in both families. */
export function membersOf(count: number, more: (index: number) => Partial<EndpointSpec>): EndpointSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    ...UNSAID,
    kind: "endpoint",
    name: `m${index}`,
    weight: 1,
    enabled: true,
    ipv4: Uint8Array.from([192, 0, 2, index]),
    ipv6: Uint8Array.from([0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), index]),
    ...more(index),
  }));
}

export function poolOf(
  members: readonly MemberSpec[],
  step: string,
  answers: number,
  options: Readonly<Record<string, unknown>> = {},
): PoolSpec {
  return {
    id: "p",
    members,
    policy: [{ type: step, options }],
    answers,
    minUp: 1,
    whenDown: "open",
  };
}
