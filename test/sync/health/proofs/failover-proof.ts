/**
 * Endpoints that die at a moment by chance, and how long it takes until every node answers without them; then until they are back.
 *
 *   killed ─► first failure ─► verdict ─► published ─► applied by each node ─► seen in its answers      revived ─► in again
 *
 * Kills go on while others come back: one that died often is held back for a while when it returns.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Random, randomBelow } from "../../../../src/lib/random.ts";
import { type Fleet, type FleetEndpoint, REGIONS, until } from "./fleet.ts";

/** What the bounds are for. A check of ap at us takes two round trips of 200 ms, which the timeout leaves room for. */
export const FAST_MONITOR = {
  interval: "1s",
  timeout: "500ms",
  "down-after": 2,
  recheck: "200ms",
  quorum: "majority",
} as const;

const GONE_MS_MAX = 10_000;
/** A return is held back for so long at most, for as many deaths as a proof has. */
const BACK_MS_MAX = 90_000;

/** `refused`: its process is killed. `silent`: its address is gone from the net. */
export type Death = "refused" | "silent";

/** All in ms; times of the incident are those that the node of eu tells. */
export interface Failover {
  readonly death: Death;
  /** From its death. */
  readonly firstFailureMs: number;
  readonly verdictMs: number;
  /** From the verdict: until it was handed to the nodes, the last node answers without it, and a client saw that of the last one. */
  readonly publishedMs: number;
  readonly appliedMs: number;
  readonly seenAfterVerdictMs: number;
  /** From its death until clients of all nodes saw it. */
  readonly seenMs: number;
}

interface IncidentShown {
  readonly id: string;
  readonly address: string;
  readonly firstFailureAt: string;
  readonly verdictAt: string;
  readonly publishedAt: string;
  readonly applied: readonly { readonly node: string; readonly afterMs: number }[];
}

export class FailoverProof {
  readonly failovers: Failover[] = [];
  /** From the moment on when it was alive again, in ms; of those that died for the first time, and of others. */
  readonly returnsMs: number[] = [];
  readonly heldReturnsMs: number[] = [];
  readonly #fleet: Fleet;
  readonly #random: Random;
  /** By pool: the one of it that comes back. */
  readonly #returning = new Map<string, Promise<void>>();
  readonly #deaths = new Map<FleetEndpoint, number>();
  /** Those of one region first: the other one of a pool must live while one is away. */
  readonly #order: readonly FleetEndpoint[];
  #turn = 0;
  /** The one that dies next, or has died. */
  #name = "";

  constructor(fleet: Fleet, random: Random) {
    this.#fleet = fleet;
    this.#random = random;
    this.#order = fleet.endpoints.toSorted(
      (a, b) => Number(a.region > b.region) - Number(a.region < b.region),
    );
  }

  /** Rejects when a node goes on answering with the dead, or without the living. */
  async kill(death: Death): Promise<Failover> {
    const endpoint = this.#order[this.#turn++ % this.#order.length]!;
    const { pool, name, address } = endpoint;
    await this.#returning.get(pool);
    this.#name = name;
    this.#ask();
    await this.#fleet.answered(name, ({ addresses }) => addresses.includes(address), GONE_MS_MAX);
    await sleep(randomBelow(this.#random, 1000));
    const diedMs = death === "refused" ? this.#fleet.kill(endpoint) : this.#fleet.silence(endpoint);
    const seenAtMs = await this.#fleet.answered(
      name,
      ({ addresses }) => addresses.length > 0 && !addresses.includes(address),
      GONE_MS_MAX,
    );
    const incident = await this.#incident(address, diedMs);
    const verdictAtMs = Date.parse(incident.verdictAt);
    const failover = {
      death,
      firstFailureMs: Date.parse(incident.firstFailureAt) - diedMs,
      verdictMs: verdictAtMs - diedMs,
      publishedMs: Date.parse(incident.publishedAt) - verdictAtMs,
      appliedMs: Math.max(...incident.applied.map(({ afterMs }) => afterMs)),
      seenAfterVerdictMs: seenAtMs - verdictAtMs,
      seenMs: seenAtMs - diedMs,
    };
    this.failovers.push(failover);
    this.#returning.set(pool, this.#comeBack(endpoint, death));
    return failover;
  }

  /** Resolves when all are in again. */
  async allBack(): Promise<void> {
    await Promise.all(this.#returning.values());
  }

  async #comeBack(endpoint: FleetEndpoint, death: Death): Promise<void> {
    const { pool, name, address } = endpoint;
    const deaths = (this.#deaths.get(endpoint) ?? 0) + 1;
    this.#deaths.set(endpoint, deaths);
    const aliveMs =
      death === "refused" ? await this.#fleet.revive(endpoint) : this.#fleet.unsilence(endpoint);
    const isBack = ({ addresses }: { readonly addresses: readonly string[] }) => addresses.includes(address);
    const backMs = (await this.#fleet.answered(name, isBack, BACK_MS_MAX)) - aliveMs;
    (deaths === 1 ? this.returnsMs : this.heldReturnsMs).push(backMs);
    this.#returning.delete(pool);
    this.#ask();
  }

  /** This one, and all that come back. */
  #ask(): void {
    const names = [...this.#returning.keys()].map((pool) => `${pool}.example.test.`);
    this.#fleet.ask([...new Set([...names, this.#name])]);
  }

  /** Resolves when all nodes have said that they applied it. */
  async #incident(address: string, afterMs: number): Promise<IncidentShown> {
    let found: IncidentShown | undefined;
    const isComplete = async () => {
      const { items } = (await this.#fleet.get("eu", "/v1/incidents?limit=20")) as {
        readonly items: readonly IncidentShown[];
      };
      const summary = items.find((item) => item.address === address && Date.parse(item.verdictAt) >= afterMs);
      if (summary === undefined) return false;
      found = (await this.#fleet.get("eu", `/v1/incidents/${summary.id}`)) as IncidentShown;
      return found.applied.length === REGIONS.length;
    };
    await until(isComplete, GONE_MS_MAX, () => `the incident is not complete: ${JSON.stringify(found)}`);
    return found!;
  }
}
