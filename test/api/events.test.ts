import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { eventFor } from "../../src/api/events/event-for.ts";
import { EventRing, type ServerEvent } from "../../src/api/events/event-ring.ts";
import { EventStreams } from "../../src/api/events/event-streams.ts";
import { GenerationEvents } from "../../src/api/events/generation-events.ts";
import { type HealthEvent, HealthEvents, type IncidentEvent } from "../../src/api/events/health-events.ts";
import { endpointOf, incidentOf, TestHealth, verdictLike } from "./live.ts";
import { ADMIN, startService, type TestService } from "./service.ts";

describe("EventRing", () => {
  test("since() gives what came after an id, in order", () => {
    const ring = new EventRing("run");
    for (const n of [1, 2, 3]) ring.publish("generation", n);
    expect(ring.since("run-1")!.map(({ id, data }) => [id, data])).toEqual([
      ["run-2", 2],
      ["run-3", 3],
    ]);
    expect(ring.since("run-3")).toEqual([]);
  });

  test.each(["other-1", "run-4", "run-x", "run", "", "run--1", "run-0"])(
    "since() is null for %j, of which it cannot tell all that was missed",
    (id) => {
      const ring = new EventRing("run", 2);
      for (const n of [1, 2, 3]) ring.publish("generation", n);
      expect(ring.since(id)).toBeNull();
    },
  );

  test("keeps so many and no more", () => {
    const ring = new EventRing("run", 2);
    for (const n of [1, 2, 3]) ring.publish("generation", n);
    expect(ring.since("run-1")).toHaveLength(2);
  });
});

describe("GenerationEvents.look()", () => {
  test("tells of every generation, in order, also of one whose change is not known", async () => {
    const ring = new EventRing("run");
    const plane = { generation: 4 };
    const change = { generation: 5, at: "2026-11-21T09:00:00Z", author: "ann", reason: "more" };
    const parts = [
      { key: "pools/web", path: ["members"] },
      { key: "pools/web", path: ["answers"] },
      { key: "zones/example.test", path: ["ttl"] },
    ] as const;
    const changes = {
      change: async (generation: number) => {
        if (generation === 6) throw new Error("the store is away");
        return generation === 5 ? { ...change, parts } : undefined;
      },
    };
    const events = new GenerationEvents(ring, plane, changes);
    plane.generation = 6;
    await events.look();
    await events.look();
    expect(ring.since("run-0")!.map(({ data }) => data)).toEqual([
      { ...change, documents: ["pools/web", "zones/example.test"] },
      { generation: 6, at: null, author: null, reason: null, documents: [] },
    ]);
  });

  test("tells of the newest when very many came at once", async () => {
    const ring = new EventRing("run");
    const plane = { generation: 1 };
    const events = new GenerationEvents(ring, plane, { change: async () => undefined });
    plane.generation = 1_000_000;
    await events.look();
    const told = ring.since("run-0")!.map(({ data }) => (data as { generation: number }).generation);
    expect(told).toHaveLength(100);
    expect(told.at(-1)).toBe(1_000_000);
  });
});

describe("eventFor()", () => {
  const data = {
    generation: 5,
    at: "x",
    author: "ann",
    reason: "r",
    documents: ["zones/a.test", "pools/web"],
  };
  const event: ServerEvent = { id: "run-1", type: "generation", data };

  test("leaves all to who may read all", () => {
    expect(eventFor(event, { scope: "read" })).toBe(event);
  });

  test("says of other kinds that something happened, to a token for some documents", () => {
    expect(eventFor({ ...event, type: "weather" }, { scope: "read", pools: [] }).data).toEqual({});
  });

  test("leaves out documents that are not the token's, and who and why where none is", () => {
    expect(eventFor(event, { scope: "read", zones: ["a.test"] }).data).toEqual({
      ...data,
      documents: ["zones/a.test"],
    });
    expect(eventFor(event, { scope: "read", zones: ["b.test"] }).data).toEqual({
      ...data,
      author: null,
      reason: null,
      documents: [],
    });
  });
});

