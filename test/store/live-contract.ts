/**
 * What every exchange does, whatever carries it. Run over each by its own test file.
 *
 * @module
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Opinion } from "../../src/health/opinion.ts";
import type {
  AppliedVerdict,
  Demand,
  GivenOrder,
  LiveExchange,
  ProberHead,
  ProberPresence,
  RttSample,
} from "../../src/store/live/live-exchange.ts";
import { memberText } from "../../src/store/live/live-records.ts";

export interface ExchangeFactory {
  readonly kind: string;
  /** One more process; of an exchange within one process the same one again. */
  open(): Promise<LiveExchange>;
}

export const WEB = "web 192.0.2.10";
export const API = "api 2001:db8::1";

/** Redis has a batch each second, and a look each two. */
const SOON = { timeout: 8000, interval: 5 };

/** Keeps what it is told, as a node does. */
export class Listener {
  readonly opinions = new Map<string, Opinion>();
  readonly orders = new Map<string, GivenOrder>();
  readonly loads = new Map<string, number>();
  readonly demand = new Map<string, readonly Demand[]>();
  readonly applied: AppliedVerdict[] = [];
  readonly samples: RttSample[] = [];
  readonly gone: string[] = [];
  probers: readonly ProberPresence[] = [];
  told = 0;
  stop: () => Promise<void> = async () => {};

  static async of(exchange: LiveExchange): Promise<Listener> {
    const listener = new Listener();
    await listener.#follow(exchange);
    return listener;
  }

  async #follow(exchange: LiveExchange): Promise<void> {
    this.stop = await exchange.follow({
      opinions: (opinions) => {
        this.told += opinions.length;
        for (const opinion of opinions) this.opinions.set(`${opinion.prober} ${opinion.endpoint}`, opinion);
      },
      withdrawn: (prober, endpoints) => {
        if (endpoints === null) this.gone.push(prober);
        for (const [key, opinion] of this.opinions) {
          if (opinion.prober !== prober) continue;
          if (endpoints === null || endpoints.includes(opinion.endpoint)) this.opinions.delete(key);
        }
      },
      probers: (probers) => {
        this.probers = probers;
      },
      orders: (orders) => {
        for (const each of orders) {
          if (each.order === null) this.orders.delete(memberText(each));
          else this.orders.set(memberText(each), each.order);
        }
      },
      loads: (loads) => {
        for (const each of loads) {
          if (each.load === null) this.loads.delete(memberText(each));
          else this.loads.set(memberText(each), each.load);
        }
      },
      demand: (node, demand) => {
        this.demand.set(node, demand);
      },
      applied: (applied) => {
        this.applied.push(...applied);
      },
      samples: (samples) => {
        this.samples.push(...samples);
      },
    });
  }

  names(): string[] {
    return this.probers.map(({ name }) => name).sort();
  }

  /** What it holds of an endpoint: `us-1 down 3`. */
  views(endpoint: string): string[] {
    const all = [...this.opinions.values()].filter((opinion) => opinion.endpoint === endpoint);
    return all.map(({ prober, state, sequence }) => `${prober} ${state} ${sequence}`).sort();
  }
}

/** In whole ms, as all are told. */
export function opinionOf(head: ProberHead, atMs: number, changes: Partial<Opinion> = {}): Opinion {
  const { name: prober, region, epoch } = head;
  const nowMs = Math.floor(atMs);
  return {
    ...{ endpoint: WEB, prober, region, epoch, sequence: 1, state: "up", sinceMs: nowMs - 1000 },
    ...{ checkedMs: nowMs, firstFailureMs: null, failures: 0, reason: "", responseMs: 12.5 },
    ...{ agent: null, daysToExpiry: null },
    ...changes,
  };
}

export function headOf(exchange: LiveExchange, name: string, changes: Partial<ProberHead> = {}): ProberHead {
  return {
    name,
    region: name.slice(0, 2),
    epoch: Math.floor(exchange.nowMs()),
    version: "1.0.0",
    ...changes,
  };
}

