import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ApiClient } from "../../src/cli/api-client.ts";
import type { Command } from "../../src/cli/command.ts";
import { command as explain } from "../../src/cli/explain.ts";
import { formatTable } from "../../src/cli/format-table.ts";
import { command as status } from "../../src/cli/status.ts";
import { endpointOf, incidentOf } from "../api/live.ts";
import { ADMIN_TOKEN, startService, type TestService } from "../api/service.ts";

let service: TestService;
let url = "";

beforeAll(async () => {
  service = await startService();
  await service.app.listen({ port: 0, host: "127.0.0.1" });
  url = `http://127.0.0.1:${(service.app.server.address() as AddressInfo).port}`;
});

afterAll(() => service.close());

async function run(command: Command, args: string[], env: Record<string, string> = {}) {
  const written = { stdout: "", stderr: "" };
  const io = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
    env,
  };
  return { code: await command.run(args, io), ...written };
}

function there(): Record<string, string> {
  return { WINDROSE_URL: url, WINDROSE_TOKEN: ADMIN_TOKEN };
}

describe("windrose status", () => {
  test("prints the nodes and what this one is at", async () => {
    const { code, stdout } = await run(status, [], there());
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^NODE +REGION +VERSION +GENERATION +STATE AGE +SINCE\nnode-1 \* +eu +1\.2\.3 +1 +\d+ \w+ +2026-/,
    );
    expect(stdout).toMatch(/^this node {3}ready, 1 zones, 2 pools, up \d+ \w+$/m);
    expect(stdout).toMatch(/^store {7}files, up, seen \d+ \w+ ago$/m);
  });

  test("prints probers, what is down and why, orders, incidents and alarms", async () => {
    const { exchange, health } = service.live;
    const sinceMs = Date.now() - 120_000;
    const nasty = "HTTP 503\u001b[2J from us";
    const prober = { epoch: sinceMs, checkedMs: Date.now(), seen: 2, down: 1 };
    health.seen.push({ name: "us-1", region: "us", ...prober, suspect: [6], isDouble: true });
    health.known.push(
      endpointOf("web 192.0.2.1", { state: "up" }, { pool: "web", member: "a" }),
      endpointOf("web 192.0.2.2", { state: "down", sinceMs, reason: nasty }, { pool: "web", member: "b" }),
    );
    health.log.push(
      incidentOf("20261121T080000000Z-x", "web 192.0.2.2", { verdictMs: sinceMs, firstFailureMs: sinceMs }),
    );
    health.alarmed.push("max-out: too many");
    const order = { kind: "drain", untilMs: null, by: "ann", reason: "kernel", atMs: sinceMs } as const;
    await exchange.order({ pool: "web", member: "a" }, order);
    await vi.waitFor(() => expect(service.live.copy.orders()).toHaveLength(1));
    const { code, stdout } = await run(status, [], there());
    await exchange.order({ pool: "web", member: "a" }, null);
    for (const list of [health.seen, health.known, health.log, health.alarmed]) list.length = 0;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^endpoints {3}1 up, 1 down, 0 unknown, checked 2 s ago$/m);
    expect(stdout).toMatch(/^ALARM {7}max-out: too many$/m);
    expect(stdout).toMatch(/^us-1 +us +- +\d s +2 +1 +suspect for ipv6; double$/m);
    expect(stdout).toMatch(/^web 192\.0\.2\.2 +2 min +HTTP 503 \[2J from us$/m);
    expect(stdout).toMatch(/^web\/a +drain +- +ann +kernel$/m);
    expect(stdout).toMatch(/^20261121T080000000Z-x +web 192\.0\.2\.2 +2 min +- +-$/m);
  });

  test("prints the same as data", async () => {
    const { code, stdout } = await run(status, ["--json", "--url", url, "--token", ADMIN_TOKEN]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      readiness: { status: "ready" },
      nodes: [{ id: "node-1", generation: 1 }],
      probers: [],
      down: [],
      orders: [],
      incidents: [],
    });
  });

  test("exits 1 where something is not as it should be, and says what", async () => {
    const { store } = service.node;
    service.node.store = { ...store, isUp: false };
    service.node.isAnswering = false;
    const { code, stdout } = await run(status, [], there());
    service.node.store = store;
    service.node.isAnswering = true;
    expect(code).toBe(1);
    expect(stdout).toContain("WARNING     this node is starting or stopping\n");
    expect(stdout).toContain("WARNING     the store cannot be asked");
  });

  test("exits 1 with the problem's words where the token is wrong", async () => {
    const { code, stderr } = await run(status, ["--url", url, "--token", "no"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`windrose status: The API at ${url}/ refused: `);
    expect(stderr).toContain("(token-invalid)");
  });

  test("exits 1 where nobody answers, 2 where it is used wrongly", async () => {
    const gone = await run(status, ["--url", "http://127.0.0.1:1"]);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining("Cannot ask the API at")]);
    for (const args of [["--url", "nowhere"], ["--url", "ftp://x"], ["--colour"], ["more"]])
      expect((await run(status, args)).code).toBe(2);
  });
});

describe("windrose explain --url", () => {
  test("explains as the server would answer now", async () => {
    const args = ["www.example.test", "--client", "203.0.113.7", "--seed", "5", "--url", url];
    const { code, stdout } = await run(explain, args, there());
    expect(code).toBe(0);
    expect(stdout).toContain("www.example.test. A for 203.0.113.0/24, seed 5");
    expect(stdout).toContain("192.0.2.1 (eu-1)");
    const down = await run(explain, [...args, "--at-down", "web/eu-1", "--at-down", "web/eu-2"], there());
    expect(down.stdout).toContain("198.51.100.1");
  });

  test("gives the server's data with --json", async () => {
    const { stdout } = await run(explain, ["www.example.test", "AAAA", "--json", "--url", url], there());
    expect(JSON.parse(stdout)).toMatchObject({ name: "www.example.test.", type: "AAAA" });
  });

  test("finds wrong usage before it asks, and tells what the server refuses", async () => {
    expect((await run(explain, ["www..test", "--url", url], there())).code).toBe(2);
    const refused = await run(explain, ["www.example.test", "--at-down", "nobody", "--url", url], there());
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("(request-invalid)")]);
  });
});

describe("ApiClient", () => {
  test("keeps a path under which a proxy has the API", async () => {
    const asked: string[] = [];
    const app = (await startService()).app;
    await app.listen({ port: 0, host: "127.0.0.1" });
    app.server.prependListener("request", ({ url: path }) => asked.push(path ?? ""));
    const { port } = app.server.address() as AddressInfo;
    const api = new ApiClient({ url: `http://127.0.0.1:${port}/dns/a` }, {});
    await expect(api.ask("/v1/nodes", { query: { a: "b c", none: undefined } })).rejects.toThrow("refused");
    expect(asked).toEqual(["/dns/a/v1/nodes?a=b+c"]);
    await app.close();
  });
});

describe("formatTable()", () => {
  test("makes columns as wide as they need, and nothing of no rows", () => {
    expect(
      formatTable(
        ["A", "LONG"],
        [
          ["long", "b"],
          ["c", ""],
        ],
      ),
    ).toBe("A     LONG\nlong  b\nc\n");
    expect(formatTable(["A"], [])).toBe("");
  });
});
