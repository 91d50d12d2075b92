/**
 * A plane without sockets, over pools whose members stand in regions; a test says what asked.
 *
 * @module
 */
import {
  applyNews,
  compileSnapshot,
  type Snapshot,
  type SnapshotNews,
} from "../../../src/snapshot/snapshot.ts";
import type { CountedDemand } from "../../../src/sync/latency/demand-fold.ts";
import type { AskedPlane } from "../../../src/sync/latency/round-trips.ts";
import { configurationOf, poolOf } from "../../support/answers.ts";

export class TestAskedPlane implements AskedPlane {
  snapshot: Snapshot;
  published = 0;
  demand: CountedDemand[] = [];
  handshakes: { network: string; rttMs: number; count: number }[] = [];

  constructor(regions: readonly string[]) {
    const pool = poolOf(
      "web",
      regions.map((_, i) => `m${i} 192.0.2.${i + 1}`),
    );
    const members = pool.members.map((member, i) => ({ ...member, region: regions[i]! }));
    this.snapshot = compileSnapshot(configurationOf([], [{ ...pool, members }]));
  }

  publish(news: SnapshotNews): void {
    this.published++;
    this.snapshot = applyNews(this.snapshot, news);
  }

  takeDemand(): readonly CountedDemand[] {
    return this.demand.splice(0);
  }

  takeRoundTrips() {
    return this.handshakes.splice(0);
  }
}
