import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Incident } from "../../../src/health/incident.ts";
import type { HealthChange } from "../../../src/sync/health/health-face.ts";
import { signatureOf, type WebhookOptions, Webhooks } from "../../../src/sync/health/webhooks.ts";

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let heard: Heard[] = [];
/** One for each delivery; 200 when there is none. 0 hangs up. */
let statuses: number[] = [];
const open: Webhooks[] = [];

beforeEach(async () => {
  heard = [];
  statuses = [];
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      heard.push({ headers: request.headers, body });
      const status = statuses.shift() ?? 200;
      if (status === 0) request.socket.destroy();
      else response.writeHead(status, { location: "http://192.0.2.1/" }).end("thanks");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  for (const webhooks of open.splice(0)) await webhooks.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function webhooksWith(options: Partial<WebhookOptions> = {}): Webhooks {
  const { port } = server.address() as AddressInfo;
  const webhooks = new Webhooks({
    urls: [`http://127.0.0.1:${port}/hook`],
    secret: "s3cret",
    node: () => "node-1",
    userAgent: "windrose/test",
    show: ({ id, endpoint }) => ({ id, endpoint }),
    isObserved: (monitor) => monitor === "watch",
    log: pino({ level: "silent" }),
    retryMsMin: 1,
    ...options,
  });
  open.push(webhooks);
  return webhooks;
}

function incident(id: string, monitor = "web"): Incident {
  const endpoint = `${monitor} 192.0.2.1`;
  return {
    id,
    endpoint,
    monitor,
    address: "192.0.2.1",
    reason: "refused from eu",
    evidence: [],
    firstFailureMs: null,
    verdictMs: 0,
    publishedMs: null,
    applied: {},
    drain: null,
    closedMs: null,
  };
}

function opened(id: string, monitor?: string): HealthChange {
  return { kind: "incident", change: "opened", incident: incident(id, monitor) };
}

const deliveries = (count: number) => vi.waitFor(() => expect(heard).toHaveLength(count), { interval: 2 });

describe("Webhooks", () => {
  test("posts an incident, signed", async () => {
    const now = () => Date.UTC(2026, 0, 1, 0, 0, 0, 700);
    webhooksWith({ now }).announce([opened("i-1")]);
    await deliveries(1);
    const [{ headers, body }] = heard as [Heard];
    expect(JSON.parse(body)).toEqual({
      id: "i-1.opened",
      event: "incident.opened",
      at: "2026-01-01T00:00:00.700Z",
      node: "node-1",
      incident: { id: "i-1", endpoint: "web 192.0.2.1" },
    });
    const digest = createHmac("sha256", "s3cret").update(`1767225600.${body}`).digest("hex");
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "windrose/test",
      "windrose-event": "incident.opened",
      "windrose-delivery": "i-1.opened",
      "windrose-signature": `t=1767225600,v1=${digest}`,
    });
    expect(signatureOf("s3cret", 1767225600, body)).toBe(headers["windrose-signature"]);
  });

  test("signs nothing without a secret", async () => {
    webhooksWith({ secret: null }).announce([opened("i-1")]);
    await deliveries(1);
    expect(heard[0]!.headers).not.toHaveProperty("windrose-signature");
  });

  test("says nothing of monitors that only observe, and of verdicts", async () => {
    const webhooks = webhooksWith();
    webhooks.announce([opened("i-1", "watch"), { kind: "alarms", alarms: ["x"] }, opened("i-2")]);
    await webhooks.close();
    expect(heard.map(({ headers }) => headers["windrose-delivery"])).toEqual(["i-2.opened"]);
  });

  test("tries again until it arrives, and keeps the order", async () => {
    statuses = [503, 0, 429];
    webhooksWith().announce([opened("i-1"), opened("i-2")]);
    await deliveries(5);
    const ids = heard.map(({ headers }) => headers["windrose-delivery"]);
    expect(ids).toEqual(["i-1.opened", "i-1.opened", "i-1.opened", "i-1.opened", "i-2.opened"]);
  });

  test.each([400, 404, 302])("gives up what is answered by %d, and follows nowhere", async (status) => {
    statuses = [status];
    webhooksWith().announce([opened("i-1"), opened("i-2")]);
    await deliveries(2);
    expect(heard.map(({ headers }) => headers["windrose-delivery"])).toEqual(["i-1.opened", "i-2.opened"]);
  });

  test("gives up after an hour", async () => {
    let nowMs = 0;
    statuses = new Array(100).fill(503);
    const webhooks = webhooksWith({ now: () => (nowMs += 1_000_000) });
    webhooks.announce([opened("i-1")]);
    await webhooks.close();
    expect(heard.length).toBeLessThan(5);
  });

  test("keeps the newest thousand while nothing arrives", async () => {
    statuses = [503];
    const webhooks = webhooksWith();
    webhooks.announce(Array.from({ length: 1500 }, (_, i) => opened(`i-${i}`)));
    await vi.waitFor(() => expect(heard.at(-1)?.headers["windrose-delivery"]).toBe("i-1499.opened"), {
      timeout: 10_000,
    });
    expect(new Set(heard.map(({ headers }) => headers["windrose-delivery"])).size).toBeLessThan(1005);
  });
});
