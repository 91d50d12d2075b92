/**
 * Whom an answer is for, and for how many others it holds (RFC 7871).
 *
 *   ECS of the query      the answer is for       scope of the reply
 *   none                  the resolver            no ECS
 *   source length 0       the resolver            0: all its clients get the same
 *   a special network     the resolver            that network, where the choice looked at the resolver
 *   any other network     that network            what the choice looked at; longer than the source where that is too short
 *
 * In every row the scope is 0 where nothing was looked at.
 *
 * @module
 */
import type { Client } from "./client.ts";
import type { View } from "./view.ts";

/** Queries; more than any view answers before it is asked again. */
const NEVER = 0x3fff_ffff;

/** Fills in the request's client, from the query's ECS (its message is `octets`) and the query's sender. */
export function setClient(view: View, octets: Uint8Array, sender: Client): void {
  const { query, request, snapshot } = view;
  const { network } = request.client;
  const { ecsOffset } = query;
  request.client.begin(snapshot.clientTables.places);
  view.ecsSpecialLength = 0;
  // A source length of 0 is a client that does not want to be placed (RFC 7871 section 7.1.2).
  const sourceLength = ecsOffset === 0 ? 0 : octets[ecsOffset + 2]!;
  if (sourceLength > 0) {
    network.set(octets[ecsOffset + 1] === 1 ? 4 : 6, octets, ecsOffset + 4, sourceLength, "ecs");
    view.ecsSpecialLength = network.specialLength();
    if (view.ecsSpecialLength === 0) {
      request.draws.resolver = sender;
      return;
    }
  }
  request.draws.resolver = null;
  network.set(sender.family, sender.address, 0, sender.family === 4 ? 32 : 128, "resolver");
}

/**
 * Makes the scope of the reply the longest that any of its choices needs: a chain of CNAMEs may hold several, and
 * resolvers keep it as one (RFC 7871 section 7.2.1). Called after each choice.
 */
export function raiseScope({ query, request, reply, ecsSpecialLength }: View): void {
  const { source, scopePrefixLength } = request.client.network;
  if (query.ecsOffset === 0 || scopePrefixLength === 0) return;
  const scope = source === "ecs" ? scopePrefixLength : ecsSpecialLength;
  if (scope > reply.scopePrefixLength) reply.scopePrefixLength = scope;
}

/** The answer's client is one in so many that counts as demand. */
export function countDemand(view: View, sender: Client): void {
  const { demand } = view;
  if (demand === null) {
    view.demandIn = NEVER;
    return;
  }
  view.demandIn = demand.gap();
  demand.count(view.request.client.network, sender);
}
