import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WindroseError } from "../../src/lib/errors.ts";
import type { GivenOrder } from "../../src/store/live/live-exchange.ts";
import type { MemberHealth, PoolHealthView } from "../../src/sync/health/health-face.ts";
import { type ApiReply, type ApiServer, startApi } from "./api-server.ts";
import { endpointOf, incidentOf, regionLike } from "./live.ts";

const ORDER = "/v1/pools/web/members/b/order";
const LOAD = "/v1/pools/web/members/b/load";
const HOUR_MS = 3_600_000;

let api: ApiServer;

beforeEach(async () => {
  api = await startApi();
  answerBy(null);
});
afterEach(() => api.close());

/** The node answers by this order for the member b. */
function answerBy(order: GivenOrder | null): void {
  const words = { up: "forced up", down: "forced down", drain: "drained" };
  const member: MemberHealth = {
    name: "b",
    isUp: order === null || order.kind === "up",
    ipv4: order === null || order.kind === "up",
    ipv6: null,
    weightPart: 1,
    notes: order === null ? [] : [words[order.kind]],
    endpoints: [endpointOf("alive 192.0.2.2", { state: "up" }, { pool: "web", member: "b" })],
    order,
    load: null,
    responseMs: null,
  };
  const first = { ...member, name: "192.0.2.1", endpoints: [], order: null, notes: [] };
  const view: PoolHealthView = {
    pool: "web",
    monitor: "alive",
    isUp: true,
    membersUp: 2,
    minUp: 1,
    alarms: [],
    members: [first, member],
  };
  api.live.health.pools.set("web", view);
}

/** As a node does that follows the exchange. */
async function followOrders(): Promise<void> {
  await api.live.exchange.follow({ orders: (orders) => answerBy(orders.at(-1)!.order) });
}

async function tokenFor(body: object): Promise<Record<string, string>> {
  const { json } = await api.ask("POST", "/v1/tokens", { name: "some", ...body });
  return { authorization: `Bearer ${json.token}` };
}

function expectProblem(reply: ApiReply, status: number, code: string, pointer?: string): void {
  expect([reply.status, reply.json.code]).toEqual([status, code]);
  expect(reply.json.detail.length).toBeGreaterThan(10);
  if (pointer !== undefined) expect(reply.json.errors).toContainEqual(expect.objectContaining({ pointer }));
}

