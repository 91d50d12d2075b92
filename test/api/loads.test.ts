import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ApiServer, expectProblem, startApi, tokenFor } from "./api-server.ts";

const LOAD = "/v1/pools/web/members/b/load";

let api: ApiServer;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

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
    const others = await tokenFor(api, { scope: "edit", pools: ["spare"] });
    const loads = [{ pool: "web", member: "b", load: 1 }];
    expectProblem(await api.ask("POST", "/v1/loads", { loads }, others), 403, "document-forbidden");
    expect((await api.ask("POST", "/v1/loads", { loads })).status).toBe(200);
    const { json } = await api.ask("GET", "/v1/audit?limit=1");
    expect(json.items).toMatchObject([{ what: "POST /v1/loads", code: "document-forbidden", who: "some" }]);
  });
});