describe("HealthEvents", () => {
  const verdict = verdictLike({ state: "down", reason: "HTTP 503 from us", sinceMs: 1000 });

  function start() {
    const ring = new EventRing("run");
    const health = new TestHealth();
    health.known.push(endpointOf("alive 192.0.2.2", {}, { pool: "web", member: "b" }));
    const events = new HealthEvents(ring, health);
    events.start();
    return { ring, health, events, told: () => ring.since("run-0")!.map(({ type, data }) => [type, data]) };
  }

  test("tells of verdicts, members and alarms in one event, and of incidents in another", () => {
    const { health, events, told } = start();
    const endpoint = "alive 192.0.2.2";
    const member = { name: "b", isUp: false, ipv4: false, ipv6: null, weightPart: 1, notes: ["down"] };
    health.tell({ kind: "verdict", endpoint, before: "up", verdict, atMs: 2000 });
    health.tell(
      { kind: "member", pool: "web", member, atMs: 2000 },
      { kind: "incident", change: "opened", incident: incidentOf("i", endpoint) },
      { kind: "alarms", alarms: ["look"] },
    );
    expect(told()).toEqual([]);
    events.tell();
    const at = "1970-01-01T00:00:02.000Z";
    expect(told()).toMatchObject([
      [
        "health",
        {
          verdicts: [
            { endpoint, pools: ["web"], before: "up", state: "down", reason: "HTTP 503 from us", at },
          ],
          members: [{ pool: "web", member: "b", up: false, ipv4: false, notes: ["down"], at }],
          alarms: ["look"],
          left: 0,
        },
      ],
      ["incident", { incidents: [{ change: "opened", id: "i", endpoint, pools: ["web"] }], left: 0 }],
    ]);
    expect(events.incidentsOpened).toBe(1);
    events.tell();
    expect(told()).toHaveLength(2);
    events.stop();
  });

  test("tells by itself within moments", async () => {
    const { health, events, told } = start();
    health.tell({ kind: "alarms", alarms: [] });
    await vi.waitFor(() =>
      expect(told()).toEqual([["health", { verdicts: [], members: [], alarms: [], left: 0 }]]),
    );
    events.stop();
    health.tell({ kind: "alarms", alarms: ["late"] });
    events.tell();
    expect(told()).toHaveLength(1);
  });

  test("of very much at once, tells the first and counts the rest", () => {
    const { health, events, told } = start();
    for (let n = 0; n < 1000; n++) {
      const endpoint = `alive 192.0.2.${n}`;
      health.tell(
        { kind: "verdict", endpoint, before: "up", verdict, atMs: 2000 },
        { kind: "incident", change: "opened", incident: incidentOf(String(n), endpoint) },
      );
    }
    events.tell();
    const [[, healthEvent], [, incidentEvent]] = told() as [[string, HealthEvent], [string, IncidentEvent]];
    expect([healthEvent.verdicts.length, healthEvent.left]).toEqual([50, 950]);
    expect([incidentEvent.incidents.length, incidentEvent.left]).toEqual([50, 950]);
    expect(events.incidentsOpened).toBe(1000);
    events.stop();
  });

  test("a token for some pools is told of these alone", () => {
    const { ring, health, events } = start();
    const tell = (endpoint: string) => {
      health.tell(
        { kind: "verdict", endpoint, before: "up", verdict, atMs: 2000 },
        { kind: "incident", change: "opened", incident: incidentOf("i", endpoint) },
        { kind: "alarms", alarms: ["pool web is in trouble"] },
      );
      events.tell();
    };
    tell("alive 192.0.2.2");
    const news = ring.since("run-0")!;
    const seen = (pools: string[]) => news.map((event) => eventFor(event, { scope: "read", pools }).data);
    expect(seen(["spare"])).toEqual([{}, {}]);
    expect(seen(["web", "spare"])).toMatchObject([
      { verdicts: [{ pools: ["web"] }] },
      { incidents: [{ id: "i" }] },
    ]);
    expect(JSON.stringify(seen(["web"]))).not.toContain("trouble");
    events.stop();
  });
});

/** A client of server-sent events. */
class EventClient {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #abort: AbortController;
  #text = "";

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#reader = response.body!.getReader();
    this.#abort = abort;
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventClient> {
    const abort = new AbortController();
    return new EventClient(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  /** The next block of lines. */
  async next(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return block;
      }
      const { value, done } = await this.#reader.read();
      if (done) return "the end";
      this.#text += new TextDecoder().decode(value);
    }
  }

  close(): void {
    this.#abort.abort();
  }
}