describe("PUT /v1/pools/{pool}/members/{member}/order", () => {
  test("gives an order, and answers when this node answers by it", async () => {
    await followOrders();
    const reply = await api.ask("PUT", ORDER, { kind: "drain", for: "2h", reason: "kernel" });
    expect(reply.status).toBe(201);
    const untilMs = Date.parse(reply.json.until);
    expect(Math.abs(untilMs - api.live.exchange.nowMs() - 2 * HOUR_MS)).toBeLessThan(60_000);
    expect(reply.json).toEqual({
      pool: "web",
      member: "b",
      kind: "drain",
      until: expect.any(String),
      reason: "kernel",
      by: "WINDROSE_ADMIN_TOKEN",
      at: expect.any(String),
      applied: true,
    });
    const shown = await api.ask("GET", ORDER);
    const { applied, ...order } = reply.json;
    expect(shown.json).toEqual(order);
    expect(shown.headers.etag).toBe(reply.headers.etag);
    expect((await api.ask("GET", "/v1/orders")).json).toEqual({ items: [order], total: 1, next: null });
    const { json: pool } = await api.ask("GET", "/v1/pools/web/health");
    expect(pool.members[1]).toMatchObject({ name: "b", up: false, notes: ["drained"], order });
  });

  test("replaces an order, and lasts until it is taken back where nothing else is said", async () => {
    await followOrders();
    await api.ask("PUT", ORDER, { kind: "drain" });
    const reply = await api.ask("PUT", `${ORDER}?reason=broken`, { kind: "down" });
    expect([reply.status, reply.json]).toEqual([
      200,
      expect.objectContaining({ kind: "down", until: null, reason: "broken" }),
    ]);
  });

  test("says so where this node does not answer by it yet", async () => {
    expect((await api.ask("PUT", ORDER, { kind: "up" })).json).toMatchObject({ kind: "up", applied: false });
  });

  test("is gone when its time is over", async () => {
    await followOrders();
    const until = new Date(api.live.exchange.nowMs() + 300).toISOString();
    expect((await api.ask("PUT", ORDER, { kind: "down", until })).status).toBe(201);
    const now = vi.spyOn(api.live.exchange, "nowMs").mockReturnValue(Date.parse(until));
    expectProblem(await api.ask("GET", ORDER), 404, "order-unknown");
    expect((await api.ask("GET", "/v1/orders")).json.items).toEqual([]);
    now.mockRestore();
  });

  test("is written into the audit, with the kind and the reason", async () => {
    await followOrders();
    await api.ask("PUT", ORDER, { kind: "down", reason: "smoke" });
    await api.ask("DELETE", ORDER, undefined, { "windrose-reason": "no smoke" });
    const { json } = await api.ask("GET", "/v1/audit?limit=2");
    expect(json.items).toMatchObject([
      { what: `DELETE ${ORDER}`, status: 204, note: "down taken back", reason: "no smoke" },
      { what: `PUT ${ORDER}`, status: 201, note: "down", reason: "smoke" },
    ]);
  });

  test.each<[string, unknown, string]>([
    ["no kind", {}, ""],
    ["an unknown kind", { kind: "sideways" }, "/kind"],
    ["an unknown key", { kind: "down", untill: "x" }, "/untill"],
    ["no duration", { kind: "down", for: "soon" }, "/for"],
    ["no time at all", { kind: "down", for: "0s" }, "/for"],
    ["a thousand years", { kind: "down", for: "9000000h" }, "/for"],
    ["no time", { kind: "down", until: "tomorrow" }, "/until"],
    ["a day that there is not", { kind: "down", until: "2026-13-45T00:00:00Z" }, "/until"],
    ["the past", { kind: "down", until: "2020-01-01T00:00:00Z" }, "/until"],
    ["both", { kind: "down", for: "1h", until: "2099-01-01T00:00:00Z" }, "/until"],
    ["two lines", { kind: "down", reason: "a\nb" }, "/reason"],
    ["a long reason", { kind: "down", reason: "x".repeat(501) }, "/reason"],
    ["a list", [], ""],
  ])("refuses %s, with a pointer", async (_what, body, pointer) => {
    expectProblem(await api.ask("PUT", ORDER, body), 422, "body-invalid", pointer);
    expect((await api.ask("GET", "/v1/orders")).json.total).toBe(0);
  });

  test("refuses pools and members that are not there", async () => {
    const kind = { kind: "down" };
    expectProblem(await api.ask("PUT", "/v1/pools/wbe/members/b/order", kind), 404, "document-unknown");
    const reply = await api.ask("PUT", "/v1/pools/web/members/c/order", kind);
    expectProblem(reply, 404, "member-unknown");
    expect(reply.json.detail).toContain("192.0.2.1, b");
    expectProblem(
      await api.ask("PUT", "/v1/pools/a%20b/members/c/order", kind),
      400,
      "request-invalid",
      "?pool",
    );
  });

  test("refuses a member that is a pool, and names it", async () => {
    await api.ask("PUT", "/v1/pools/all", { members: [{ pool: "web" }] });
    const reply = await api.ask("PUT", "/v1/pools/all/members/web/order", { kind: "down" });
    expectProblem(reply, 409, "member-is-pool");
    expect(reply.json.pool).toBe("web");
  });

  test("is for tokens of scope edit, and of this pool", async () => {
    const kind = { kind: "down" };
    expectProblem(
      await api.ask("PUT", ORDER, kind, await tokenFor({ scope: "read" })),
      403,
      "scope-insufficient",
    );
    const others = await tokenFor({ scope: "edit", pools: ["spare"] });
    expectProblem(await api.ask("PUT", ORDER, kind, others), 403, "document-forbidden");
    await followOrders();
    const own = await tokenFor({ scope: "edit", pools: ["web"] });
    expect((await api.ask("PUT", ORDER, kind, own)).json).toMatchObject({ by: "some", applied: true });
    expect((await api.ask("GET", "/v1/orders", undefined, others)).json.items).toEqual([]);
    expectProblem(await api.ask("GET", ORDER, undefined, others), 403, "document-forbidden");
  });

  test("is refused where Redis is away", async () => {
    const gone = new WindroseError("store-unavailable", "Cannot ask Redis");
    vi.spyOn(api.live.exchange, "order").mockRejectedValue(gone);
    const reply = await api.ask("PUT", ORDER, { kind: "down" });
    expectProblem(reply, 503, "store-unavailable");
    expect(reply.headers["retry-after"]).toBe("5");
  });

  test("If-Match and If-None-Match mean the order", async () => {
    await followOrders();
    const first = await api.ask("PUT", ORDER, { kind: "drain" }, { "if-none-match": "*" });
    expect(first.status).toBe(201);
    expectProblem(
      await api.ask("PUT", ORDER, { kind: "down" }, { "if-none-match": "*" }),
      412,
      "precondition-failed",
    );
    expectProblem(
      await api.ask("DELETE", ORDER, undefined, { "if-match": '"x"' }),
      412,
      "precondition-failed",
    );
    expect(
      (await api.ask("DELETE", ORDER, undefined, { "if-match": String(first.headers.etag) })).status,
    ).toBe(204);
  });
});

