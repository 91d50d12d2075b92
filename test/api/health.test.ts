import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ApiServer, expectProblem, startApi, tokenFor } from "./api-server.ts";
import { answerBy, endpointOf, followOrders, incidentOf, regionLike } from "./live.ts";

const ORDER = "/v1/pools/web/members/b/order";

let api: ApiServer;

beforeEach(async () => {
  api = await startApi();
  answerBy(api.live, null);
});
afterEach(() => api.close());

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
    const own = await tokenFor(api, { scope: "read", pools: ["web"] });
    const { json } = await api.ask("GET", "/v1/health", undefined, own);
    expect(json.total).toBe(2);
    expect(json).not.toHaveProperty("alarms");
    expect(json).not.toHaveProperty("counts");
    expectProblem(await api.ask("GET", "/v1/health?pool=spare", undefined, own), 403, "document-forbidden");
    const unknown = await api.ask("GET", "/v1/health?monitor=aliv", undefined, own);
    expect(unknown.json.detail).toBe('there is no monitor "aliv"');
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
    await followOrders(api.live);
    await api.ask("PUT", ORDER, { kind: "down" });
    expect((await api.ask("GET", "/v1/pools/web")).headers.etag).toBe(headers.etag);
  });

  test("refuses a pool that is not there, or is not the token's", async () => {
    expectProblem(await api.ask("GET", "/v1/pools/wbe/health"), 404, "document-unknown");
    const own = await tokenFor(api, { scope: "read", pools: ["spare"] });
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
    const own = await tokenFor(api, { scope: "read", pools: ["spare"] });
    expect((await api.ask("GET", "/v1/incidents", undefined, own)).json.items).toEqual([]);
    expectProblem(await api.ask("GET", "/v1/incidents/c", undefined, own), 404, "incident-unknown");
    expectProblem(await api.ask("GET", "/v1/incidents/zz"), 404, "incident-unknown");
  });
});
