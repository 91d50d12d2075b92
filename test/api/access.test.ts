import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openTokenFile } from "../../src/api/token-file.ts";
import { isScopeWithin, mayTouch, Tokens } from "../../src/api/tokens.ts";
import { ADMIN_TOKEN, type ApiServer, NOW_MS, startApi } from "./api-server.ts";
import { ADMIN, startService } from "./service.ts";

let api: ApiServer;
let nowMs = NOW_MS;
beforeEach(async () => {
  nowMs = NOW_MS;
  api = await startApi({ now: () => nowMs });
});
afterEach(() => api.close());

const POOL = "/v1/pools/web";

async function makeToken(body: object): Promise<{ id: string; token: string }> {
  const reply = await api.ask("POST", "/v1/tokens", { name: "test", ...body });
  expect(reply.status).toBe(201);
  return reply.json;
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

test("just these routes are open", async () => {
  const { app, close } = await startService();
  const { paths } = (await app.inject({ url: "/openapi.json", headers: ADMIN })).json() as {
    paths: Record<string, Record<string, unknown>>;
  };
  const open: string[] = [];
  const closed: string[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) {
      const url = path.replaceAll(/\{\w+\}/g, "1");
      const reply = await app.inject({ method: method.toUpperCase() as "GET", url });
      (reply.statusCode === 401 ? closed : open).push(`${method} ${path}`);
    }
  }
  expect(open).toEqual(expect.arrayContaining(["get /livez", "get /readyz"]));
  expect(open.filter((route) => !OPEN.includes(route))).toEqual([]);
  expect(closed.length).toBeGreaterThan(40);
  await close();
});

/** What watches over the node asks without a token; the description says nothing of anybody's documents. */
const OPEN = ["get /livez", "get /readyz", "get /openapi.json", "get /docs"];