describe("DELETE …/order", () => {
  test("takes it back", async () => {
    await followOrders();
    await api.ask("PUT", ORDER, { kind: "down" });
    expect((await api.ask("DELETE", ORDER)).status).toBe(204);
    expectProblem(await api.ask("DELETE", ORDER), 404, "order-unknown");
    expectProblem(await api.ask("DELETE", "/v1/pools/web/members/c/order"), 404, "member-unknown");
  });

  test("also of a member that is in no document any more", async () => {
    await followOrders();
    await api.ask("PUT", ORDER, { kind: "down" });
    await api.ask("DELETE", "/v1/pools/web/members/b");
    expect((await api.ask("GET", "/v1/orders")).json.total).toBe(1);
    expect((await api.ask("DELETE", ORDER)).status).toBe(204);
    expect((await api.ask("GET", "/v1/orders")).json.total).toBe(0);
  });
});

describe("loads", () => {
  beforeEach(async () => {
    await api.ask("PATCH", "/v1/pools/web", {
      members: ["192.0.2.1", { name: "b", address: "192.0.2.2", capacity: 1000, load: 10 }],
    });
  });

  test("PUT …/load reports one, and null takes it back", async () => {
    expect((await api.ask("GET", LOAD)).json).toEqual({
      pool: "web",
      member: "b",
      load: 10,
      reported: null,
      capacity: 1000,
    });
    expect((await api.ask("PUT", LOAD, { load: 812.5 })).json).toEqual({
      pool: "web",
      member: "b",
      load: 812.5,
      warnings: [],
    });
    await vi.waitFor(async () =>
      expect((await api.ask("GET", LOAD)).json).toMatchObject({ load: 812.5, reported: 812.5 }),
    );
    await api.ask("PUT", LOAD, { load: null });
    await vi.waitFor(async () =>
      expect((await api.ask("GET", LOAD)).json).toMatchObject({ load: 10, reported: null }),
    );
    expect((await api.ask("DELETE", LOAD)).status).toBe(204);
  });

  test("warn where the member has no capacity", async () => {
    const { json } = await api.ask("PUT", "/v1/pools/web/members/192.0.2.1/load", { load: 1 });
    expect(json.warnings).toMatchObject([
      { pointer: "/load", message: expect.stringContaining("no capacity") },
    ]);
  });

  test("POST /v1/loads reports many", async () => {
    const told: unknown[] = [];
    await api.live.exchange.follow({ loads: (loads) => void told.push(...loads) });
    const loads = [
      { pool: "web", member: "b", load: 1 },
      { pool: "web", member: "192.0.2.1", load: 2 },
    ];
    const reply = await api.ask("POST", "/v1/loads", { loads });
    expect([reply.status, reply.json]).toMatchObject([
      200,
      { loads: 2, warnings: [{ pointer: "/loads/1/load" }] },
    ]);
    await vi.waitFor(() => expect(told).toEqual(loads));
  });

  test("POST /v1/loads does all or nothing, and points at each fault", async () => {
    const report = vi.spyOn(api.live.exchange, "reportLoad");
    const loads = [
      { pool: "web", member: "b", load: 1 },
      { pool: "web", member: "c", load: 1 },
      { pool: "wbe", member: "b", load: 1 },
    ];
    const reply = await api.ask("POST", "/v1/loads", { loads });
    expectProblem(reply, 422, "body-invalid", "/loads/1/member");
    expectProblem(reply, 422, "body-invalid", "/loads/2/pool");
    expect(report).not.toHaveBeenCalled();
  });

  test.each<[string, unknown, string]>([
    ["a negative one", { load: -1 }, "/load"],
    ["a text", { load: "much" }, "/load"],
    ["none", {}, ""],
    ["a list", [], ""],
  ])("PUT refuses %s", async (_what, body, pointer) => {
    expectProblem(await api.ask("PUT", LOAD, body), 422, "body-invalid", pointer);
  });

  test.each<[string, unknown, string]>([
    ["a negative one", { loads: [{ pool: "web", member: "b", load: -1 }] }, "/loads/0/load"],
    ["none", { loads: [] }, "/loads"],
    ["an unknown key", { loads: [{ pool: "web", member: "b", load: 1, at: 1 }] }, "/loads/0/at"],
  ])("POST refuses %s", async (_what, body, pointer) => {
    expectProblem(await api.ask("POST", "/v1/loads", body), 422, "body-invalid", pointer);
  });

  test("are for tokens of these pools, and not in the audit unless refused", async () => {
    const others = await tokenFor({ scope: "edit", pools: ["spare"] });
    const loads = [{ pool: "web", member: "b", load: 1 }];
    expectProblem(await api.ask("POST", "/v1/loads", { loads }, others), 403, "document-forbidden");
    expect((await api.ask("POST", "/v1/loads", { loads })).status).toBe(200);
    const { json } = await api.ask("GET", "/v1/audit?limit=1");
    expect(json.items).toMatchObject([{ what: "POST /v1/loads", code: "document-forbidden", who: "some" }]);
  });
});

