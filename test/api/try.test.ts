import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApiServer, expectProblem, startApi, tokenFor } from "./api-server.ts";

let api: ApiServer;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

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
    const edit = await tokenFor(api, { scope: "edit" });
    expect((await api.ask("POST", TRY, { address: "127.0.0.1" }, edit)).status).toBe(200);
    const refused = await api.ask("POST", TRY, { address: "127.0.0.2" }, edit);
    expectProblem(refused, 403, "endpoint-forbidden", "/address");
    expect((await api.ask("POST", TRY, { address: "127.0.0.2" })).json.results).toHaveLength(1);
    const others = await tokenFor(api, { scope: "edit", pools: ["web"] });
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

  test("runs eight at once, and no more", async () => {
    const open: Socket[] = [];
    const silent = createTcpServer((socket) => open.push(socket.on("error", () => {})));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    await api.ask("PATCH", "/v1/monitors/local", { port });
    const body = { pool: "home", member: "here" };
    const many = Array.from({ length: 9 }, () => api.ask("POST", TRY, body));
    const refused = await Promise.race(many);
    expectProblem(refused, 429, "rate-limited");
    for (const socket of open) socket.destroy();
    silent.close();
    const replies = await Promise.all(many);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(8);
    for (const { json } of replies) if (json.results) expect(json.results[0].ok).toBe(false);
  });

  test("runs no more than so many in a minute", async () => {
    const body = { pool: "home", member: "here" };
    for (let at = 0; at < 60; at++) expect((await api.ask("POST", TRY, body)).status).toBe(200);
    const reply = await api.ask("POST", TRY, body);
    expectProblem(reply, 429, "rate-limited");
    expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0);
  });
});