describe("tokens", () => {
  test("nothing but health is open without one", async () => {
    for (const url of [POOL, "/v1/documents", "/v1/tokens", "/v1/audit", "/nowhere"]) {
      const reply = await api.ask("GET", url, undefined, { authorization: "" });
      expect([reply.status, reply.json.code]).toEqual([401, "token-missing"]);
      expect(reply.headers["www-authenticate"]).toContain("Bearer");
    }
  });

  test("a token is shown once, and kept as a hash in a file of mode 0600", async () => {
    const made = await makeToken({ scope: "read" });
    expect(made.token).toMatch(new RegExp(`^wr_${made.id}_[A-Za-z0-9_-]{43}$`));
    expect((await api.ask("GET", POOL, undefined, bearer(made.token))).status).toBe(200);
    const file = join(api.dataFolder, "tokens.json");
    const text = await readFile(file, "utf8");
    expect(text).toContain(made.id);
    expect(text).not.toContain(made.token.slice(-43));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const list = await api.ask("GET", "/v1/tokens");
    expect(list.text).not.toContain("hash");
    expect(list.json.items).toEqual([
      {
        id: made.id,
        name: "test",
        scope: "read",
        createdAt: new Date(NOW_MS).toISOString(),
        createdBy: "WINDROSE_ADMIN_TOKEN",
        lastUsedAt: new Date(NOW_MS).toISOString(),
      },
    ]);
    const self = await api.ask("GET", "/v1/tokens/self", undefined, bearer(made.token));
    expect(self.json).toEqual({ id: made.id, name: "test", scope: "read" });
  });

  test("are still there after a restart", async () => {
    const made = await makeToken({ scope: "edit", zones: ["Example.COM."] });
    const reopened = new Tokens(await openTokenFile(api.dataFolder), { now: () => nowMs });
    expect(await reopened.authenticate(made.token)).toMatchObject({ scope: "edit", zones: ["example.com"] });
  });

  test.each([
    ["foreign", async () => "wr_0123456789ab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "token-invalid"],
    ["no token at all", async () => "secret", "token-invalid"],
    [
      "right id, wrong secret",
      async () => `${(await makeToken({ scope: "read" })).token.slice(0, -4)}AAAA`,
      "token-invalid",
    ],
    [
      "revoked",
      async () => {
        const { id, token } = await makeToken({ scope: "read" });
        expect((await api.ask("DELETE", `/v1/tokens/${id}`)).status).toBe(204);
        return token;
      },
      "token-revoked",
    ],
    [
      "expired",
      async () => {
        const { token } = await makeToken({ scope: "read", expires: "1h" });
        nowMs += 3_600_000;
        return token;
      },
      "token-expired",
    ],
  ])("401 for a token that is %s", async (_what, make, code) => {
    const reply = await api.ask("GET", POOL, undefined, bearer(await make()));
    expect([reply.status, reply.json.code]).toEqual([401, code]);
  });

  test("after many wrong ones an address waits a minute", async () => {
    for (let tries = 0; tries < 20; tries++)
      expect((await api.ask("GET", POOL, undefined, bearer("wrong"))).status).toBe(401);
    const limited = await api.ask("GET", POOL);
    expect([limited.status, limited.json.code, limited.headers["retry-after"]]).toEqual([
      429,
      "tries-exhausted",
      "60",
    ]);
    nowMs += 60_000;
    expect((await api.ask("GET", POOL)).status).toBe(200);
  });

  test("scopes: read, edit, admin, each with those before it", async () => {
    const read = bearer((await makeToken({ scope: "read" })).token);
    const edit = bearer((await makeToken({ scope: "edit" })).token);
    const admin = bearer((await makeToken({ scope: "admin" })).token);
    const statuses = async (headers: Record<string, string>) => [
      (await api.ask("GET", POOL, undefined, headers)).status,
      (await api.ask("PATCH", POOL, { answers: 2 }, headers)).status,
      (await api.ask("GET", "/v1/tokens", undefined, headers)).status,
      (await api.ask("GET", "/v1/audit", undefined, headers)).status,
    ];
    expect(await statuses(read)).toEqual([200, 403, 403, 403]);
    expect(await statuses(edit)).toEqual([200, 200, 403, 403]);
    expect(await statuses(admin)).toEqual([200, 200, 200, 200]);
    const refused = await api.ask("DELETE", POOL, undefined, read);
    expect(refused.json).toMatchObject({ code: "scope-insufficient", needed: "edit" });
  });

  test("a token for some zones sees and edits no others", async () => {
    const headers = bearer((await makeToken({ scope: "edit", zones: ["example.com"] })).token);
    expect(
      (await api.ask("GET", "/v1/zones", undefined, headers)).json.items.map(
        (item: { id: string }) => item.id,
      ),
    ).toEqual(["example.com"]);
    expect((await api.ask("PATCH", "/v1/zones/example.com", { ttl: 60 }, headers)).status).toBe(200);
    for (const [method, url, body] of [
      ["GET", "/v1/zones/0%2F25.2.0.192.in-addr.arpa", undefined],
      ["GET", "/v1/pools/web/members/b", undefined],
      ["GET", "/v1/monitors/alive", undefined],
      ["PUT", "/v1/zones/new.test", { records: {} }],
      ["PATCH", "/v1/documents", { pools: { web: { answers: 2 } } }],
      ["PUT", "/v1/documents", { zones: { "example.com": { records: {} } } }],
    ] as const) {
      const reply = await api.ask(method, url, body, headers);
      expect([url, reply.status, reply.json.code]).toEqual([url, 403, "document-forbidden"]);
    }
    await api.ask("PATCH", POOL, { answers: 2 });
    const changes = await api.ask("GET", "/v1/changes", undefined, headers);
    expect(changes.json.items.map((item: { changes: unknown[] }) => item.changes.length)).toEqual([0, 1]);
    expect(Object.keys((await api.ask("GET", "/v1/documents", undefined, headers)).json.pools)).toEqual([]);
    expect((await api.ask("POST", "/v1/changes/3/revert", undefined, headers)).json.code).toBe(
      "document-forbidden",
    );
  });

  test.each([
    [{ name: "", scope: "read" }, "/name"],
    [{ name: "x", scope: "root" }, "/scope"],
    [{ name: "x", scope: "read", expires: "soon" }, "/expires"],
    [{ name: "x", scope: "read", zones: ["a..b"] }, "/zones/0"],
    [{ name: "x", scope: "admin", pools: ["web"] }, "/pools"],
    [{ name: "x", scope: "read", more: 1 }, "/more"],
    [{ scope: "read" }, ""],
  ])("%j makes none", async (body, pointer) => {
    const reply = await api.ask("POST", "/v1/tokens", body);
    expect([reply.status, reply.json.code, reply.json.errors[0].pointer]).toEqual([
      422,
      "body-invalid",
      pointer,
    ]);
  });

  test("DELETE answers 404 for one that is not there", async () => {
    expect((await api.ask("DELETE", "/v1/tokens/0123456789ab")).json.code).toBe("token-unknown");
  });
});

describe("Tokens", () => {
  test("createFirst() makes one of scope admin, once, and that is not revoked", async () => {
    const store = await openTokenFile(api.dataFolder);
    const tokens = new Tokens(store, { now: () => nowMs });
    const first = (await tokens.createFirst())!;
    const caller = await tokens.authenticate(first);
    expect(caller).toMatchObject({ name: "first", scope: "admin" });
    expect(await tokens.createFirst()).toBeUndefined();
    const { id } = caller as { id: string };
    expect(await tokens.revoke(id)).toBe("last");
    const second = await tokens.create({ name: "second", scope: "admin" }, "first");
    expect(await tokens.revoke(id)).toBe("revoked");
    expect(await tokens.revoke(second.token.id)).toBe("last");
  });

  test("the last admin token cannot be revoked over the API either", async () => {
    const tokens = new Tokens(await openTokenFile(api.dataFolder), { now: () => nowMs });
    const first = (await tokens.createFirst())!;
    const other = await startApi({ tokens });
    const reply = await other.ask("DELETE", `/v1/tokens/${first.split("_")[1]}`, undefined, bearer(first));
    expect([reply.status, reply.json.code]).toEqual([409, "token-last"]);
    await other.close();
  });

  test("an admin token of the environment that can be guessed is refused", async () => {
    const store = await openTokenFile(api.dataFolder);
    expect(() => new Tokens(store, { adminToken: "1234", now: () => nowMs })).toThrow(/16 random ones/);
    const tokens = new Tokens(store, { adminToken: ADMIN_TOKEN, now: () => nowMs });
    expect(await tokens.createFirst()).toBeUndefined();
  });

  test("isScopeWithin() and mayTouch() go by the grant", () => {
    expect(isScopeWithin("edit", { scope: "read" })).toBe(false);
    expect(isScopeWithin("read", { scope: "edit" })).toBe(true);
    expect(mayTouch({ scope: "edit" }, "monitors/a")).toBe(true);
    expect(mayTouch({ scope: "edit", pools: ["a"] }, "pools/a")).toBe(true);
    expect(mayTouch({ scope: "edit", pools: ["a"] }, "pools/b")).toBe(false);
    expect(mayTouch({ scope: "edit", pools: ["a"] }, "zones/a")).toBe(false);
    expect(mayTouch({ scope: "edit", pools: ["a"] }, "monitors/a")).toBe(false);
  });
});

describe("audit", () => {
  test("has every change and every refused attempt, and no reading", async () => {
    const { token, id } = await makeToken({ scope: "read", name: "reader" });
    await api.ask("GET", POOL, undefined, bearer(token));
    await api.ask("DELETE", POOL, undefined, bearer(token));
    await api.ask("PATCH", `${POOL}?reason=more`, { answers: 2 });
    await api.ask("PATCH", POOL, { answers: 200 });
    await api.ask("GET", POOL, undefined, { authorization: "" });
    const { json } = await api.ask("GET", "/v1/audit?limit=4");
    expect(json.items).toEqual([
      expect.objectContaining({ who: null, what: `GET ${POOL}`, status: 401, code: "token-missing" }),
      expect.objectContaining({ what: `PATCH ${POOL}`, status: 422, code: "documents-invalid" }),
      {
        id: 3,
        at: new Date(NOW_MS).toISOString(),
        who: "WINDROSE_ADMIN_TOKEN",
        token: "environment",
        from: "127.0.0.1",
        what: `PATCH ${POOL}`,
        status: 200,
        code: null,
        reason: "more",
        generation: 2,
        documents: ["pools/web"],
      },
      expect.objectContaining({ who: "reader", token: id, status: 403, code: "scope-insufficient" }),
    ]);
    expect(json.next).toBe(2);
    const rest = await api.ask("GET", "/v1/audit?before=2");
    expect(rest.json.items.map((item: { what: string }) => item.what)).toEqual(["POST /v1/tokens"]);
  });

  test("strangers cannot fill it", async () => {
    for (let tries = 0; tries < 40; tries++) await api.ask("GET", POOL, undefined, { authorization: "" });
    expect((await api.ask("GET", "/v1/audit")).json.items).toHaveLength(20);
  });
});