describe("GET /v1/health", () => {
  const member = { pool: "web", member: "b" };

  beforeEach(() => {
    const down = {
      state: "down",
      countsAs: "down",
      sinceMs: 60_000,
      reason: "HTTP 503 from us-east",
      needed: 2,
      heard: 2,
      regions: [
        regionLike({ region: "eu-west", state: "up", responseMs: 7 }),
        regionLike({ region: "us-east", state: "down", sinceMs: 50_000, reason: "HTTP 503", down: 1 }),
      ],
    } as const;
    api.live.health.known.push(
      endpointOf("alive 192.0.2.2", down, member),
      endpointOf("alive 192.0.2.1", { state: "up", stale: true }, { pool: "web", member: "192.0.2.1" }),
      endpointOf("other 198.51.100.1", {}, { pool: "spare", member: "x" }),
    );
    api.live.health.alarmed.push("no prober stands in ap-south");
  });

  test("tells endpoints, sorted, with what each region sees", async () => {
    const { json } = await api.ask("GET", "/v1/health");
    expect(json).toMatchObject({
      ageSeconds: 2,
      awaySince: null,
      counts: { up: 1, down: 1, unknown: 1 },
      alarms: ["no prober stands in ap-south"],
      total: 3,
      next: null,
    });
    expect(json.items.map(({ endpoint }: { endpoint: string }) => endpoint)).toEqual([
      "alive 192.0.2.1",
      "alive 192.0.2.2",
      "other 198.51.100.1",
    ]);
    expect(json.items[1]).toMatchObject({
      monitor: "alive",
      address: "192.0.2.2",
      state: "down",
      since: "1970-01-01T00:01:00.000Z",
      stale: false,
      coldStart: false,
      reason: "HTTP 503 from us-east",
      regionsNeeded: 2,
      members: [member],
      regions: [
        { region: "eu-west", state: "up", probers: 1, responseMs: 7 },
        { region: "us-east", state: "down", since: "1970-01-01T00:00:50.000Z", reason: "HTTP 503", down: 1 },
      ],
    });
  });

  test.each([
    ["state=down", ["alive 192.0.2.2"]],
    ["pool=web", ["alive 192.0.2.1", "alive 192.0.2.2"]],
    ["monitor=alive&state=up", ["alive 192.0.2.1"]],
    ["region=us-east", ["alive 192.0.2.2"]],
    ["region=us-east&state=down", ["alive 192.0.2.2"]],
    ["region=eu-west&state=down", []],
    ["search=198.51", ["other 198.51.100.1"]],
    ["limit=1", ["alive 192.0.2.1"]],
    ["limit=1&after=alive%20192.0.2.1", ["alive 192.0.2.2"]],
  ])("?%s", async (query, endpoints) => {
    api.live.health.seen.push(
      ...["us-east", "eu-west"].map((region) => {
        return {
          name: region,
          region,
          epoch: 1,
          checkedMs: 1,
          seen: 1,
          down: 0,
          suspect: [],
          isDouble: false,
        };
      }),
    );
    const { json } = await api.ask("GET", `/v1/health?${query}`);
    expect(json.items.map(({ endpoint }: { endpoint: string }) => endpoint)).toEqual(endpoints);
  });

  test.each([
    ["pool=wbe", "?pool"],
    ["monitor=aliv", "?monitor"],
    ["region=us-west", "?region"],
    ["state=sideways", "?state"],
    ["limit=0", "?limit"],
    ["colour=red", "?colour"],
  ])("refuses ?%s, with a pointer", async (query, pointer) => {
    expectProblem(await api.ask("GET", `/v1/health?${query}`), 400, "request-invalid", pointer);
  });

  test("tells a token for some pools of their endpoints alone", async () => {
    const own = await tokenFor({ scope: "read", pools: ["web"] });
    const { json } = await api.ask("GET", "/v1/health", undefined, own);
    expect(json.total).toBe(2);
    expect(json).not.toHaveProperty("alarms");
    expect(json).not.toHaveProperty("counts");
    expectProblem(await api.ask("GET", "/v1/health?pool=spare", undefined, own), 403, "document-forbidden");
  });

  test("escapes nothing, for JSON needs no escapes: what probers say stays data", async () => {
    const nasty = '<script>"\\u0000</script>';
    api.live.health.known.push(endpointOf("alive 192.0.2.9", { state: "down", reason: nasty }, member));
    const reply = await api.ask("GET", "/v1/health?search=192.0.2.9");
    expect(reply.headers["content-type"]).toContain("application/json");
    expect(reply.json.items[0].reason).toBe(nasty);
  });
});

