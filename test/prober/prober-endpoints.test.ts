/**
 * A prober against endpoints that are really there, most of them bad, over the exchange within one process.
 *
 * @module
 */
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MonitorDocument } from "../../src/documents/configuration.ts";
import type { Opinion } from "../../src/health/opinion.ts";
import { Prober } from "../../src/prober/prober.ts";
import type { ProbedDocuments } from "../../src/prober/targets.ts";
import { LocalExchange } from "../../src/store/live/local-exchange.ts";
import { poolOf } from "../support/answers.ts";
import {
  closedPort,
  drip,
  Endpoints,
  flood,
  type Handler,
  reply,
  replyAndClose,
} from "../support/bad-endpoints.ts";
import { monitorOf } from "../support/prober-clock.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const log = pino({ level: "silent" });
const QUICK = { intervalMs: 300, timeoutMs: 150, recheckMs: 20, downAfter: 2, upAfter: 1 };

let endpoints: Endpoints;
let exchange: LocalExchange;
let prober: Prober;
/** The latest of each monitor. */
let latest: Map<string, Opinion>;

beforeEach(async () => {
  endpoints = new Endpoints();
  exchange = await LocalExchange.open({ dataDir: null, log });
  latest = new Map();
  await exchange.follow({
    opinions: (opinions) => {
      for (const opinion of opinions) latest.set(opinion.endpoint.split(" ")[0]!, opinion);
    },
  });
  prober = new Prober({ exchange, name: "p", region: "r", version: "1", log });
});
afterEach(async () => {
  await prober.stop();
  await exchange.close();
  await endpoints.close();
});

/** Each port of loopback by a monitor of its own. */
function documentsOf(ports: Readonly<Record<string, number>>): ProbedDocuments {
  const monitors = new Map<string, MonitorDocument>();
  const pools = new Map();
  for (const [id, port] of Object.entries(ports)) {
    monitors.set(id, monitorOf(id, { ...QUICK, type: "http", check: { type: "http", port } }));
    pools.set(id, { ...poolOf(id, ["one 127.0.0.1"]), monitor: id });
  }
  return { monitors, pools };
}

function states(): Record<string, string> {
  return Object.fromEntries([...latest].map(([id, { state }]) => [id, state]));
}

test("Prober finds out of each endpoint what it is, whatever the others do", async () => {
  const bad: Record<string, Handler> = {
    silent: () => {},
    reset: (socket) => socket.resetAndDestroy(),
    garbage: replyAndClose("\u0000garbage"),
    drips: drip(OK.repeat(50)),
    floods: flood("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(10_000)),
    lies: replyAndClose("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nok"),
    moved: reply("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
  };
  const ports: Record<string, number> = { good: await endpoints.tcp(reply(OK)), nobody: await closedPort() };
  for (const [id, handler] of Object.entries(bad)) ports[id] = await endpoints.tcp(handler);
  prober.use(documentsOf(ports));
  const wanted = {
    ...Object.fromEntries(Object.keys(ports).map((id) => [id, "down"])),
    good: "up",
    floods: "up",
  };
  await vi.waitFor(() => expect(states()).toEqual(wanted), { timeout: 10_000 });
  expect(latest.get("nobody")!.reason).toBe("connection refused");
  expect(latest.get("silent")!.reason).toBe("response timed out after 150 ms");
});

test("Prober sees an endpoint go down and come back", async () => {
  let answer = OK;
  const port = await endpoints.tcp((socket) => {
    socket.once("data", () => socket.write(answer));
  });
  prober.use(documentsOf({ web: port }));
  await vi.waitFor(() => expect(states()).toEqual({ web: "up" }), { timeout: 10_000 });
  answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
  await vi.waitFor(() => expect(states()).toEqual({ web: "down" }), { timeout: 10_000 });
  expect(latest.get("web")).toMatchObject({ reason: "HTTP 503", prober: "p", region: "r" });
  answer = OK;
  await vi.waitFor(() => expect(states()).toEqual({ web: "up" }), { timeout: 10_000 });
});

test("Prober.stop() leaves no connection behind", async () => {
  prober.use(documentsOf({ silent: await endpoints.tcp(() => {}) }));
  await vi.waitFor(() => expect(endpoints.accepted).toBeGreaterThan(0), { timeout: 10_000 });
  await prober.stop();
  await endpoints.allClosed();
});
