import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WindroseError } from "../../src/lib/errors.ts";
import { type ApiServer, expectProblem, startApi, tokenFor } from "./api-server.ts";
import { answerBy, followOrders } from "./live.ts";

const ORDER = "/v1/pools/web/members/b/order";
const HOUR_MS = 3_600_000;

let api: ApiServer;

beforeEach(async () => {
  api = await startApi();
  answerBy(api.live, null);
});
afterEach(() => api.close());

describe("PUT /v1/pools/{pool}/members/{member}/order", () => {
  test("gives an order, and answers when this node answers by it", async () => {
    await followOrders(api.live);
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
    await followOrders(api.live);
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
    await followOrders(api.live);
    const until = new Date(api.live.exchange.nowMs() + 300).toISOString();
    expect((await api.ask("PUT", ORDER, { kind: "down", until })).status).toBe(201);
    const now = vi.spyOn(api.live.exchange, "nowMs").mockReturnValue(Date.parse(until));
    expectProblem(await api.ask("GET", ORDER), 404, "order-unknown");
    expect((await api.ask("GET", "/v1/orders")).json.items).toEqual([]);
    now.mockRestore();
  });

  test("is written into the audit, with the kind and the reason", async () => {
    await followOrders(api.live);
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
      await api.ask("PUT", ORDER, kind, await tokenFor(api, { scope: "read" })),
      403,
      "scope-insufficient",
    );
    const others = await tokenFor(api, { scope: "edit", pools: ["spare"] });
    expectProblem(await api.ask("PUT", ORDER, kind, others), 403, "document-forbidden");
    await followOrders(api.live);
    const own = await tokenFor(api, { scope: "edit", pools: ["web"] });
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
    await followOrders(api.live);
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
    await followOrders(api.live);
    await api.ask("PUT", ORDER, { kind: "down" });
    expect((await api.ask("DELETE", ORDER)).status).toBe(204);
    expectProblem(await api.ask("DELETE", ORDER), 404, "order-unknown");
    expectProblem(await api.ask("DELETE", "/v1/pools/web/members/c/order"), 404, "member-unknown");
  });

  test("also of a member that is in no document any more", async () => {
    await followOrders(api.live);
    await api.ask("PUT", ORDER, { kind: "down" });
    await api.ask("DELETE", "/v1/pools/web/members/b");
    expect((await api.ask("GET", "/v1/orders")).json.total).toBe(1);
    expect((await api.ask("DELETE", ORDER)).status).toBe(204);
    expect((await api.ask("GET", "/v1/orders")).json.total).toBe(0);
  });
});
