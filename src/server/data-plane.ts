/**
 * The half that answers, as one thing: UDP in worker threads (or on node:dgram), TCP on this thread, all from one
 * snapshot.
 *
 *   publish(news) ──► this thread's view ──► TCP, and UDP where there are no workers
 *                └──► workers, each with a view of its own
 *
 * @module
 */
import { randomInt } from "node:crypto";
import type { Logger } from "pino";
import { SeededRandom } from "../lib/random.ts";
import { applyNews, type Snapshot, type SnapshotNews } from "../snapshot/snapshot.ts";
import { setSecret } from "../steering/pairs.ts";
import type { Identity } from "./chaos.ts";
import type { Respond } from "./client.ts";
import { CounterBlocks } from "./counter-blocks.ts";
import type { Counters } from "./counters.ts";
import { DemandCounters, makeDemandBlock, type NetworkDemand, takeDemand } from "./demand.ts";
import { DnsServer } from "./dns-server.ts";
import { failureReport } from "./failure-report.ts";
import { openLibc } from "./libc.ts";
import type { ListenAddress } from "./listen-address.ts";
import { respond } from "./respond.ts";
import type { TcpLimits } from "./tcp-limits.ts";
import { type NetworkRoundTrip, TcpRoundTrips } from "./tcp-round-trips.ts";
import { TcpServer } from "./tcp-server.ts";
import { UdpServer } from "./udp-server.ts";
import { UdpWorkers } from "./udp-workers.ts";
import { View } from "./view.ts";

export interface DataPlaneOptions {
  readonly snapshot: Snapshot;
  readonly identity: Identity;
  readonly tcpLimits: TcpLimits;
  /** Worker threads for UDP. */
  readonly workers: number;
  /** `auto`: worker threads where libc can be called; `dgram`: node:dgram on this thread. */
  readonly udp: "auto" | "dgram";
  readonly log: Logger;
}

export class DataPlane {
  readonly #view: View;
  readonly #blocks = new CounterBlocks();
  readonly #demand = makeDemandBlock();
  readonly #roundTrips: TcpRoundTrips | undefined;
  readonly #server: DnsServer;
  readonly #workers: UdpWorkers | undefined;

  constructor({ snapshot, identity, tcpLimits, workers, udp, log }: DataPlaneOptions) {
    const onFailure = failureReport(log);
    setSecret(snapshot.live.pairs, randomInt(2 ** 32));
    const tcpIdleTimeoutMs = tcpLimits.idleTimeoutMs;
    this.#view = new View({
      snapshot,
      counters: this.#blocks.roomFor(snapshot.next),
      demand: new DemandCounters(this.#demand),
      random: new SeededRandom(randomInt(2 ** 32)),
      identity,
      tcpIdleTimeoutMs,
      onFailure,
    });
    const here: Respond = (query, client, out) => respond(this.#view, query, client, out);
    const libc = udp === "auto" ? openLibc() : "it was asked for";
    if (typeof libc === "string") {
      log.info({ udp: "dgram", why: libc }, "UDP is answered by node:dgram on one thread");
    } else {
      log.info({ udp: "workers", workers }, "UDP is answered by worker threads");
      this.#roundTrips = new TcpRoundTrips(libc);
      this.#workers = new UdpWorkers({
        libc,
        count: workers,
        log,
        snapshot,
        identity,
        tcpIdleTimeoutMs,
        onFailure,
      });
    }
    this.#server = new DnsServer({
      udp: this.#workers ?? new UdpServer({ respond: here, log }),
      tcp: new TcpServer({ respond: here, limits: tcpLimits, roundTrips: this.#roundTrips }),
    });
  }

  get snapshot(): Snapshot {
    return this.#view.snapshot;
  }

  /** Everything that was ever counted, by whichever thread. */
  get counters(): readonly Counters[] {
    return [...this.#blocks.all, ...(this.#workers?.counters ?? [])];
  }

  /** Who asked for steered names in some seconds before this call's predecessor, by thread. For one caller, every few seconds. */
  takeDemand(): NetworkDemand[] {
    return [this.#demand, ...(this.#workers?.demand ?? [])].flatMap(takeDemand);
  }

  /** Round-trip times of TCP clients since the last call, where the kernel tells them. */
  takeRoundTrips(): NetworkRoundTrip[] {
    return this.#roundTrips?.take() ?? [];
  }

  /** The lowest generation that any thread answers from. */
  get generation(): number {
    return Math.min(this.#view.snapshot.generation, ...(this.#workers?.generations ?? []));
  }

  /** Resolves when everything answers. Rejects with WindroseError; stop() then closes what was opened. */
  async listen(addresses: readonly ListenAddress[]): Promise<ListenAddress[]> {
    const bound = await this.#server.listen(addresses);
    await this.#workers?.start();
    return bound;
  }

  /** Answers from the next generation from now on; `news` is what it brings over the one before. */
  publish(news: SnapshotNews): void {
    const snapshot = applyNews(this.#view.snapshot, news);
    this.#view.counters = this.#blocks.roomFor(snapshot.next);
    this.#view.snapshot = snapshot; // one assignment: a query sees one generation
    this.#workers?.publish(snapshot, news);
  }

  /** Answers what has been received, then closes everything, within the time given. */
  stop(options: { withinMs: number }): Promise<void> {
    return this.#server.stop(options);
  }
}
