import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Configuration } from "../../../src/documents/configuration.ts";
import { slotKey } from "../../../src/snapshot/snapshot.ts";
import type { HealthOptions } from "../../../src/sync/health/health-follower.ts";
import { documentsOf, opinion, START_MS, TestExchange, TestNode, WEB, watched } from "./harness.ts";

const nodes: TestNode[] = [];

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.health.close();
  vi.useRealTimers();
});

async function start(
  configuration: Configuration,
  exchange = new TestExchange(),
  options: Partial<HealthOptions> = {},
): Promise<TestNode> {
  const node = await TestNode.start(configuration, exchange, options);
  nodes.push(node);
  return node;
}

/** Lets time pass on both clocks. */
async function pass({ exchange }: TestNode, ms: number): Promise<void> {
  exchange.atMs += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

const [A, B] = ["192.0.2.1", "192.0.2.2"];
const TWO = documentsOf([watched([`a ${A}`, `b ${B}`])]);

describe("verdicts", () => {
  test("a member that is down leaves the live table within 25 ms, and comes back", async () => {
    const node = await start(TWO);
    expect([node.live("a"), node.live("b")]).toEqual([3, 3]);
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    expect([node.live("a"), node.live("b")]).toEqual([0, 3]);
    node.exchange.say(opinion(A, "up", { checkedMs: START_MS + 20 }));
    await pass(node, 25);
    expect(node.live("a")).toBe(3);
  });

  test("addresses of a member are judged apart", async () => {
    const node = await start(documentsOf([watched([`a ${A} 2001:db8::1`, `b ${B} 2001:db8::2`])]));
    node.exchange.say(opinion("2001:db8::1", "down"));
    await pass(node, 25);
    expect(node.live("a")).toBe(1);
    node.exchange.say(opinion(A, "down"), opinion("2001:db8::1", "up", { checkedMs: START_MS + 20 }));
    await pass(node, 25);
    expect(node.live("a")).toBe(2);
  });

  test("what comes together is one change of the table", async () => {
    const members = Array.from({ length: 50 }, (_, i) => `m${i} 192.0.2.${i + 1}`);
    const node = await start(documentsOf([watched(members)]));
    const { version } = node.snapshot.live;
    const before = version[0]!;
    for (let i = 0; i < 40; i++) node.exchange.say(opinion(`192.0.2.${i + 1}`, "down"));
    await pass(node, 25);
    expect(version[0]).toBe(before + 1);
    expect(node.health.counts()).toEqual({ up: 0, down: 40, unknown: 10 });
  });

  test("an opinion that changes nothing does not make threads work their pools out anew", async () => {
    const node = await start(TWO);
    node.exchange.say(opinion(A, "up"), opinion(B, "up"));
    await pass(node, 25);
    const before = node.snapshot.live.version[0];
    node.exchange.say(opinion(A, "up", { checkedMs: START_MS + 1000 }));
    await pass(node, 2000);
    expect(node.snapshot.live.version[0]).toBe(before);
  });

  test("a warm-up goes on by itself", async () => {
    const node = await start(documentsOf([watched([`a ${A}`, `b ${B}`], { warmUpMs: 10_000 })]));
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    const sinceMs = START_MS + 25;
    node.exchange.say(opinion(A, "up", { sinceMs, checkedMs: sinceMs }));
    await pass(node, 25);
    expect(node.live("a")).toBe("3 at 0.1");
    await pass(node, 5000);
    expect(node.live("a")).toMatch(/^3 at 0\.5/);
    await pass(node, 5500);
    expect(node.live("a")).toBe(3);
  });

  test("an agent's weight is the member's", async () => {
    const node = await start(TWO);
    node.exchange.say(opinion(A, "up", { agent: { weightPercent: 25, state: "ready" } }));
    await pass(node, 25);
    expect(node.live("a")).toBe("3 at 0.25");
    node.exchange.say(opinion(A, "up", { agent: { weightPercent: null, state: "drain" } }));
    await pass(node, 25);
    expect(node.live("a")).toBe(0);
  });

  test("response times are smoothed, and written where a step goes by them", async () => {
    const policy = [{ type: "response-time", options: {} }];
    const node = await start(documentsOf([watched([`a ${A}`, `b ${B}`], { policy })]));
    const rtt = () => node.snapshot.live.rttMs[node.snapshot.slots.get(slotKey("p", "a"))!];
    node.exchange.say(opinion(A, "up", { responseMs: 10 }));
    await pass(node, 1000);
    expect(rtt()).toBe(10);
    node.exchange.say(opinion(A, "up", { responseMs: 20, checkedMs: START_MS + 900 }));
    await pass(node, 1000);
    expect(rtt()).toBe(13);
    expect(node.health.pool("p")!.members.map((member) => member.responseMs)).toEqual([13, null]);
  });
});

describe("documents", () => {
  test("a member that comes with a pool is down from the first answer when its endpoint is known to be", async () => {
    const node = await start(TWO);
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    const pools = [watched([`a ${A}`, `b ${B}`]), watched([`c ${A}`, "d 192.0.2.9"], {}, "q")];
    node.publish(documentsOf(pools));
    expect([node.live("a"), node.live("c", "q"), node.live("d", "q")]).toEqual([0, 0, 3]);
  });

  test("a pool keeps what it knew under other documents, also in a larger table", async () => {
    const node = await start(TWO);
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    const many = Array.from({ length: 200 }, (_, i) => `m${i} 198.51.100.${i + 1}`);
    node.publish(documentsOf([watched([`b ${B}`, `a ${A}`]), watched(many, {}, "q")]));
    expect([node.live("a"), node.live("b"), node.live("m7", "q")]).toEqual([0, 3, 3]);
    node.exchange.say(opinion("198.51.100.8", "down"));
    await pass(node, 25);
    expect(node.live("m7", "q")).toBe(0);
  });

  test("a pool without its monitor has all of its members up", async () => {
    const node = await start(TWO);
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    const { monitor, ...unchecked } = watched([`a ${A}`, `b ${B}`]);
    expect(monitor).toBe("web");
    node.publish(documentsOf([unchecked]));
    expect(node.live("a")).toBe(3);
    expect(node.health.pool("p")).toMatchObject({ monitor: null, isUp: true, membersUp: 2 });
    expect(node.changes).toContainEqual(expect.objectContaining({ kind: "incident", change: "closed" }));
  });

  test("a monitor that only observes from now on lets members back in", async () => {
    const node = await start(TWO);
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    node.publish(documentsOf([...TWO.pools.values()], [{ ...WEB, observe: true }]));
    expect(node.live("a")).toBe(3);
  });
});

describe("orders and loads", () => {
  const order = (kind: "up" | "down" | "drain", untilMs: number | null = null) => ({
    kind,
    untilMs,
    by: "ops",
    reason: "",
    atMs: START_MS,
  });

  test("an order counts at once, until it expires, also in a pool without a monitor", async () => {
    const { monitor, ...unchecked } = watched([`a ${A}`, `b ${B}`]);
    expect(monitor).toBe("web");
    const node = await start(documentsOf([unchecked]));
    node.exchange.handlers.orders!([{ pool: "p", member: "a", order: order("down", START_MS + 5000) }]);
    await pass(node, 25);
    expect(node.live("a")).toBe(0);
    expect(node.health.pool("p")!.members[0]).toMatchObject({ notes: ["forced down"], order: { by: "ops" } });
    await pass(node, 5000);
    expect(node.live("a")).toBe(3);
  });

  test("orders come before the pool that they are about, and stay when it changes", async () => {
    const node = await start(TWO);
    node.exchange.handlers.orders!([{ pool: "q", member: "c", order: order("drain") }]);
    await pass(node, 25);
    const q = (weight: string) => watched([`c ${weight}`, "d 192.0.2.9"], {}, "q");
    node.publish(documentsOf([...TWO.pools.values(), q("192.0.2.8")]));
    expect(node.live("c", "q")).toBe(0);
    node.publish(documentsOf([...TWO.pools.values(), q("192.0.2.7")]));
    expect(node.live("c", "q")).toBe(0);
    node.exchange.handlers.orders!([{ pool: "q", member: "c", order: null }]);
    await pass(node, 25);
    expect(node.live("c", "q")).toBe(3);
  });

  test("a load is in the table at once, and in that of a pool that comes later", async () => {
    const node = await start(TWO);
    const load = (pool: string, member: string) =>
      node.snapshot.live.load[node.snapshot.slots.get(slotKey(pool, member))!];
    node.exchange.handlers.loads!([
      { pool: "p", member: "a", load: 7 },
      { pool: "q", member: "c", load: 9 },
    ]);
    expect(load("p", "a")).toBe(7);
    node.publish(documentsOf([...TWO.pools.values(), watched(["c 192.0.2.8"], {}, "q")]));
    expect([load("p", "a"), load("q", "c")]).toEqual([7, 9]);
    node.exchange.handlers.loads!([{ pool: "p", member: "a", load: null }]);
    expect(load("p", "a")).toBeNaN();
  });
});

describe("a start", () => {
  test("begins with the last verdicts, until somebody has an opinion", async () => {
    const exchange = new TestExchange();
    exchange.saved = new Map([
      [`web ${A}`, { state: "down", sinceMs: START_MS - 9000, savedMs: START_MS - 1000 }],
    ]);
    const node = await start(TWO, exchange);
    expect([node.live("a"), node.live("b")]).toEqual([0, 3]);
    expect(node.health.verdict(node.health.endpoints({ state: "down" })[0]!)).toMatchObject({
      coldStart: true,
      reason: "down before this node started",
    });
    node.exchange.say(opinion(A, "up"));
    await pass(node, 25);
    expect(node.live("a")).toBe(3);
  });

  test("does not wait for verdicts that do not come", async () => {
    const exchange = new TestExchange();
    exchange.loadVerdicts = () => new Promise(() => {});
    const starting = start(TWO, exchange);
    await vi.advanceTimersByTimeAsync(2000);
    expect((await starting).live("a")).toBe(3);
  });

  test("saves what changed", async () => {
    const node = await start(TWO);
    node.exchange.say(opinion(A, "down"), opinion(B, "up"));
    await pass(node, 6000);
    expect([...node.exchange.saved].map(([endpoint, { state }]) => [endpoint, state])).toEqual([
      [`web ${A}`, "down"],
      [`web ${B}`, "up"],
    ]);
  });
});

describe("a node that is cut off from the others, with its prober", () => {
  const ofRegion = (region: string, state: "up" | "down", atMs: number) => [
    opinion(A, state, { prober: region, region, sinceMs: atMs, checkedMs: atMs }),
    opinion(B, state, { prober: region, region, sinceMs: atMs, checkedMs: atMs }),
  ];

  test("keeps what the others said, and does not believe its own prober alone", async () => {
    const node = await start(TWO);
    for (const region of ["eu", "us", "ap"]) node.exchange.say(...ofRegion(region, "up", START_MS));
    await pass(node, 1000);
    node.exchange.awaySinceMs = START_MS + 500;
    for (let s = 1; s < 30; s++) {
      node.exchange.say(...ofRegion("eu", "down", node.exchange.nowMs()));
      await pass(node, 1000);
    }
    expect([node.live("a"), node.live("b")]).toEqual([3, 3]);
    node.exchange.awaySinceMs = null;
    node.exchange.say(...ofRegion("eu", "down", node.exchange.nowMs()));
    await pass(node, 25);
    expect([node.live("a"), node.live("b")]).toEqual([3, 3]);
  });

  test("does not believe the first prober alone that it hears again", async () => {
    const node = await start(TWO);
    for (const region of ["eu", "us", "ap"]) node.exchange.say(...ofRegion(region, "up", START_MS));
    node.exchange.awaySinceMs = START_MS + 500;
    await pass(node, 30_000);
    node.exchange.awaySinceMs = null;
    node.exchange.say(...ofRegion("ap", "down", node.exchange.nowMs()));
    await pass(node, 25);
    expect([node.live("a"), node.live("b")]).toEqual([3, 3]);
  });

  test("believes it when the others were heard again and have nothing to say", async () => {
    const node = await start(TWO);
    for (const region of ["eu", "us", "ap"]) node.exchange.say(...ofRegion(region, "up", START_MS));
    await pass(node, 1000);
    for (const awaySinceMs of [START_MS + 500, null]) {
      node.exchange.awaySinceMs = awaySinceMs;
      for (let s = 0; s < 12; s++) {
        node.exchange.say(...ofRegion("eu", "down", node.exchange.nowMs()));
        await pass(node, 1000);
      }
    }
    expect(node.health.verdict(`web ${A}`).state).toBe("down");
  });
});

describe("incidents", () => {
  test("each has its stopwatch: first failure, verdict, published, applied, drained, closed", async () => {
    const node = await start(TWO);
    node.exchange.atMs = START_MS + 40;
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    const [incident] = node.health.incidents(10);
    expect(incident).toMatchObject({
      endpoint: `web ${A}`,
      reason: "refused from eu",
      firstFailureMs: START_MS - 300,
      verdictMs: START_MS,
      publishedMs: START_MS + 40,
      applied: { "node-1": START_MS + 65 },
      drain: { p50Ms: 15_000, p100Ms: 30_000 },
      closedMs: null,
    });
    expect(node.exchange.applied).toEqual([{ incident: incident!.id, node: "node-1", atMs: START_MS + 65 }]);
    node.exchange.handlers.applied!([{ incident: incident!.id, node: "node-2", atMs: START_MS + 80 }]);
    expect(node.health.incident(incident!.id)!.applied).toMatchObject({ "node-2": START_MS + 80 });
    node.exchange.say(opinion(A, "up", { sinceMs: START_MS + 60, checkedMs: START_MS + 60 }));
    await pass(node, 25);
    expect(node.health.incident(incident!.id)!.closedMs).toBe(START_MS + 60);
    expect(node.changes.filter(({ kind }) => kind === "incident")).toMatchObject([
      { change: "opened" },
      { change: "closed" },
    ]);
  });

  test("what another node applied before this one heard of it is kept", async () => {
    const node = await start(TWO);
    const other = await start(TWO);
    other.exchange.say(opinion(A, "down"));
    await pass(other, 25);
    const { id } = other.health.incidents(1)[0]!;
    node.exchange.handlers.applied!([{ incident: id, node: "node-2", atMs: START_MS + 5 }]);
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    expect(node.health.incident(id)!.applied).toMatchObject({ "node-2": START_MS + 5 });
  });

  test("a member that max-out keeps in is not applied, and is an alarm", async () => {
    const node = await start(documentsOf([watched([`a ${A}`, `b ${B}`], { maxOut: 1 })]));
    node.exchange.say(opinion(A, "down"));
    await pass(node, 25);
    node.exchange.say(opinion(B, "down", { sinceMs: START_MS + 20, checkedMs: START_MS + 20 }));
    await pass(node, 25);
    expect([node.live("a"), node.live("b")]).toEqual([0, 3]);
    expect(node.health.incidents(10).map(({ applied }) => Object.keys(applied))).toEqual([[], ["node-1"]]);
    expect(node.health.alarms()[0]).toContain('pool "p": max-out: 2 of 2 members would be out for IPv4');
    await pass(node, 1000);
    expect(node.changes).toContainEqual({ kind: "alarms", alarms: node.health.alarms() });
  });

  test("are kept over a restart in the data folder", async () => {
    vi.useRealTimers();
    const dataDir = mkdtempSync(join(tmpdir(), "windrose-incidents-"));
    try {
      const node = await TestNode.start(TWO, new TestExchange(), { dataDir });
      const opened = new Promise((resolve) => node.health.onChange(resolve));
      node.exchange.say(opinion(A, "down"));
      await opened;
      const before = node.health.incidents(10);
      expect(before).toHaveLength(1);
      await node.health.close();
      const again = await TestNode.start(TWO, new TestExchange(), { dataDir });
      expect(again.health.incidents(10)).toEqual(before);
      await again.health.close();
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
});

test("probers() has those that are there and have said nothing, and alarms() regions without any", async () => {
  const node = await start(documentsOf([watched([`a ${A}`, `b ${B}`], { region: "us" })]));
  node.exchange.handlers.probers!([
    { name: "idle", region: "ap", epoch: START_MS, version: "1", heardMs: START_MS },
  ]);
  node.exchange.say(opinion(A, "up"), opinion(B, "up"));
  await pass(node, 25);
  expect(node.health.probers().map(({ name, region, seen }) => [name, region, seen])).toEqual([
    ["idle", "ap", 0],
    ["prober-1", "eu", 2],
  ]);
  expect(node.health.alarms()).toEqual([
    'no prober stands in region "us", which pool "p" names; probers stand in ap, eu',
  ]);
});