const ORDER: GivenOrder = { kind: "drain", untilMs: null, by: "ops", reason: "new disks", atMs: 5 };

export function describeExchange({ kind, open }: ExchangeFactory): void {
  describe(`an exchange ${kind}`, () => {
    const opened = new Set<LiveExchange>();
    const opening = async () => {
      const exchange = await open();
      opened.add(exchange);
      return exchange;
    };
    afterEach(async () => {
      for (const exchange of opened) await exchange.close();
      opened.clear();
    });

    it("tells an opinion to all who follow, as it was given", async () => {
      const [probing, node] = [await opening(), await opening()];
      const listeners = [await Listener.of(probing), await Listener.of(node), await Listener.of(node)];
      const head = headOf(probing, "us-1");
      const voice = probing.speakAs(head);
      const opinion = opinionOf(head, probing.nowMs(), {
        ...{
          state: "down",
          failures: 3,
          firstFailureMs: Math.floor(probing.nowMs()) - 2000,
          responseMs: null,
        },
        ...{ reason: 'HTTP 503 "né"', agent: { weightPercent: 50, state: "drain" }, daysToExpiry: -2.5 },
      });
      voice.urgent(opinion);
      for (const listener of listeners) {
        await expect.poll(() => listener.opinions.get(`us-1 ${WEB}`), SOON).toEqual(opinion);
        await expect.poll(() => listener.names(), SOON).toEqual(["us-1"]);
        expect(listener.probers[0]).toMatchObject(head);
      }
    });

    it("tells numbers of what goes well", async () => {
      const [probing, node] = [await opening(), await opening()];
      const listener = await Listener.of(node);
      const head = headOf(probing, "us-1");
      const voice = probing.speakAs(head);
      const first = opinionOf(head, probing.nowMs());
      voice.routine(first);
      voice.routine({ ...first, endpoint: API });
      await expect.poll(() => listener.opinions.size, SOON).toBe(2);
      const next = { ...first, sequence: 2, checkedMs: Math.floor(probing.nowMs()), responseMs: 1234.5 };
      voice.routine(next);
      await expect.poll(() => listener.opinions.get(`us-1 ${WEB}`), SOON).toEqual(next);
      expect(listener.opinions.get(`us-1 ${API}`)).toMatchObject({ sequence: 1 });
    });

    it("tells who comes late all that there is", async () => {
      const probing = await opening();
      const heads = [headOf(probing, "us-1"), headOf(probing, "eu-1")];
      for (const head of heads) {
        const voice = probing.speakAs(head);
        for (let n = 0; n < 1200; n++) {
          const endpoint = `web 10.0.${n >> 8}.${n & 255}`;
          voice.routine(opinionOf(head, probing.nowMs(), { endpoint, sequence: 7 }));
        }
        voice.urgent(opinionOf(head, probing.nowMs(), { state: "down", failures: 3, reason: "refused" }));
      }
      await probing.order({ pool: "web", member: "a" }, ORDER);
      await probing.reportLoad({ pool: "web", member: "a b" }, 12.5);
      probing.sayDemand("node-1", [{ network: "192.0.2.0/24", rate: 5, resolver: "192.0.2.53" }]);
      probing.sayApplied({ incident: "web 192.0.2.10@5", node: "node-1", atMs: 7 });
      const node = await opening();
      const listener = await Listener.of(node);
      await expect.poll(() => listener.opinions.size, SOON).toBe(2402);
      expect(listener.views(WEB)).toEqual(["eu-1 down 1", "us-1 down 1"]);
      await expect.poll(() => listener.names(), SOON).toEqual(["eu-1", "us-1"]);
      await expect.poll(() => listener.orders.get('["web","a"]'), SOON).toEqual(ORDER);
      await expect.poll(() => listener.loads.get('["web","a b"]'), SOON).toBe(12.5);
      await expect.poll(() => listener.demand.get("node-1"), SOON).toHaveLength(1);
      await expect.poll(() => listener.applied, SOON).toHaveLength(1);
    });

    it("keeps the latest of each prober on each endpoint, and takes back what is withdrawn", async () => {
      const [probing, node] = [await opening(), await opening()];
      const listener = await Listener.of(node);
      const head = headOf(probing, "us-1");
      const voice = probing.speakAs(head);
      const down = { state: "down", failures: 3, reason: "refused" } as const;
      voice.urgent(opinionOf(head, probing.nowMs(), { sequence: 1 }));
      voice.urgent(opinionOf(head, probing.nowMs(), { sequence: 2, ...down }));
      voice.urgent(opinionOf(head, probing.nowMs(), { endpoint: API, sequence: 4 }));
      await expect.poll(() => listener.views(API), SOON).toEqual(["us-1 up 4"]);
      expect(listener.views(WEB)).toEqual(["us-1 down 2"]);
      voice.withdraw(WEB);
      await expect.poll(() => listener.views(WEB), SOON).toEqual([]);
      expect(listener.views(API)).toEqual(["us-1 up 4"]);
      const late = await Listener.of(await opening());
      await expect.poll(() => late.views(API), SOON).toEqual(["us-1 up 4"]);
      expect(late.views(WEB)).toEqual([]);
      voice.urgent(opinionOf(head, probing.nowMs(), { sequence: 9 }));
      for (const each of [listener, late]) {
        await expect.poll(() => each.views(WEB), SOON).toEqual(["us-1 up 9"]);
      }
    });

    it("says when a prober has gone, and takes its name again", async () => {
      const [probing, node] = [await opening(), await opening()];
      const listener = await Listener.of(node);
      const head = headOf(probing, "us-1");
      const voice = probing.speakAs(head);
      voice.urgent(opinionOf(head, probing.nowMs()));
      await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 up 1"]);
      await voice.close();
      await expect.poll(() => listener.gone, SOON).toEqual(["us-1"]);
      await expect.poll(() => listener.names(), SOON).toEqual([]);
      expect(listener.opinions.size).toBe(0);
      const again = { ...head, epoch: head.epoch + 1 };
      probing.speakAs(again).urgent(opinionOf(again, probing.nowMs()));
      await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 up 1"]);
      await expect.poll(() => listener.probers[0]?.epoch, SOON).toBe(again.epoch);
    });

    it("lets the later start of two probers with one name count", async () => {
      const [first, second, node] = [await opening(), await opening(), await opening()];
      const listener = await Listener.of(node);
      const head = headOf(first, "us-1");
      const later = { ...head, epoch: head.epoch + 10 };
      const old = first.speakAs(head);
      old.urgent(opinionOf(head, first.nowMs(), { sequence: 50 }));
      await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 up 50"]);
      const young = second.speakAs(later);
      young.urgent(opinionOf(later, first.nowMs(), { state: "down", failures: 3, reason: "refused" }));
      await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 down 1"]);
      await expect.poll(() => listener.probers[0]?.epoch, SOON).toBe(later.epoch);
      await old.close();
      const late = await Listener.of(await opening());
      await expect.poll(() => late.views(WEB), SOON).toEqual(["us-1 down 1"]);
      expect(listener.views(WEB)).toEqual(["us-1 down 1"]);
    });

    it("passes orders and loads on, and takes them back", async () => {
      const [one, other] = [await opening(), await opening()];
      const listener = await Listener.of(other);
      await one.order({ pool: "web", member: "a" }, ORDER);
      await expect.poll(() => listener.orders.get('["web","a"]'), SOON).toEqual(ORDER);
      await one.order({ pool: "web", member: "a" }, { ...ORDER, kind: "down", untilMs: 9e12 });
      await expect.poll(() => listener.orders.get('["web","a"]')?.kind, SOON).toBe("down");
      await one.reportLoad({ pool: "web", member: "a" }, 0);
      await expect.poll(() => listener.loads.get('["web","a"]'), SOON).toBe(0);
      await one.order({ pool: "web", member: "a" }, null);
      await one.reportLoad({ pool: "web", member: "a" }, null);
      await expect.poll(() => listener.orders.size + listener.loads.size, SOON).toBe(0);
      const late = await Listener.of(await opening());
      await one.order({ pool: "web", member: "b" }, ORDER);
      await expect.poll(() => [...late.orders.keys()], SOON).toEqual(['["web","b"]']);
    });

    it("passes on what nodes measure, are asked and answer by, also to the node itself", async () => {
      const [one, other] = [await opening(), await opening()];
      const listeners = [await Listener.of(one), await Listener.of(other)];
      const sample = { network: "192.0.2.0/24", region: "us", rttMs: 12.5, count: 3, atMs: 5 };
      const demand = [{ network: "2001:db8::/48", rate: 0.5, resolver: "2001:db8::53" }];
      one.shareSamples([sample, { ...sample, region: "eu" }]);
      one.sayDemand("node-1", demand);
      one.sayApplied({ incident: "web 192.0.2.10@5", node: "node-1", atMs: 7 });
      for (const listener of listeners) {
        await expect.poll(() => listener.samples, SOON).toEqual([sample, { ...sample, region: "eu" }]);
        await expect.poll(() => listener.demand.get("node-1"), SOON).toEqual(demand);
        await expect
          .poll(() => listener.applied, SOON)
          .toEqual([{ incident: "web 192.0.2.10@5", node: "node-1", atMs: 7 }]);
      }
    });

    it("keeps the last verdicts", async () => {
      const one = await opening();
      expect((await one.loadVerdicts()).size).toBe(0);
      const verdicts = new Map([
        [WEB, { state: "down", sinceMs: 5, savedMs: 7 }],
        [API, { state: "up", sinceMs: 5, savedMs: 7 }],
      ] as const);
      one.saveVerdicts(verdicts);
      const other = await opening();
      await expect.poll(() => other.loadVerdicts(), SOON).toEqual(verdicts);
      one.saveVerdicts(new Map([[WEB, { state: "up", sinceMs: 9, savedMs: 9 }]]));
      await expect
        .poll(() => other.loadVerdicts(), SOON)
        .toEqual(new Map([[WEB, { state: "up", sinceMs: 9, savedMs: 9 }]]));
    });

    it("tells nobody who stopped to follow, and nobody before follow() returned", async () => {
      const [probing, node] = [await opening(), await opening()];
      const head = headOf(probing, "us-1");
      const voice = probing.speakAs(head);
      voice.urgent(opinionOf(head, probing.nowMs()));
      const listener = await Listener.of(node);
      await expect.poll(() => listener.views(WEB), SOON).toEqual(["us-1 up 1"]);
      await listener.stop();
      const other = await Listener.of(node);
      voice.urgent(opinionOf(head, probing.nowMs(), { sequence: 2 }));
      await expect.poll(() => other.views(WEB), SOON).toEqual(["us-1 up 2"]);
      expect(listener.views(WEB)).toEqual(["us-1 up 1"]);
      let returned = false;
      let early = 0;
      const following = node.follow({
        opinions: () => {
          if (!returned) early++;
        },
      });
      returned = true;
      await (await following)();
      expect(early).toBe(0);
    });

    it("has one clock, which runs on evenly", async () => {
      const [one, other] = [await opening(), await opening()];
      await expect.poll(() => Math.abs(one.nowMs() - other.nowMs()), SOON).toBeLessThan(50);
      let before = one.nowMs();
      for (let n = 0; n < 10_000; n++) {
        const now = one.nowMs();
        expect(now).toBeGreaterThanOrEqual(before);
        before = now;
      }
      expect(one.awaySinceMs).toBeNull();
    });
  });
}
