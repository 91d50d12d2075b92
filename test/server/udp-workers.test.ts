/**
 * Workers that die: what is lost, what is not, who takes their place, and what is said about it.
 */
import { afterEach, describe, expect, test } from "vitest";
import { sumOf } from "../../src/server/counter-blocks.ts";
import { COUNTER } from "../../src/server/counters.ts";
import { failureReport } from "../../src/server/failure-report.ts";
import { UdpWorkers, type UdpWorkersOptions } from "../../src/server/udp-workers.ts";
import { compileSnapshot } from "../../src/snapshot/snapshot.ts";
import { Rcode } from "../../src/wire/dns-codes.ts";
import { configurationOf, zoneOf } from "../support/answers.ts";
import { until } from "./harness.ts";
import { libc } from "./loopback.ts";
import { keptLog, LOOPBACK4, type LogLine } from "./planes.ts";
import { encodeQuery, Load, UdpClient } from "./udp-client.ts";

/** What a worker holds at most. */
const BATCH_SIZE = 64;
const REPLACED_WITHIN_MS = 1000;
/** What starting a worker takes where nothing else runs, at least. */
const IDLE_START_MS = 100;

const workers: UdpWorkers[] = [];
const clients: UdpClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(workers.splice(0).map((one) => one.stop(performance.now() + 2000)));
});

const configuration = configurationOf([
  zoneOf("$ORIGIN a.test.\n@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns.example.\n* 60 A 192.0.2.1\n"),
]);

async function start(count: number, options: Partial<UdpWorkersOptions> = {}) {
  const { log, lines } = keptLog();
  const one = new UdpWorkers({
    libc,
    count,
    log,
    snapshot: compileSnapshot(configuration),
    identity: { id: null, version: null },
    tcpIdleTimeoutMs: 10_000,
    onFailure: failureReport(log),
    entry: new URL("./dying-worker.ts", import.meta.url),
    ...options,
  });
  workers.push(one);
  const port = await one.listen(LOOPBACK4);
  await one.start();
  return { workers: one, port, lines };
}

async function connect(port: number): Promise<UdpClient> {
  const client = await UdpClient.connect(port);
  clients.push(client);
  return client;
}

/**
 * What a successor may take that took so long. Where that is more than the promise, the machine is asked: one so loaded that
 * starting a worker takes it half a second cannot replace one in less, and that much is added.
 */
async function allowanceMs(tookMs: number): Promise<number> {
  if (tookMs < REPLACED_WITHIN_MS) return REPLACED_WITHIN_MS;
  const startMs = performance.now();
  await start(1);
  return REPLACED_WITHIN_MS + 4 * (performance.now() - startMs - IDLE_START_MS);
}

const deaths = (lines: readonly LogLine[]) => lines.filter(({ msg }) => msg === "worker died");

