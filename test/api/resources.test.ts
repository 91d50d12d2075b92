import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApiServer, BODIES, startApi } from "./api-server.ts";

let api: ApiServer;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

const ZONE = "/v1/zones/example.com";

describe("documents of a kind", () => {
  test("a list comes in pages, and can be searched", async () => {
    const first = await api.ask("GET", "/v1/zones?limit=1");
    expect(first.json).toMatchObject({
      items: [{ id: "0/25.2.0.192.in-addr.arpa", soa: "made" }],
      total: 2,
      next: "0/25.2.0.192.in-addr.arpa",
    });
    const second = await api.ask("GET", `/v1/zones?limit=1&after=${encodeURIComponent(first.json.next)}`);
    expect(second.json).toMatchObject({ items: [{ id: "example.com" }], next: null });
    expect((await api.ask("GET", "/v1/pools?search=SPA")).json).toEqual({
      items: [{ id: "spare", members: 1, policy: ["weighted"] }],
      total: 1,
      next: null,
    });
    expect((await api.ask("GET", "/v1/monitors")).json.items).toEqual([{ id: "alive", type: "tcp" }]);
  });

  test("GET gives the document with its ETag, and 304 to whoever has it", async () => {
    const reply = await api.ask("GET", ZONE);
    expect(reply.json).toEqual(BODIES["zones/example.com"]);
    const again = await api.ask("GET", "/v1/zones/EXAMPLE.com.", undefined, {
      "if-none-match": String(reply.headers.etag),
    });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("ids with slashes and dots are percent-decoded", async () => {
    const path = "/v1/zones/0%2F25.2.0.192.in-addr.arpa";
    expect((await api.ask("GET", path)).json).toEqual(BODIES["zones/0/25.2.0.192.in-addr.arpa"]);
    const edit = await api.ask("PUT", `${path}/names/2`, { PTR: "mail.example.com." });
    expect([edit.status, edit.json.changes[0]]).toEqual([
      201,
      {
        document: "zones/0/25.2.0.192.in-addr.arpa",
        path: ["records", "2"],
        after: { PTR: "mail.example.com." },
      },
    ]);
  });

  test("PUT makes and replaces, PATCH merges, DELETE takes away", async () => {
    const made = await api.ask(
      "PUT",
      "/v1/pools/new",
      { members: ["192.0.2.9"] },
      { "windrose-reason": Buffer.from("café").toString("latin1") },
    );
    expect([made.status, made.json.generation, made.json.dryRun]).toEqual([201, 2, false]);
    expect(made.headers["windrose-generation"]).toBe("2");
    expect(made.json.warnings[0]).toMatchObject({ document: "pools/new", pointer: "" });
    const read = await api.ask("GET", "/v1/pools/new");
    expect(read.headers.etag).toBe(made.headers.etag);
    const patch = await api.ask("PATCH", "/v1/pools/new", {
      answers: 2,
      members: ["192.0.2.9", "192.0.2.10"],
    });
    expect([patch.status, patch.json.generation]).toEqual([200, 3]);
    const same = await api.ask("PATCH", "/v1/pools/new", { answers: 2 });
    expect([same.json.generation, same.json.at, same.json.changes]).toEqual([3, null, []]);
    expect((await api.ask("DELETE", "/v1/pools/new")).json.generation).toBe(4);
    expect((await api.ask("GET", "/v1/pools/new")).json.code).toBe("document-unknown");
    expect((await api.ask("GET", "/v1/changes/2")).json).toMatchObject({
      author: "WINDROSE_ADMIN_TOKEN",
      reason: "café",
    });
  });

  test("?dry-run checks and changes nothing", async () => {
    const reply = await api.ask("PUT", "/v1/pools/web?dry-run", { members: ["192.0.2.7"] });
    expect([reply.status, reply.json.generation, reply.json.dryRun]).toEqual([200, 1, true]);
    expect(reply.json.changes.map(({ path }: { path: string[] }) => path[0])).toEqual(["monitor", "members"]);
    expect((await api.ask("GET", "/v1/pools/web")).json).toEqual(BODIES["pools/web"]);
    expect((await api.ask("PUT", "/v1/pools/web?dry-run=1", { members: ["x"] })).status).toBe(422);
  });

  test("a pool or monitor in use cannot be deleted, and its users are listed", async () => {
    const pool = await api.ask("DELETE", "/v1/pools/web");
    expect([pool.status, pool.json.code, pool.json.users]).toEqual([
      409,
      "pool-in-use",
      [{ document: "zones/example.com", pointer: "/records/www/pool" }],
    ]);
    const monitor = await api.ask("DELETE", "/v1/monitors/alive");
    expect([monitor.status, monitor.json.code, monitor.json.users]).toEqual([
      409,
      "monitor-in-use",
      [{ document: "pools/web", pointer: "/monitor" }],
    ]);
  });
});

describe("master files", () => {
  test("GET gives a zone as text/dns, and PUT takes it back", async () => {
    const text = await api.ask("GET", ZONE, undefined, { accept: "text/dns" });
    expect(text.headers["content-type"]).toBe("text/dns; charset=utf-8");
    expect(text.text).toContain(";windrose: www 30 POOL web");
    const serial = api.editor.documents.configuration.zones
      .values()
      .find(({ id }) => id === "example.com")!.serial;
    expect(text.text).toContain(String(serial));
    const put = await api.ask("PUT", ZONE, text.text, { "content-type": "text/dns" });
    expect(put.status).toBe(200);
    const after = await api.ask("GET", ZONE, undefined, { accept: "text/dns" });
    expect(after.text).toBe(text.text);
  });

  test("PUT keeps the expectations, of which a master file says nothing", async () => {
    // biome-ignore lint/suspicious/noThenProperty: a key of documents
    const expectations = [{ name: "www", from: "*", then: "web" }];
    const patched = await api.ask("PATCH", ZONE, { expect: expectations });
    expect(patched.status).toBe(200);
    const text = await api.ask("GET", ZONE, undefined, { accept: "text/dns" });
    await api.ask("PUT", ZONE, text.text, { "content-type": "text/dns" });
    expect((await api.ask("GET", ZONE)).json.expect).toEqual(expectations);
  });

  test("faults of a master file have lines", async () => {
    const reply = await api.ask(
      "PUT",
      ZONE,
      "$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.300\n",
      {
        "content-type": "text/dns",
      },
    );
    expect([reply.status, reply.json.code, reply.json.errors[0].line]).toEqual([
      422,
      "master-file-invalid",
      4,
    ]);
  });

  test.each([
    ["*/*", "application/json"],
    ["text/dns, application/json;q=0.5", "text/dns"],
    ["application/json, text/dns;q=0.5", "application/json"],
    ["image/png", "application/problem+json"],
  ])("Accept: %s gets %s", async (accept, type) => {
    const reply = await api.ask("GET", ZONE, undefined, { accept });
    expect(String(reply.headers["content-type"]).split(";")[0]).toBe(type);
  });
});

describe("names and RRsets", () => {
  test("a name is found however it is spelled", async () => {
    for (const name of ["mail", "MAIL", "Mail.Example.COM."])
      expect((await api.ask("GET", `${ZONE}/names/${name}`)).json).toEqual({
        A: ["192.0.2.25", "192.0.2.26"],
        TXT: { ttl: 60, data: "hello" },
      });
    expect((await api.ask("GET", `${ZONE}/names/@`)).json).toEqual({ NS: "ns1" });
    expect((await api.ask("GET", `${ZONE}/names?search=ma`)).json.items[0].name).toBe("Mail");
  });

  test("names are made, changed and deleted", async () => {
    expect((await api.ask("PUT", `${ZONE}/names/a.b`, { TXT: "one" })).status).toBe(201);
    expect((await api.ask("PATCH", `${ZONE}/names/a.b`, { TXT: null, A: "192.0.2.3" })).status).toBe(200);
    expect((await api.ask("GET", `${ZONE}/names/a.b`)).json).toEqual({ A: "192.0.2.3" });
    expect((await api.ask("DELETE", `${ZONE}/names/a.b`)).status).toBe(200);
    expect((await api.ask("GET", `${ZONE}/names/a.b`)).json.code).toBe("name-unknown");
    expect((await api.ask("DELETE", `${ZONE}/names/a.b`)).json.code).toBe("name-unknown");
  });

  test("an owner may be called __proto__", async () => {
    expect((await api.ask("PUT", `${ZONE}/names/__proto__`, { TXT: "x" })).status).toBe(201);
    expect((await api.ask("GET", `${ZONE}/names/__proto__`)).json).toEqual({ TXT: "x" });
    expect((await api.ask("PATCH", ZONE, { ttl: 60 })).status).toBe(200);
    expect((await api.ask("GET", `${ZONE}/names/__proto__`)).json).toEqual({ TXT: "x" });
  });

  test("RRsets are read with their TTL, and written", async () => {
    const path = `${ZONE}/rrsets/mail`;
    expect((await api.ask("GET", `${path}/A`)).json).toEqual({
      ttl: 600,
      data: ["192.0.2.25", "192.0.2.26"],
    });
    expect((await api.ask("GET", `${path}/txt`)).json).toEqual({ ttl: 60, data: ["hello"] });
    const put = await api.ask("PUT", `${path}/A`, { data: "192.0.2.27" });
    expect(put.json.changes[0].after.A).toBe("192.0.2.27");
    expect((await api.ask("DELETE", `${path}/TXT`)).status).toBe(200);
    expect((await api.ask("DELETE", `${path}/TYPE1`)).status).toBe(200);
    expect((await api.ask("GET", `${ZONE}/names/mail`)).json.code).toBe("name-unknown");
    expect((await api.ask("DELETE", `${path}/TXT`)).json.code).toBe("rrset-unknown");
  });

  test("a batch of changes is made as a whole", async () => {
    const reply = await api.ask("POST", `${ZONE}/changes`, {
      changes: [
        { action: "CREATE", name: "new", type: "A", data: ["192.0.2.30", "192.0.2.31"], ttl: 20 },
        { action: "UPSERT", name: "ns1", type: "A", data: "192.0.2.54" },
        { action: "DELETE", name: "MAIL", type: "TXT", data: ["hello"] },
        { action: "DELETE", name: "mail", type: "A" },
        { action: "CREATE", name: "mail", type: "AAAA", data: "2001:db8::1" },
      ],
    });
    expect([reply.status, reply.json.generation]).toEqual([200, 2]);
    expect((await api.ask("GET", ZONE)).json.records).toEqual({
      "@": { NS: "ns1" },
      ns1: { A: "192.0.2.54" },
      www: { pool: "web", ttl: 30 },
      mail: { AAAA: "2001:db8::1" },
      old: { pool: "spare" },
      new: { A: { ttl: 20, data: ["192.0.2.30", "192.0.2.31"] } },
    });
  });

  test.each([
    [{ action: "CREATE", name: "ns1", type: "A", data: "192.0.2.1" }, 409, "rrset-exists", "/changes/1/name"],
    [{ action: "DELETE", name: "none", type: "A" }, 404, "rrset-unknown", "/changes/1/name"],
    [
      { action: "DELETE", name: "ns1", type: "A", data: "192.0.2.9" },
      409,
      "rrset-differs",
      "/changes/1/data",
    ],
    [{ action: "UPSERT", name: "ns1", type: "A" }, 422, "body-invalid", "/changes/1/data"],
    [
      { action: "UPSERT", name: "x.test.", type: "A", data: "192.0.2.1" },
      422,
      "body-invalid",
      "/changes/1/name",
    ],
    [
      { action: "UPSERT", name: "x", type: "AAAAA", data: "192.0.2.1" },
      422,
      "body-invalid",
      "/changes/1/type",
    ],
    [
      { action: "UPSERT", name: "x", type: "A", data: ["192.0.2.1", "no"] },
      422,
      "documents-invalid",
      "/changes/1/data/1",
    ],
    [
      { action: "UPSERT", name: "ns1", type: "CNAME", data: "x" },
      422,
      "documents-invalid",
      "/changes/1/data",
    ],
    [{ action: "upsert", name: "x", type: "A", data: "192.0.2.1" }, 422, "body-invalid", "/changes/1/action"],
    [
      { action: "UPSERT", name: "x", type: "A", data: "192.0.2.1", tll: 1 },
      422,
      "body-invalid",
      "/changes/1/tll",
    ],
  ])("of a batch whose last part is wrong nothing lands: %j", async (last, status, code, pointer) => {
    const first = { action: "UPSERT", name: "first", type: "A", data: "192.0.2.1" };
    const reply = await api.ask("POST", `${ZONE}/changes`, { changes: [first, last] });
    expect([reply.status, reply.json.code, reply.json.errors[0].pointer]).toEqual([status, code, pointer]);
    expect((await api.ask("GET", `${ZONE}/names/first`)).status).toBe(404);
    expect(api.editor.documents.generation).toBe(1);
  });
});

describe("members", () => {
  const pool = "/v1/pools/web/members";

  test("a member goes by its name, or by its address", async () => {
    expect((await api.ask("GET", `${pool}/192.0.2.1`)).json).toEqual({ address: "192.0.2.1" });
    expect((await api.ask("PATCH", `${pool}/192.0.2.1`, { enabled: false })).status).toBe(200);
    expect((await api.ask("PUT", `${pool}/c`, { address: "192.0.2.3" })).status).toBe(201);
    expect((await api.ask("PATCH", `${pool}/b`, { weight: null })).status).toBe(200);
    expect((await api.ask("GET", "/v1/pools/web")).json.members).toEqual([
      { address: "192.0.2.1", enabled: false },
      { name: "b", address: "192.0.2.2" },
      { name: "c", address: "192.0.2.3" },
    ]);
    expect((await api.ask("DELETE", `${pool}/b`)).status).toBe(200);
    expect((await api.ask("GET", `${pool}/b`)).json.code).toBe("member-unknown");
  });

  test("a fault in a member points into what was sent", async () => {
    const wrong = await api.ask("PATCH", `${pool}/b`, { weight: -1 });
    expect([wrong.status, wrong.json.errors]).toEqual([
      422,
      [{ pointer: "/weight", message: expect.stringContaining("-1") }],
    ]);
    const address = await api.ask("PATCH", `${pool}/b`, { address: "192.0.2.300" });
    expect([address.status, address.json.errors[0].pointer]).toEqual([422, "/address"]);
    const named = await api.ask("PUT", `${pool}/c`, { name: "d", address: "192.0.2.3" });
    expect([named.status, named.json.errors[0].pointer]).toEqual([422, "/name"]);
  });
});

describe("all documents", () => {
  test("what GET gives PUT takes, and changes nothing by it", async () => {
    const all = await api.ask("GET", "/v1/documents");
    expect(Object.keys(all.json)).toEqual(["monitors", "pools", "zones"]);
    const put = await api.ask("PUT", "/v1/documents", all.json, { "if-match": String(all.headers.etag) });
    expect([put.status, put.json.generation, put.json.changes]).toEqual([200, 1, []]);
  });

  test("PUT takes away what is not there, PATCH leaves it", async () => {
    const { json } = await api.ask("GET", "/v1/documents");
    const { spare, ...pools } = json.pools;
    const broken = await api.ask("PUT", "/v1/documents", { ...json, pools });
    expect([broken.status, broken.json.errors[0].pointer]).toEqual([
      422,
      "/zones/example.com/records/old/pool",
    ]);
    const patch = await api.ask("PATCH", "/v1/documents", {
      pools: { spare: null, other: { members: ["192.0.2.77"] } },
      zones: { "Example.COM": { records: { old: { pool: "other" } } } },
    });
    expect([patch.status, patch.json.generation]).toEqual([200, 2]);
    const now = await api.ask("GET", "/v1/documents");
    expect(Object.keys(now.json.pools).sort()).toEqual(["other", "web"]);
    expect(now.json.zones["example.com"].records.old).toEqual({ pool: "other" });
    expect(now.json.zones["example.com"].records.www).toEqual({ pool: "web", ttl: 30 });
  });

  test("pools cannot come to lead in a circle", async () => {
    const reply = await api.ask("PATCH", "/v1/documents", {
      pools: { web: { members: [{ pool: "spare" }] }, spare: { members: [{ pool: "web" }] } },
    });
    expect([reply.status, reply.json.code]).toEqual([422, "documents-invalid"]);
    expect(reply.json.errors[0].pointer).toMatch(/^\/pools\/(?:web|spare)\/members\/0\/pool$/);
    expect(api.editor.documents.generation).toBe(1);
  });

  test.each([
    [{}, "PUT", ""],
    [{ pools: null }, "PATCH", "/pools"],
    [{ zones: { "a.test": { records: {} }, "A.test.": { records: {} } } }, "PUT", "/zones/A.test."],
    [{ zones: { "a..test": { records: {} } } }, "PUT", "/zones/a..test"],
    [{ pool: {} }, "PUT", "/pool"],
  ] as const)("%j is refused for %s", async (body, method, pointer) => {
    const reply = await api.ask(method, "/v1/documents", body);
    expect([reply.status, reply.json.code, reply.json.errors[0].pointer]).toEqual([
      422,
      "documents-invalid",
      pointer,
    ]);
  });
});

describe("changes", () => {
  test("are listed newest first, and taken back", async () => {
    await api.ask("PATCH", ZONE, { ttl: 60 });
    await api.ask("PUT", `${ZONE}/names/x`, { TXT: "one" });
    const list = await api.ask("GET", "/v1/changes?limit=1");
    expect([list.json.items[0].generation, list.json.next]).toEqual([3, 3]);
    expect(
      (await api.ask("GET", "/v1/changes?before=3")).json.items.map(
        (c: { generation: number }) => c.generation,
      ),
    ).toEqual([2]);
    const revert = await api.ask("POST", "/v1/changes/2/revert");
    expect([revert.status, revert.json.generation]).toEqual([200, 4]);
    const zone = await api.ask("GET", ZONE);
    expect([zone.json.ttl, zone.json.records.x]).toEqual([600, { TXT: "one" }]);
    expect((await api.ask("GET", "/v1/changes/4")).json.reason).toBe("revert of generation 2");
  });

  test("a change whose parts changed since is not taken back", async () => {
    await api.ask("PATCH", ZONE, { ttl: 60 });
    await api.ask("PATCH", ZONE, { ttl: 61 });
    const reply = await api.ask("POST", "/v1/changes/2/revert");
    expect([reply.status, reply.json.code, reply.json.conflicts]).toEqual([
      409,
      "revert-conflict",
      [{ document: "zones/example.com", pointer: "/ttl" }],
    ]);
  });

  test.each([
    ["/v1/changes/99", 404, "change-unknown"],
    ["/v1/changes/x", 400, "request-invalid"],
  ])("%s is %i %s", async (path, status, code) => {
    const reply = await api.ask("GET", path);
    expect([reply.status, reply.json.code]).toEqual([status, code]);
  });
});