describe("GET /v1/pools/{pool}/health", () => {
  test("tells members, and is what ?health of the pool gives, whose ETag stays", async () => {
    const { json } = await api.ask("GET", "/v1/pools/web/health");
    expect(json).toMatchObject({
      pool: "web",
      monitor: "alive",
      up: true,
      membersUp: 2,
      minUp: 1,
      members: [{ name: "192.0.2.1" }, { name: "b", up: true, ipv4: true, ipv6: null, order: null }],
    });
    expect(json.members[1].endpoints).toMatchObject([{ endpoint: "alive 192.0.2.2", state: "up" }]);
    expect((await api.ask("GET", "/v1/pools/web?health")).json).toEqual(json);
    const { headers } = await api.ask("GET", "/v1/pools/web");
    await followOrders();
    await api.ask("PUT", ORDER, { kind: "down" });
    expect((await api.ask("GET", "/v1/pools/web")).headers.etag).toBe(headers.etag);
  });

  test("refuses a pool that is not there, or is not the token's", async () => {
    expectProblem(await api.ask("GET", "/v1/pools/wbe/health"), 404, "document-unknown");
    const own = await tokenFor({ scope: "read", pools: ["spare"] });
    expectProblem(await api.ask("GET", "/v1/pools/web/health", undefined, own), 403, "document-forbidden");
  });
});