describe("GET /v1/events", () => {
  let running: TestService | undefined;
  const clients: EventClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await running?.close();
    running = undefined;
  });

  async function start(): Promise<string> {
    running = await startService();
    await running.app.listen({ port: 0, host: "127.0.0.1" });
    return `http://127.0.0.1:${(running.app.server.address() as AddressInfo).port}/v1/events`;
  }

  async function open(url: string, headers: Record<string, string> = {}): Promise<EventClient> {
    const client = await EventClient.open(url, { ...ADMIN, ...headers });
    clients.push(client);
    return client;
  }

  test("streams what happens", async () => {
    const url = await start();
    const client = await open(url);
    expect(client.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(client.response.headers.get("cache-control")).toBe("no-store");
    expect(await client.next()).toBe("retry: 2000");
    running!.service.ring.publish("generation", { generation: 2, reason: "a\nb" });
    const id = running!.service.ring.lastId;
    expect(await client.next()).toBe(`id: ${id}\nevent: generation\ndata: {"generation":2,"reason":"a\\nb"}`);
  });

  test("tells of health, and resumes it", async () => {
    const url = await start();
    const client = await open(url);
    await client.next();
    const first = running!.service.ring.lastId;
    running!.live.health.tell({ kind: "alarms", alarms: ["one"] });
    const block = await client.next();
    expect(block).toContain('event: health\ndata: {"verdicts":[],"members":[],"alarms":["one"],"left":0}');
    const resumed = await open(url, { "last-event-id": first });
    await resumed.next();
    expect(await resumed.next()).toBe(block);
  });

  test("tells of a new generation by itself", async () => {
    const url = await start();
    const client = await open(url);
    await client.next();
    running!.changes.set(2, { generation: 2, at: "t", author: "ann", reason: "r", parts: [] });
    running!.node.generation = 2;
    expect(await client.next()).toContain(
      '{"generation":2,"at":"t","author":"ann","reason":"r","documents":[]}',
    );
  });

  test("goes on after Last-Event-ID, and says reset where it cannot", async () => {
    const url = await start();
    const { ring } = running!.service;
    const first = ring.lastId;
    ring.publish("generation", 1);
    ring.publish("generation", 2);
    const resumed = await open(url, { "last-event-id": first });
    await resumed.next();
    expect(await resumed.next()).toContain("data: 1");
    expect(await resumed.next()).toContain("data: 2");
    const lost = await open(`${url}?last-event-id=before-7`);
    await lost.next();
    expect(await lost.next()).toBe(`id: ${ring.lastId}\nevent: reset\ndata: {}`);
  });

  test("is refused without a token", async () => {
    const response = await fetch(await start());
    expect(response.status).toBe(401);
  });

  test("ends when the server does", async () => {
    const client = await open(await start());
    await client.next();
    await running!.close();
    running = undefined;
    expect(await client.next()).toBe("the end");
  });
});

describe("EventStreams", () => {
  /** As much of a ServerResponse as a stream needs; writes pile up as with a client that does not read. */
  class StuckResponse {
    writableLength = 0;
    isDestroyed = false;
    readonly written: string[] = [];
    #onClose = () => {};

    writeHead(): void {}

    write(text: string): void {
      this.written.push(text);
      this.writableLength += text.length;
    }

    on(_event: "close", callback: () => void): void {
      this.#onClose = callback;
    }

    destroy(): void {
      this.isDestroyed = true;
      this.#onClose();
    }

    end(): void {
      this.#onClose();
    }
  }

  function openOn(streams: EventStreams): StuckResponse {
    const response = new StuckResponse();
    streams.open(response as never, { lastId: undefined, headers: {}, show: (event) => event });
    return response;
  }

  test("lets a client go that does not read, and keeps the others", () => {
    const ring = new EventRing("run");
    const streams = new EventStreams(ring, { queuedOctetsMax: 1000 });
    const stuck = openOn(streams);
    const other = openOn(streams);
    for (let i = 0; i < 20; i++) {
      ring.publish("generation", "x".repeat(100));
      other.writableLength = 0;
    }
    expect(stuck.isDestroyed).toBe(true);
    expect(other.isDestroyed).toBe(false);
    expect(streams.count).toBe(1);
    streams.close();
  });

  test("is full at its limit, and no longer when one is closed", () => {
    const streams = new EventStreams(new EventRing("run"), { clientsMax: 1 });
    expect(streams.isFull).toBe(false);
    const only = openOn(streams);
    expect(streams.isFull).toBe(true);
    only.end();
    expect(streams.isFull).toBe(false);
  });

  test("says that it is alive", async () => {
    const streams = new EventStreams(new EventRing("run"), { heartbeatMs: 1 });
    const response = openOn(streams);
    while (!response.written.includes(": alive\n\n")) await sleep(1);
    streams.close();
  });
});
