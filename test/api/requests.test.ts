import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { API_LIMITS } from "../../src/api/context.ts";
import { WindroseError } from "../../src/lib/errors.ts";
import type { Fault } from "../../src/lib/fault.ts";
import type { Receipts } from "../../src/store/nodes.ts";
import { ADMIN_TOKEN, type ApiServer, NOW_MS, startApi } from "./api-server.ts";

const LIMITS = { ...API_LIMITS, requestsPerSecondMax: 0 };

const ZONE = "/v1/zones/example.com";
const POOL = "/v1/pools/web";

let api: ApiServer;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

describe("bodies", () => {
  const nested = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;

  test.each<[string, string | Buffer, string, number, string]>([
    ["not JSON", "{records:}", "application/json", 400, "body-not-json"],
    ["empty", "", "application/json", 400, "body-not-json"],
    ["not UTF-8", Buffer.from([0x22, 0xff, 0x22]), "application/json", 400, "body-not-utf8"],
    ["not UTF-8 as a master file", Buffer.from([0xff]), "text/dns", 400, "body-not-utf8"],
    [
      "of a type that is not taken",
      "a=b",
      "application/x-www-form-urlencoded",
      415,
      "media-type-unsupported",
    ],
    ["a list", "[]", "application/json", 422, "documents-invalid"],
    ["null", "null", "application/json", 422, "documents-invalid"],
    ["very deep", nested, "application/json", 422, "documents-invalid"],
  ])("a body that is %s", async (_what, body, type, status, code) => {
    const reply = await api.ask("PUT", ZONE, body, { "content-type": type });
    expect([reply.status, reply.json.code]).toEqual([status, code]);
    expect(reply.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(reply.json).toMatchObject({
      type: `urn:windrose:problem:${code}`,
      status,
      title: expect.any(String),
    });
    expect(api.editor.documents.generation).toBe(1);
  });

  test("a patch that nests very deep", async () => {
    const reply = await api.ask("PATCH", ZONE, nested);
    expect([reply.status, reply.json.code]).toEqual([422, "body-invalid"]);
  });

  test("a compressed body is not taken", async () => {
    const reply = await api.ask("PUT", ZONE, "{}", { "content-encoding": "gzip" });
    expect([reply.status, reply.json.code]).toEqual([415, "media-type-unsupported"]);
  });

  test("a pool does not come as a master file", async () => {
    const reply = await api.ask("PUT", POOL, "@ A 192.0.2.1", { "content-type": "text/dns" });
    expect([reply.status, reply.json.code]).toEqual([415, "media-type-unsupported"]);
  });

  test("a body beyond the limit", async () => {
    const small = await startApi({ limits: { ...LIMITS, bodyOctetsMax: 1000, documentOctetsMax: 2000 } });
    const name = await small.ask("PUT", `${ZONE}/names/x`, { TXT: "x".repeat(1500) });
    expect([name.status, name.json.code]).toEqual([413, "body-too-large"]);
    const zone = await small.ask("PUT", ZONE, { records: { x: { TXT: "x".repeat(1500) } } });
    expect(zone.json.code).not.toBe("body-too-large");
    expect((await small.ask("PUT", ZONE, { records: { x: { TXT: "x".repeat(2500) } } })).status).toBe(413);
    await small.close();
  });

  test.each<[string, string, unknown, string]>([
    ["PUT", ZONE, { records: { www: { A: 5 } } }, "/records/www/A"],
    [
      "PUT",
      ZONE,
      { records: { www: { A: ["192.0.2.1", "192.0.2.300"] }, "@": { NS: "ns" }, ns: { A: "192.0.2.1" } } },
      "/records/www/A/1",
    ],
    ["PUT", ZONE, { records: {}, owner: "me" }, "/owner"],
    ["PUT", ZONE, { records: { "www.example.net.": { A: "192.0.2.1" } } }, "/records/www.example.net."],
    ["PUT", ZONE, { records: { "a/b~c": { A: "x" } } }, "/records/a~1b~0c/A"],
    [
      "PUT",
      ZONE,
      { records: { "@": { NS: "a" }, a: { A: "192.0.2.1" }, x: { pool: "wbe" } } },
      "/records/x/pool",
    ],
    ["PATCH", ZONE, { ttl: "soon" }, "/ttl"],
    ["PUT", `${ZONE}/names/x`, { A: "192.0.2.1", tll: 5 }, "/tll"],
    ["PUT", `${ZONE}/names/x`, { A: ["192.0.2.1", "x"] }, "/A/1"],
    ["PUT", `${ZONE}/rrsets/x/A`, { data: ["x"] }, "/data"],
    ["PUT", `${ZONE}/rrsets/x/A`, { data: ["192.0.2.1"], ttl: -1 }, "/ttl"],
    ["PUT", POOL, { members: [{ address: "192.0.2.1", wieght: 1 }] }, "/members/0/wieght"],
    ["PUT", POOL, { members: [], answers: 9 }, "/answers"],
    ["PUT", "/v1/monitors/new", { type: "ftp" }, "/type"],
  ])("%s %s %j points at the fault", async (method, url, body, pointer) => {
    const reply = await api.ask(method as "PUT", url, body);
    expect(reply.status).toBe(422);
    expect(reply.json.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    expect(reply.json.errors.every((error: { message: string }) => error.message.length > 10)).toBe(true);
    expect(api.editor.documents.generation).toBe(1);
  });

  test("a fault in another document is shown with its name", async () => {
    const reply = await api.ask("PUT", POOL, { members: [{ target: "x.example.net" }] });
    expect(reply.status).toBe(200);
    const apex = await api.ask("PUT", `${ZONE}/names/@`, { NS: "ns1", pool: "spare" });
    expect([apex.status, apex.json.errors[0].pointer]).toEqual([422, "/pool"]);
    await api.ask("PUT", "/v1/pools/third", { members: ["192.0.2.1"] });
    await api.ask("PUT", `${ZONE}/names/@`, { NS: "ns1", pool: "third" });
    const pool = await api.ask("PUT", "/v1/pools/third", { members: [{ target: "x.example.net" }] });
    expect(pool.json.errors).toEqual([
      { message: expect.stringContaining("apex"), document: "zones/example.com", pointer: "/records/@/pool" },
    ]);
  });
});

test("a missing pool is pointed at where the store can only name the zone", async () => {
  const { edit } = api.editor;
  api.editor.edit = (request) =>
    edit.call(api.editor, request).catch((error: WindroseError) => {
      const faults = (error.fields.faults as Fault[]).map((fault) => ({
        ...fault,
        path: ["zones", "Example.com."],
      }));
      throw new WindroseError("documents-invalid", error.message, { faults });
    });
  const reply = await api.ask("PUT", `${ZONE}/names/x`, { pool: "nope" });
  expect(reply.json.errors).toEqual([{ pointer: "/pool", message: expect.stringContaining("nope") }]);
});

describe("paths and queries", () => {
  test.each<[string, string, number, string, string | undefined]>([
    ["GET", "/v1/nothing", 404, "route-unknown", undefined],
    ["GET", "/v1/pools/", 400, "request-invalid", "?pool"],
    ["GET", "/v1/zones/%zz", 400, "request-malformed", undefined],
    ["GET", "/v1/zones/a..b", 400, "request-invalid", "?zone"],
    ["GET", "/v1/zones/@", 400, "request-invalid", "?zone"],
    ["GET", `/v1/zones/${"a.".repeat(200)}`, 400, "request-invalid", "?zone"],
    ["GET", "/v1/pools/a%20b", 400, "request-invalid", "?pool"],
    ["GET", "/v1/pools/%2e%2e%2f%2e%2e", 400, "request-invalid", "?pool"],
    ["GET", "/v1/pools/..%2f..%2ftokens.json", 400, "request-invalid", "?pool"],
    ["PUT", "/v1/pools/..", 404, "route-unknown", undefined],
    ["DELETE", "/v1/monitors/..%2falive", 400, "request-invalid", "?monitor"],
    ["GET", "/v1/zones/..%2fetc", 400, "request-invalid", "?zone"],
    ["GET", "/v1/zones/a%2f..%2fb", 400, "request-invalid", "?zone"],
    ["GET", `${ZONE}/names/..%2fx`, 400, "request-invalid", "?name"],
    ["GET", `${ZONE}/rrsets/www/..%2fA`, 400, "request-invalid", "?type"],
    ["GET", "/v1/pools/web/members/..%2fb", 404, "member-unknown", undefined],
    ["GET", "/v1/changes/..%2f1", 400, "request-invalid", "?generation"],
    ["DELETE", "/v1/tokens/..%2ftokens.json", 404, "token-unknown", undefined],
    ["GET", "/v1/pools/a%00b", 400, "request-invalid", "?pool"],
    ["GET", "/v1/zones/exmaple.com", 404, "document-unknown", undefined],
    ["GET", `${ZONE}/names/x.example.net.`, 400, "request-invalid", "?name"],
    ["GET", `${ZONE}/rrsets/www/NOPE`, 400, "request-invalid", "?type"],
    ["GET", "/v1/zones?limit=0", 400, "request-invalid", "?limit"],
    ["GET", "/v1/zones?limit=ten", 400, "request-invalid", "?limit"],
    ["GET", "/v1/zones?limti=1", 400, "request-invalid", "?limti"],
    ["GET", "/v1/zones?after=a&after=b", 400, "request-invalid", "?after"],
    ["DELETE", `${POOL}?dry-run=maybe`, 400, "request-invalid", "?dry-run"],
    ["DELETE", `${POOL}?dryrun`, 400, "request-invalid", "?dryrun"],
    ["DELETE", `${POOL}?wait=some`, 400, "request-invalid", "?wait"],
    ["DELETE", `${POOL}?reason=${"x".repeat(501)}`, 400, "request-invalid", "?reason"],
    ["DELETE", `${POOL}?reason=a%0ab`, 400, "request-invalid", "?reason"],
    ["DELETE", "/v1/zones/none.test", 404, "document-unknown", undefined],
    ["DELETE", "/v1/pools/web/members/none", 404, "member-unknown", undefined],
  ])("%s %s is %i %s", async (method, url, status, code, pointer) => {
    const reply = await api.ask(method as "GET", url);
    expect([reply.status, reply.json.code, reply.json.errors?.[0]?.pointer]).toEqual([status, code, pointer]);
  });

  test.each([
    ["POST", POOL, "DELETE, GET, HEAD, PATCH, PUT"],
    ["DELETE", "/v1/pools", "GET, HEAD"],
    ["PUT", `${ZONE}/rrsets/www%2Fx/A/`, undefined],
    ["PATCH", `${ZONE}/rrsets/www%2Fx/A`, "DELETE, GET, HEAD, PUT"],
    ["GET", `${ZONE}/changes`, "POST"],
    ["POST", "/v1/tokens/self", "DELETE, GET, HEAD"],
    ["OPTIONS", "/v1/documents", "GET, HEAD, PATCH, PUT"],
    ["PUT", "/v1/pools//members", undefined],
  ])("%s %s allows %s", async (method, url, allow) => {
    const reply = await api.ask(method as "GET", url);
    const [status, code] = allow === undefined ? [404, "route-unknown"] : [405, "method-not-allowed"];
    expect([reply.status, reply.json.code, reply.headers.allow]).toEqual([status, code, allow]);
  });

  test("other origins are told nothing (CORS)", async () => {
    const reply = await api.ask("OPTIONS", POOL, undefined, {
      origin: "https://example.net",
      "access-control-request-method": "GET",
    });
    expect(Object.keys(reply.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("conditions", () => {
  test("If-Match lets the first of two writers through, and not the second", async () => {
    const { headers } = await api.ask("GET", POOL);
    const tag = { "if-match": String(headers.etag) };
    const first = await api.ask("PATCH", POOL, { answers: 2 }, tag);
    expect(first.status).toBe(200);
    const second = await api.ask("PATCH", POOL, { answers: 3 }, tag);
    expect([second.status, second.json.code, second.headers.etag]).toEqual([
      412,
      "precondition-failed",
      first.headers.etag,
    ]);
    const third = await api.ask("PATCH", POOL, { answers: 3 }, { "if-match": String(first.headers.etag) });
    expect(third.status).toBe(200);
  });

  test("If-Match speaks of what the path names, not of what is around it", async () => {
    const { headers } = await api.ask("GET", `${ZONE}/rrsets/mail/A`);
    await api.ask("PUT", `${ZONE}/rrsets/mail/TXT`, { data: "other" });
    const tag = { "if-match": String(headers.etag) };
    expect((await api.ask("PUT", `${ZONE}/rrsets/mail/A`, { data: "192.0.2.1" }, tag)).status).toBe(200);
    expect((await api.ask("DELETE", `${ZONE}/rrsets/mail/A`, undefined, tag)).status).toBe(412);
  });

  test("If-None-Match: * makes and never replaces", async () => {
    const once = { "if-none-match": "*" };
    expect((await api.ask("PUT", "/v1/pools/new", { members: ["192.0.2.1"] }, once)).status).toBe(201);
    expect((await api.ask("PUT", "/v1/pools/new", { members: ["192.0.2.1"] }, once)).status).toBe(412);
    expect(
      (await api.ask("PUT", "/v1/pools/other", { members: ["192.0.2.1"] }, { "if-match": "*" })).status,
    ).toBe(412);
  });

  test("a strict client, or a strict server, has no blind writes", async () => {
    const strict = { "windrose-strict": "true" };
    const blind = await api.ask("PATCH", POOL, { answers: 2 }, strict);
    expect([blind.status, blind.json.code]).toEqual([428, "precondition-required"]);
    const { headers } = await api.ask("GET", POOL);
    const seen = await api.ask(
      "PATCH",
      POOL,
      { answers: 2 },
      { ...strict, "if-match": String(headers.etag) },
    );
    expect(seen.status).toBe(200);
    const server = await startApi({ limits: { ...LIMITS, strict: true } });
    expect((await server.ask("DELETE", POOL)).status).toBe(428);
    expect(
      (
        await server.ask("POST", `${ZONE}/changes`, {
          changes: [{ action: "DELETE", name: "old", type: "A" }],
        })
      ).json.code,
    ).toBe("rrset-unknown");
    await server.close();
  });

  test("of all documents the ETag is that of the generation", async () => {
    const { json, headers } = await api.ask("GET", "/v1/documents");
    await api.ask("PATCH", POOL, { answers: 2 });
    const reply = await api.ask("PUT", "/v1/documents", json, { "if-match": String(headers.etag) });
    expect([reply.status, reply.headers.etag]).toEqual([412, '"generation-2"']);
  });
});

describe("Idempotency-Key", () => {
  const key = { "idempotency-key": "one" };

  test("does what it asks for once", async () => {
    const first = await api.ask("PUT", "/v1/pools/new", { members: ["192.0.2.1"] }, key);
    await api.ask("DELETE", "/v1/pools/new");
    const again = await api.ask("PUT", "/v1/pools/new", { members: ["192.0.2.1"] }, key);
    expect([again.status, again.json, again.headers["idempotency-replayed"]]).toEqual([
      201,
      first.json,
      "true",
    ]);
    expect(again.headers.etag).toBe(first.headers.etag);
    expect((await api.ask("GET", "/v1/pools/new")).status).toBe(404);
  });

  test("is for one request", async () => {
    await api.ask("PATCH", POOL, { answers: 2 }, key);
    const other = await api.ask("PATCH", POOL, { answers: 3 }, key);
    expect([other.status, other.json.code]).toEqual([422, "idempotency-reused"]);
  });

  test("answers 409 while the first is not done", async () => {
    let finish: (value: Receipts) => void = () => {};
    let begun: () => void = () => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const slow = await startApi({
      waitFor: () => {
        begun();
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    });
    const first = slow.ask("PATCH", `${POOL}?wait=all`, { answers: 2 }, key);
    await isBegun;
    const second = await slow.ask("PATCH", `${POOL}?wait=all`, { answers: 2 }, key);
    expect([second.status, second.json.code]).toEqual([409, "idempotency-in-flight"]);
    finish({ complete: true, receipts: [], missing: [] });
    expect((await first).json).toMatchObject({ complete: true, receipts: [], missing: [] });
    expect((await slow.ask("PATCH", `${POOL}?wait=all`, { answers: 2 }, key)).status).toBe(200);
    await slow.close();
  });

  test("is free again when the server failed, and after a day", async () => {
    api.editor.failure = new WindroseError("store-unavailable", "Cannot ask the store: it is away");
    expect((await api.ask("PATCH", POOL, { answers: 2 }, key)).status).toBe(503);
    api.editor.failure = undefined;
    expect((await api.ask("PATCH", POOL, { answers: 2 }, key)).json.generation).toBe(2);
    let nowMs = 0;
    const later = await startApi({ now: () => nowMs });
    await later.ask("PATCH", POOL, { answers: 2 }, key);
    nowMs += 24 * 3_600_000 + 1;
    expect((await later.ask("PATCH", POOL, { answers: 3 }, key)).json.generation).toBe(3);
    await later.close();
  });

  test("is of one token, and not longer than 255 characters", async () => {
    await api.ask("PATCH", POOL, { answers: 2 }, key);
    const { json } = await api.ask("POST", "/v1/tokens", { name: "x", scope: "edit" });
    const other = await api.ask(
      "PATCH",
      POOL,
      { answers: 3 },
      { ...key, authorization: `Bearer ${json.token}` },
    );
    expect(other.status).toBe(200);
    const long = await api.ask("PATCH", POOL, { answers: 3 }, { "idempotency-key": "x".repeat(256) });
    expect([long.status, long.json.code]).toEqual([400, "request-malformed"]);
  });
});

describe("failures of the store", () => {
  test.each([
    ["store-unavailable", 503, "5"],
    ["edit-unsettled", 503, "1"],
  ] as const)("%s is %i, to be tried again", async (code, status, retryAfter) => {
    api.editor.failure = new WindroseError(code, "Cannot edit: the store is away");
    const reply = await api.ask("PATCH", POOL, { answers: 2 });
    expect([reply.status, reply.json.code, reply.headers["retry-after"]]).toEqual([status, code, retryAfter]);
    expect((await api.ask("GET", POOL)).status).toBe(200);
  });

  test("what nobody thought of is 500, and not told to strangers", async () => {
    api.editor.edit = () => Promise.reject(new TypeError("secret of the house"));
    const reply = await api.ask("PATCH", POOL, { answers: 2 });
    expect([reply.status, reply.json.code]).toEqual([500, "internal-error"]);
    expect(reply.text).not.toContain("secret");
  });
});

describe("limits of connections", () => {
  async function open(server: ApiServer): Promise<Socket> {
    await server.app.listen({ port: 0, host: "127.0.0.1" });
    const socket = connect((server.app.server.address() as AddressInfo).port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  }

  test("headers and bodies that do not come to an end are answered 408 and cut off", async () => {
    const hasty = await startApi({ limits: { ...LIMITS, headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    const socket = await open(hasty);
    socket.write("GET /v1/pools HTTP/1.1\r\nHost: a\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/);
    await hasty.close();
    const server = await startApi({ limits: { ...LIMITS, headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    const slow = await open(server);
    slow.write(
      `PUT ${POOL} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    );
    expect(await text(slow)).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/);
    expect(server.editor.documents.generation).toBe(1);
    await server.close();
  });

  test("what is no HTTP is answered 400, and too large headers 431", async () => {
    const socket = await open(api);
    socket.write("\x16\x03\x01 hello\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"request-malformed"/);
    const port = (api.app.server.address() as AddressInfo).port;
    const large = connect(port, "127.0.0.1");
    large.write(`GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`);
    expect(await text(large)).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"headers-too-large"/);
  });

  test("what requests without a good token are too many is answered 429, before tokens are looked at", async () => {
    let nowMs = NOW_MS;
    const limited = await startApi({
      now: () => nowMs,
      limits: { ...LIMITS, requestsPerSecondMax: 3 },
    });
    const authenticate = vi.spyOn(limited.context.tokens, "authenticate");
    const none = { authorization: "" };
    const wrong = { authorization: "Bearer wr_0123456789ab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
    for (let i = 0; i < 10; i++) expect((await limited.ask("GET", POOL)).status).toBe(200);
    for (const headers of [none, none, wrong])
      expect((await limited.ask("GET", POOL, undefined, headers)).status).toBe(401);
    authenticate.mockClear();
    for (const headers of [none, wrong, {}]) {
      const refused = await limited.ask("GET", POOL, undefined, headers);
      expect([refused.status, refused.json.code, refused.headers["retry-after"]]).toEqual([
        429,
        "rate-limited",
        "1",
      ]);
    }
    expect(authenticate).not.toHaveBeenCalled();
    nowMs += 1000;
    expect((await limited.ask("GET", POOL)).status).toBe(200);
    await limited.close();
  });

  test("a flood of wrong tokens costs no look-up each", async () => {
    const authenticate = vi.spyOn(api.context.tokens, "authenticate");
    const statuses = new Map<number, number>();
    for (let i = 0; i < 200; i++) {
      const { status } = await api.ask("GET", POOL, undefined, { authorization: `Bearer wrong-${i}` });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([
      [401, 20],
      [429, 180],
    ]);
    expect(authenticate).toHaveBeenCalledTimes(20);
  });

  test("too many requests with one token are answered 429, and others are not", async () => {
    const limited = await startApi({ limits: { ...LIMITS, requestsPerTokenPerSecondMax: 3 } });
    const { token } = (await limited.ask("POST", "/v1/tokens", { name: "x", scope: "read" })).json;
    const headers = { authorization: `Bearer ${token}` };
    for (const status of [200, 200, 200, 429])
      expect((await limited.ask("GET", POOL, undefined, headers)).status).toBe(status);
    expect((await limited.ask("GET", POOL)).status).toBe(200);
    await limited.close();
  });
});