test("GET /v1/probers tells who is heard of, and who has checked", async () => {
  const { exchange, health } = api.live;
  const head = { name: "a", region: "us", epoch: 1000, version: "1.2.3" };
  exchange.speakAs(head);
  const sight = { epoch: 1000, checkedMs: 2000, seen: 3, down: 1, isDouble: true };
  const nothing = { epoch: 1000, checkedMs: 0, seen: 0, down: 0, suspect: [], isDouble: false };
  health.seen.push(
    { name: "a", region: "us", ...sight, suspect: [4, 6] },
    { name: "new", region: "us", ...nothing },
  );
  await vi.waitFor(async () => {
    const { json } = await api.ask("GET", "/v1/probers");
    expect(json.probers).toMatchObject([
      {
        name: "a",
        region: "us",
        version: "1.2.3",
        startedAt: "1970-01-01T00:00:01.000Z",
        checkedAt: "1970-01-01T00:00:02.000Z",
        heardAt: expect.any(String),
        seen: 3,
        down: 1,
        suspect: ["ipv4", "ipv6"],
        double: true,
      },
      { name: "new", seen: 0, checkedAt: null, heardAt: null, version: null },
    ]);
  });
});

describe("incidents", () => {
  beforeEach(() => {
    const evidence = [
      { region: "eu", state: "down", sinceMs: 1500, firstFailureMs: 1100, reason: "refused" },
      { region: "us", state: "down", sinceMs: 1300, firstFailureMs: 1000, reason: "HTTP 503" },
      { region: "ap", state: "up", sinceMs: 1, firstFailureMs: null, reason: "" },
    ] as const;
    const drain = { p50Ms: 15_000, p90Ms: 27_000, p99Ms: 29_700, p100Ms: 30_000 };
    const times = { firstFailureMs: 1000, verdictMs: 1500, publishedMs: 1512, drain };
    api.live.health.log.push(
      incidentOf("c", "alive 192.0.2.2", { ...times, evidence, applied: { n2: 1540, n1: 1520 } }),
      incidentOf("b", "alive 192.0.2.1", { firstFailureMs: 1000, verdictMs: 1200, closedMs: 9000 }),
      incidentOf("a", "gone 192.0.2.1", { closedMs: 5 }),
    );
  });

  test("GET /v1/incidents lists them in pages, the latest first", async () => {
    const ids = async (query: string) => {
      const { json } = await api.ask("GET", `/v1/incidents${query}`);
      return [json.items.map(({ id }: { id: string }) => id).join(""), json.next];
    };
    expect(await ids("")).toEqual(["cba", null]);
    expect(await ids("?limit=2")).toEqual(["cb", "b"]);
    expect(await ids("?limit=2&before=b")).toEqual(["a", null]);
    expect(await ids("?open=true")).toEqual(["c", null]);
    expect(await ids("?open=false&pool=web")).toEqual(["b", null]);
  });

  test("GET /v1/incidents/{id} has the stopwatch, by phases", async () => {
    const { json } = await api.ask("GET", "/v1/incidents/c");
    expect(json).toMatchObject({
      id: "c",
      monitor: "alive",
      address: "192.0.2.2",
      pools: ["web"],
      closedAt: null,
      phases: {
        detectMs: 300,
        confirmMs: 200,
        publishMs: 12,
        applyMs: 28,
        drainMs: 29_700,
        lastedMs: null,
      },
      applied: [
        { node: "n1", afterMs: 20 },
        { node: "n2", afterMs: 40 },
      ],
      drain: { p50Ms: 15_000 },
    });
    expect(json.evidence[1]).toEqual({
      region: "us",
      state: "down",
      since: "1970-01-01T00:00:01.300Z",
      firstFailureAt: "1970-01-01T00:00:01.000Z",
      reason: "HTTP 503",
    });
    expect((await api.ask("GET", "/v1/incidents/b")).json.phases).toMatchObject({
      detectMs: null,
      lastedMs: 8000,
    });
  });

  test.each([
    ["before=zz", "?before"],
    ["limit=0", "?limit"],
    ["pool=wbe", "?pool"],
    ["open=perhaps", "?open"],
  ])("refuses ?%s, with a pointer", async (query, pointer) => {
    expectProblem(await api.ask("GET", `/v1/incidents?${query}`), 400, "request-invalid", pointer);
  });

  test("are shown to tokens of their pools", async () => {
    const own = await tokenFor({ scope: "read", pools: ["spare"] });
    expect((await api.ask("GET", "/v1/incidents", undefined, own)).json.items).toEqual([]);
    expectProblem(await api.ask("GET", "/v1/incidents/c", undefined, own), 404, "incident-unknown");
    expectProblem(await api.ask("GET", "/v1/incidents/zz"), 404, "incident-unknown");
  });
});