describe("UdpWorkers", () => {
  test.each(["exit", "throw"])(
    "replaces a worker that dies of `%s` within 1 s, on the same socket",
    async (how) => {
      const { port, lines } = await start(1);
      const client = await connect(port);
      for (let death = 1; death <= 3; death++) {
        expect((await client.ask("www.a.test. A")).rcode).toBe(Rcode.NOERROR);
        const killer = encodeQuery(`${how}-${death}.a.test. A`, death);
        const killedMs = performance.now();
        await client.send(killer);
        // Asked while nobody listens: these wait in the socket for the successor.
        const replies: number[] = [];
        client.onReply = (reply) => replies.push((reply[0]! << 8) | reply[1]!);
        for (let id = 1000; id < 1100; id++) await client.send(encodeQuery("www.a.test. A", id));
        await until(() => replies.at(-1) === 1099);
        const tookMs = performance.now() - killedMs;
        expect(tookMs).toBeLessThan(await allowanceMs(tookMs));
        // Up to 63 may have been in the batch with the killer.
        expect(replies.length).toBeGreaterThan(100 - BATCH_SIZE);
        expect(replies).toEqual(Array.from({ length: replies.length }, (_, i) => 1100 - replies.length + i));
        expect(deaths(lines)).toHaveLength(death);
        expect(deaths(lines)[death - 1]).toMatchObject({
          level: 50,
          worker: 0,
          code: how === "exit" ? 7 : 1,
          packet: Buffer.from(killer).toString("base64"),
          kills: 1,
        });
        if (how === "throw")
          expect(deaths(lines)[death - 1]).toMatchObject({ err: { message: "dead on demand" } });
      }
    },
  );

  test("loses no more than what a worker has in hand, for each death under load", async () => {
    const { port, lines } = await start(2);
    const loaded = await Promise.all(Array.from({ length: 4 }, () => connect(port)));
    const loads = loaded.map((client) => new Load(client, { question: "www.a.test. A", window: 100 }));
    const killer = await connect(port);
    const kills = 6;
    for (let kill = 1; kill <= kills; kill++) {
      const answered = loads.map((load) => load.answered);
      await until(() => loads.every((load, i) => load.answered > answered[i]! + 200));
      await killer.send(encodeQuery(`exit-${kill}.a.test. A`, kill));
      await until(() => deaths(lines).length === kill);
    }
    const answered = loads.map((load) => load.answered);
    await until(() => loads.every((load, i) => load.answered > answered[i]! + 200));
    await Promise.all(loads.map((load) => load.stop()));
    const lost = loads.reduce((sum, load) => sum + load.lost, 0);
    const sent = loads.reduce((sum, load) => sum + load.sent, 0);
    expect(loads.reduce((sum, load) => sum + load.answered, 0)).toBe(sent - lost);
    expect(lost).toBeLessThanOrEqual(kills * (BATCH_SIZE - 1));
    expect(sent).toBeGreaterThan(1000);
  });

  test("refuses, in every worker, a packet that killed twice, and answers all others", async () => {
    const { port, lines } = await start(2);
    const client = await connect(port);
    for (let kills = 1; kills <= 2; kills++) {
      await client.send(encodeQuery("throw.a.test. A", kills)); // another ID: the same packet
      await until(() => deaths(lines).length === kills);
      expect(deaths(lines)[kills - 1]).toMatchObject({ kills });
    }
    // Many clients, so that some come to each worker; the one that died has to be back first.
    for (let i = 0; i < 16; i++) {
      const one = await connect(port);
      expect((await one.ask("www.a.test. A")).rcode).toBe(Rcode.NOERROR);
      expect((await one.ask("throw.a.test. A")).rcode).toBe(Rcode.REFUSED);
    }
  });

  test("remembers what a packet did for the successors of other workers too", async () => {
    const { port, lines } = await start(1);
    const client = await connect(port);
    for (const [deathsSoFar, name] of ["throw", "throw", "exit"].entries()) {
      await client.send(encodeQuery(`${name}.a.test. A`, 1));
      await until(() => deaths(lines).length === deathsSoFar + 1);
    }
    expect((await client.ask("throw.a.test. A")).rcode).toBe(Rcode.REFUSED);
    expect((await client.ask("www.a.test. A")).rcode).toBe(Rcode.NOERROR);
    expect(deaths(lines)).toHaveLength(3);
  });

  test("answers SERVFAIL where one answer fails, logs the packet, and the worker lives", async () => {
    const { port, lines } = await start(1);
    const client = await connect(port);
    expect((await client.ask("fail.a.test. A")).rcode).toBe(Rcode.SERVFAIL);
    expect((await client.ask("www.a.test. A")).rcode).toBe(Rcode.NOERROR);
    await until(() => lines.some(({ msg }) => msg === "answer failed"));
    expect(lines.find(({ msg }) => msg === "answer failed")).toMatchObject({
      level: 50,
      err: { message: "broken on demand" },
      query: Buffer.from(encodeQuery("fail.a.test. A", 1)).toString("base64"),
    });
    expect(deaths(lines)).toEqual([]);
  });

  test("tells of failures once a second at most, with how many there were", async () => {
    const counts: number[] = [];
    const { workers: one, port } = await start(1, {
      onFailure: (_error, _query, count) => counts.push(count),
    });
    const client = await connect(port);
    const startMs = performance.now();
    for (let i = 0; i < 500; i++) await client.ask("fail.a.test. A");
    await one.stop(performance.now() + 2000);
    expect(sumOf(one.counters, COUNTER.failures)).toBe(500);
    expect(counts[0]).toBe(1);
    expect(counts.length).toBeLessThanOrEqual(1 + (performance.now() - startMs) / 1000);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(500);
  });

  test("start() fails where a worker ends before it answers, and says why", async () => {
    const entry = new URL("./no-such-worker.ts", import.meta.url);
    await expect(start(2, { entry })).rejects.toMatchObject({
      code: "worker-unusable",
      message: expect.stringContaining("Cannot start a worker thread for UDP: Cannot find module"),
    });
  });

  test("start() resolves when every worker answers", async () => {
    const { workers: one } = await start(3);
    expect(one.generations).toEqual([1, 1, 1]);
  });

  test("counts on in the same blocks after a death", async () => {
    const { workers: one, port, lines } = await start(1);
    const client = await connect(port);
    for (let death = 1; death <= 2; death++) {
      for (let i = 0; i < 10; i++) await client.ask("www.a.test. A");
      await client.send(encodeQuery(`exit-${death}.a.test. A`, 1));
      await until(() => deaths(lines).length === death);
    }
    await client.ask("www.a.test. A");
    await one.stop(performance.now() + 2000);
    expect(sumOf(one.counters, COUNTER.rcodes + Rcode.NOERROR)).toBe(21);
    expect(sumOf(one.counters, COUNTER.transports)).toBe(21);
    expect(one.counters.map((block) => block.zoneCount(0))).toEqual([21]);
  });

  test("stop() answers what is in the sockets, then frees the port", async () => {
    const { workers: one, port } = await start(2);
    const client = await connect(port);
    await client.ask("www.a.test. A");
    const ids: number[] = [];
    client.onReply = (reply) => ids.push((reply[0]! << 8) | reply[1]!);
    for (let id = 1; id <= 200; id++) await client.send(encodeQuery("www.a.test. A", id));
    await one.stop(performance.now() + 5000);
    await until(() => ids.length === 200);
    expect(ids).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    const next = await start(1);
    await expect(next.workers.listen({ ...LOOPBACK4, port })).resolves.toBe(port);
  });

  test("stop() comes to an end while more queries come than are answered", async () => {
    const { workers: one, port } = await start(1, { entry: new URL("./slow-worker.ts", import.meta.url) });
    const loaded = await Promise.all(Array.from({ length: 4 }, () => connect(port)));
    const loads = loaded.map((client) => new Load(client, { question: "www.a.test. A", window: 100 }));
    await until(() => loads.every(({ answered }) => answered > 100));
    const deadlineMs = performance.now() + 15_000;
    await one.stop(deadlineMs);
    expect(performance.now()).toBeLessThan(deadlineMs);
    for (const load of loads) load.end();
  });

  test("stop() ends a worker that does not end by itself when its time is over", async () => {
    const { workers: one, port } = await start(1, { entry: new URL("./stuck-worker.ts", import.meta.url) });
    const client = await connect(port);
    await client.send(encodeQuery("www.a.test. A", 1));
    await one.stop(performance.now() + 100);
    const next = await start(1);
    await expect(next.workers.listen({ ...LOOPBACK4, port })).resolves.toBe(port);
  });
});
