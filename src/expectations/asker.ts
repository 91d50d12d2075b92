/**
 * Asks a snapshot as a client would, with the trace turned on: the very code that answers. One for all
 * expectations, for a view is large; each expectation sets the snapshot and the random numbers anew.
 *
 * @module
 */
import type { Random } from "../lib/random.ts";
import { type Client, UDP_REPLY_OCTETS_MAX } from "../server/client.ts";
import type { LookupTrace } from "../server/lookup-trace.ts";
import { respond } from "../server/respond.ts";
import { View } from "../server/view.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { ChoiceTrace } from "../steering/trace.ts";
import { encodeClientSubnet, OptionCode } from "../wire/edns.ts";
import { encodeMessage } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";

/** A network that a query is for. */
export interface AskingNetwork {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  /** Bits of the address that are known. */
  readonly length: number;
}

export interface Asked {
  readonly lookups: readonly LookupTrace[];
  /** In the order of the CNAMEs between them; empty where no pool had a say. */
  readonly choices: readonly ChoiceTrace[];
}

export class Asker {
  readonly #view: View;
  readonly #out = new Uint8Array(UDP_REPLY_OCTETS_MAX);
  readonly #client: Client = { family: 4, address: new Uint8Array(16), port: 53, transport: "udp" };

  constructor(snapshot: Snapshot, random: Random) {
    this.#view = new View({
      snapshot,
      random,
      identity: { id: null, version: null },
      tcpIdleTimeoutMs: 0,
      onFailure: (error) => {
        throw error;
      },
    });
  }

  begin(snapshot: Snapshot, random: Random): void {
    this.#view.snapshot = snapshot;
    this.#view.request.random = random;
  }

  /** The network stands in ECS, and is the resolver's too: a private one does not count in ECS. */
  ask(name: Name, type: number, { address, length }: AskingNetwork): Asked {
    const ecs = encodeClientSubnet({ address, sourcePrefixLength: length, scopePrefixLength: 0 });
    const octets = encodeMessage({
      rd: true,
      question: [{ name, type }],
      edns: { options: [{ code: OptionCode.ECS, data: ecs }] },
    });
    this.#client.family = address.length === 4 ? 4 : 6;
    this.#client.address.set(address);
    const choices: ChoiceTrace[] = [];
    const lookups: LookupTrace[] = [];
    this.#view.trace = { choices };
    this.#view.lookups = lookups;
    respond(this.#view, { octets, length: octets.length }, this.#client, this.#out);
    return { lookups, choices };
  }
}
