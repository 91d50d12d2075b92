import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readinessOf } from "../../src/api/metrics/readiness.ts";
import { LocalNode } from "../../src/api/nodes/nodes.ts";
import { setUp } from "../../src/steering/live.ts";
import { parseExposition } from "./exposition.ts";
import { endpointOf } from "./live.ts";
import { NOW_MS, TestNode } from "./node.ts";
import { ADMIN, startService, type TestService } from "./service.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.close());

async function get(url: string, headers: Record<string, string> = ADMIN) {
  return service.app.inject({ method: "GET", url, headers });
}

async function limitedToken(zones: string[], pools: string[] = []): Promise<Record<string, string>> {
  const { text } = await service.tokens.create({ name: "some", scope: "read", zones, pools }, "test");
  return { authorization: `Bearer ${text}` };
}

describe("/livez and /readyz", () => {
  test("answer without a token", async () => {
    expect((await get("/livez", {})).json()).toEqual({ status: "live" });
    const ready = await get("/readyz", {});
    expect(ready.statusCode).toBe(200);
    expect(ready.json()).toMatchObject({
      status: "ready",
      node: "node-1",
      generation: 1,
      zones: 1,
      pools: 2,
    });
  });

  test("/readyz stays 200 while the store is away, and says so", async () => {
    const node = new TestNode();
    node.store = { kind: "redis", isUp: false, seenMs: NOW_MS - 30_000 };
    expect(readinessOf(node, NOW_MS)).toMatchObject({
      status: "ready",
      store: { kind: "redis", up: false, ageSeconds: 30 },
      warnings: ["the store cannot be asked: answers are as of 30 s ago, and edits are refused"],
    });
  });

  test("/readyz tells of health by numbers, stays 200, and warns where nobody checks", async () => {
    const { health } = service.live;
    health.known.push(endpointOf("web 192.0.2.1", { state: "down" }, { pool: "web", member: "eu-1" }));
    health.awaySinceMs = service.live.exchange.nowMs() - 5000;
    const ready = await get("/readyz", {});
    health.known.length = 0;
    health.awaySinceMs = null;
    expect(ready.statusCode).toBe(200);
    expect(ready.json()).toMatchObject({
      status: "ready",
      health: {
        endpoints: { up: 0, down: 1, unknown: 0 },
        probers: 0,
        ageSeconds: 2,
        awaySeconds: 5,
        incidentsOpen: 0,
        alarms: 0,
      },
      warnings: [
        "probers and other nodes cannot be reached for 5 s: verdicts stand as they were",
        "no prober is heard, and 1 endpoint should be checked: verdicts are as of 2 s ago",
      ],
    });
    expect(ready.body).not.toContain("192.0.2.1");
  });

  test("warns of alarms, but not while it begins", () => {
    const health = { endpoints: { up: 1, down: 0, unknown: 0 }, probers: 1, ageSeconds: 1 };
    const loud = { ...health, awaySeconds: null, incidentsOpen: 0, alarms: 2 };
    const node = new TestNode();
    expect(readinessOf(node, NOW_MS, loud).warnings).toEqual([
      "2 alarms of health; GET /v1/health says what",
    ]);
    expect(readinessOf(node, node.startedMs + 5000, loud).warnings).toEqual([]);
  });

  test("/readyz answers 503 while the node starts and stops", async () => {
    service.node.isAnswering = false;
    const response = await get("/readyz", {});
    service.node.isAnswering = true;
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ status: "not-ready", generation: 1 });
  });
});

describe("/metrics", () => {
  test("answers a scrape that a checker accepts, and counts requests", async () => {
    await get("/readyz", {});
    const response = await get("/metrics");
    expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    const requests = parseExposition(response.body).get("windrose_api_requests_total")!.samples;
    const name = 'windrose_api_requests_total{method="GET",route="/readyz",status="200"}';
    expect(requests.get(name)).toBeGreaterThan(0);
  });

  test("counts a path that is not there as other, whatever it is", async () => {
    await get("/no/such-path");
    const { body } = await get("/metrics");
    expect(body).toContain('windrose_api_requests_total{method="other",route="other",status="404"}');
    expect(body).not.toContain("such-path");
  });

  test("is refused without a token, and to one for some documents alone", async () => {
    expect((await get("/metrics", {})).statusCode).toBe(401);
    expect((await get("/metrics", await limitedToken(["example.test"]))).statusCode).toBe(403);
  });
});

