/**
 * Whether anything is taken out that is well: while packets are lost, and while one region is cut off from everything, its
 * prober, its node and their way to Redis. Endpoints stand in the other two regions.
 *
 * A false alarm is an incident on any node, or an answer that changes, or a node that does not answer.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type Fleet, REGIONS, type Region, until } from "./fleet.ts";

const CUT_OFF: Region = "ap";

interface Held {
  readonly awaySince: string | null;
  readonly endpoints: readonly unknown[];
  readonly probers: readonly string[];
  readonly areUp: boolean;
}

export class CalmProof {
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    fleet.ask([...new Set(fleet.endpoints.map(({ name }) => name))]);
  }

  /** Resolves to what was false, in words, in so much time of so much loss. */
  async lossy(part: number, forMs: number): Promise<string[]> {
    this.#fleet.lose(part);
    const alarms = await this.#alarms(forMs);
    this.#fleet.lose(0);
    return alarms;
  }

  /** The same of a region that is cut off; and after how many ms all nodes held the same again, once it was not. */
  async cutOff(forMs: number, healedWithinMs: number): Promise<{ alarms: string[]; healedMs: number }> {
    this.#fleet.cut(CUT_OFF);
    const alarms = await this.#alarms(forMs);
    this.#fleet.heal(CUT_OFF);
    const startedMs = performance.now();
    const held: Held[] = [];
    const isOne = async () => {
      held.splice(0, held.length, ...(await Promise.all(REGIONS.map((region) => this.#held(region)))));
      return held.every(
        (each) =>
          each.awaySince === null &&
          each.areUp &&
          each.probers.length === REGIONS.length &&
          isDeepStrictEqual(each, held[0]),
      );
    };
    await until(isOne, healedWithinMs, () => `nodes hold different things: ${JSON.stringify(held)}`);
    const healedMs = Math.round(performance.now() - startedMs);
    return { alarms: [...alarms, ...(await this.#alarms(0))], healedMs };
  }

  async #alarms(forMs: number): Promise<string[]> {
    await sleep(forMs);
    const alarms = this.#fleet.takeEvents();
    for (const region of REGIONS) {
      const { items } = (await this.#fleet.get(region, "/v1/incidents")) as {
        readonly items: readonly { readonly endpoint: string; readonly reason: string }[];
      };
      for (const { endpoint, reason } of items)
        alarms.push(`node-${region} holds ${endpoint} down: ${reason}`);
    }
    return alarms;
  }

  async #held(region: Region): Promise<Held> {
    const health = (await this.#fleet.get(region, "/v1/health?limit=1000")) as {
      readonly awaySince: string | null;
      readonly items: readonly {
        readonly endpoint: string;
        readonly state: string;
        readonly regions: readonly { readonly region: string; readonly state: string }[];
      }[];
    };
    const { probers } = (await this.#fleet.get(region, "/v1/probers")) as {
      readonly probers: readonly { readonly name: string; readonly heardAt: string | null }[];
    };
    return {
      awaySince: health.awaySince,
      endpoints: health.items.map(({ endpoint, state, regions }) => [
        endpoint,
        state,
        regions.map((view) => [view.region, view.state]),
      ]),
      probers: probers.flatMap(({ name, heardAt }) => (heardAt === null ? [] : [name])),
      areUp: health.items.every(({ state }) => state === "up"),
    };
  }
}