describe("POST /v1/monitors/{monitor}/try", () => {
  const TRY = "/v1/monitors/local/try";
  let server: Server;

  beforeEach(async () => {
    server = createServer((_request, response) => response.writeHead(503).end("busy"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await api.ask("PATCH", "/v1/documents", {
      monitors: { local: { type: "http", port, path: "/health", timeout: "2s" } },
      pools: {
        home: {
          monitor: "local",
          members: [{ name: "here", address: "127.0.0.1" }, { target: "x.example" }],
        },
      },
    });
  });
  afterEach(() => server.close());

  test("runs the check of a member once, and shows what came", async () => {
    const reply = await api.ask("POST", TRY, { pool: "home", member: "here" });
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({
      monitor: "local",
      type: "http",
      results: [{ address: "127.0.0.1", family: 4, ok: false, reason: expect.stringContaining("503") }],
    });
    expect(reply.json.results[0].timings.totalMs).toBeGreaterThan(0);
    expect(JSON.stringify(reply.json.results[0].detail)).toContain("busy");
  });

  test("takes an address that the monitor checks, and any from an admin", async () => {
    const edit = await tokenFor({ scope: "edit" });
    expect((await api.ask("POST", TRY, { address: "127.0.0.1" }, edit)).status).toBe(200);
    const refused = await api.ask("POST", TRY, { address: "127.0.0.2" }, edit);
    expectProblem(refused, 403, "endpoint-forbidden", "/address");
    expect((await api.ask("POST", TRY, { address: "127.0.0.2" })).json.results).toHaveLength(1);
    const others = await tokenFor({ scope: "edit", pools: ["web"] });
    expectProblem(await api.ask("POST", TRY, { address: "127.0.0.1" }, others), 403, "endpoint-forbidden");
  });

  test.each<[string, unknown, number, string, string | undefined]>([
    ["nothing", {}, 422, "body-invalid", ""],
    ["a pool alone", { pool: "home" }, 422, "body-invalid", ""],
    ["both", { pool: "home", member: "here", address: "127.0.0.1" }, 422, "body-invalid", ""],
    ["no address", { address: "nowhere" }, 422, "body-invalid", "/address"],
    ["a pool of another monitor", { pool: "web", member: "b" }, 422, "body-invalid", "/pool"],
    ["a member without address", { pool: "home", member: "x.example" }, 422, "body-invalid", "/member"],
    ["an unknown member", { pool: "home", member: "there" }, 404, "member-unknown", undefined],
    ["an unknown pool", { pool: "hoem", member: "here" }, 404, "document-unknown", undefined],
  ])("refuses %s", async (_what, body, status, code, pointer) => {
    expectProblem(await api.ask("POST", TRY, body), status, code, pointer);
  });

  test("refuses a monitor that is not there", async () => {
    const reply = await api.ask("POST", "/v1/monitors/locale/try", { address: "127.0.0.1" });
    expectProblem(reply, 404, "document-unknown");
  });

  test("runs no more than so many in a minute", async () => {
    const body = { pool: "home", member: "here" };
    for (let at = 0; at < 60; at++) expect((await api.ask("POST", TRY, body)).status).toBe(200);
    const reply = await api.ask("POST", TRY, body);
    expectProblem(reply, 429, "rate-limited");
    expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0);
  });
});
