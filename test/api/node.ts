/**
 * A node for tests of the API: a real snapshot and real counters, without sockets.
 *
 * @module
 */
import type { AnsweringPlane, NodeFace, StoreState } from "../../src/api/node-face.ts";
import { Counters } from "../../src/server/counters.ts";
import type { View } from "../../src/server/view.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { poolOf, viewOf, zoneOf } from "../support/answers.ts";

export const NOW_MS = Date.UTC(2026, 10, 21, 9, 0, 0);

const ZONE = `
$ORIGIN example.test.
@ 300 SOA ns1 hostmaster 1 7200 900 1209600 300
@ 300 NS ns1
@ 300 NS ns2
ns1 300 A 192.0.2.53
ns2 300 A 198.51.100.53
fixed 300 A 192.0.2.9
`;

export class TestNode implements NodeFace {
  readonly id = "node-1";
  readonly version = "1.2.3";
  readonly region = "eu";
  readonly addresses = ["127.0.0.1:5300"];
  readonly startedMs = NOW_MS - 60_000;
  isAnswering = true;
  generation = 1;
  store: StoreState = { kind: "files", isUp: true, seenMs: NOW_MS - 2000 };
  readonly view: View;
  readonly plane: AnsweringPlane;

  /** Answers from a small configuration of its own, unless `plane` has another. */
  constructor(plane?: AnsweringPlane) {
    const web = poolOf("web", ["eu-1 192.0.2.1", "eu-2 192.0.2.2", "pool us"], {
      policy: [{ type: "failover", options: {} }],
    });
    const us = poolOf("us", ["us-1 198.51.100.1"]);
    this.view = viewOf([zoneOf(ZONE, { www: "web" })], [us, web], { counters: Counters.make(8, 16) });
    this.plane = plane ?? new TestPlane(this);
  }
}

class TestPlane implements AnsweringPlane {
  readonly #node: TestNode;

  constructor(node: TestNode) {
    this.#node = node;
  }

  get snapshot(): Snapshot {
    return this.#node.view.snapshot;
  }

  get generation(): number {
    return this.#node.generation;
  }

  get counters(): readonly Counters[] {
    return [this.#node.view.counters];
  }
}