describe("GET /v1/explain", () => {
  test("explains from the running snapshot", async () => {
    const response = await get("/v1/explain?name=www.example.test&client=203.0.113.7&seed=5");
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      name: "www.example.test.",
      type: "A",
      seed: 5,
      client: { asked: "203.0.113.0/24", resolver: "203.0.113.7" },
      lookups: [{ zone: "example.test.", outcome: "steered" }],
      trace: { choices: [{ pool: { pool: "web" } }] },
      reply: { rcode: "NOERROR", answer: [{ data: "192.0.2.1" }] },
    });
  });

  test("takes down what at-down names, for this question alone", async () => {
    const { live, slots } = service.node.view.snapshot;
    const response = await get("/v1/explain?name=www.example.test&at-down=web/eu-1,web/eu-2");
    expect(response.json().reply.answer).toMatchObject([{ data: "198.51.100.1" }]);
    expect(live.up[slots.get("web/eu-1")!]).toBe(3);
  });

  test("knows what is down in the live table, and counts nothing", async () => {
    const { live, slots } = service.node.view.snapshot;
    const slot = slots.get("web/eu-1")!;
    setUp(live, slot, false);
    const counted = service.node.view.counters.memberCount(slots.get("web/eu-2")!);
    const response = await get("/v1/explain?name=www.example.test");
    setUp(live, slot, true);
    expect(response.json().reply.answer).toMatchObject([{ data: "192.0.2.2" }]);
    expect(service.node.view.counters.memberCount(slots.get("web/eu-2")!)).toBe(counted);
  });

  test.each([
    ["name=www.example.test&type=NONE", "?type"],
    ["name=www..test", "?name"],
    ["name=www.example.test&client=203.0.113.0/8", "?client"],
    ["name=www.example.test&resolver=x", "?resolver"],
    ["name=www.example.test&seed=-1", "?seed"],
    ["name=www.example.test&at-down=nobody", "?at-down"],
    ["type=A", "?"],
    ["name=www.example.test&colour=red", "?colour"],
  ])("refuses %s, with a pointer", async (query, pointer) => {
    const response = await get(`/v1/explain?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: "request-invalid", errors: [{ pointer }] });
  });

  test("tells a token for some documents of nothing that others had a say in", async () => {
    const query = "/v1/explain?name=www.example.test";
    expect((await get(query, await limitedToken(["example.test"]))).json()).toMatchObject({
      status: 403,
      code: "document-forbidden",
    });
    expect((await get(query, await limitedToken(["example.test"], ["web"]))).statusCode).toBe(200);
  });
});

describe("GET /v1/nodes", () => {
  test("lists this process", async () => {
    expect((await get("/v1/nodes")).json()).toMatchObject({
      nodes: [{ id: "node-1", version: "1.2.3", region: "eu", generation: 1, self: true }],
    });
  });
});

describe("LocalNode.waitFor()", () => {
  const at = "2026-11-21T09:00:00.000Z";

  test("resolves with a receipt once every thread answers by the generation", async () => {
    const node = new TestNode();
    const waiting = new LocalNode(node).waitFor(2, { who: "all", timeoutMs: 10_000, at });
    setImmediate(() => (node.generation = 2));
    expect(await waiting).toEqual({
      complete: true,
      receipts: [{ node: "node-1", generation: 2, ms: expect.any(Number) }],
      missing: [],
    });
  });

  test("resolves without one when the time is over", async () => {
    const waiting = new LocalNode(new TestNode()).waitFor(2, { who: "quorum", timeoutMs: 0, at });
    expect(await waiting).toEqual({ complete: false, receipts: [], missing: ["node-1"] });
  });
});
