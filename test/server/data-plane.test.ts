/**
 * The data plane as a whole: addresses, generations under load, and what it counted.
 */
import * as dgram from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import type { Configuration } from "../../src/documents/configuration.ts";
import { sumOf } from "../../src/server/counter-blocks.ts";
import { COUNTER, type Counters, LATENCY_BUCKETS } from "../../src/server/counters.ts";
import type { DataPlane } from "../../src/server/data-plane.ts";
import { int32 } from "../../src/server/libc.ts";
import type { ListenAddress } from "../../src/server/listen-address.ts";
import { newsBetween, slotKey } from "../../src/snapshot/snapshot.ts";
import { setUp } from "../../src/steering/live.ts";
import { Rcode } from "../../src/wire/dns-codes.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/message.ts";
import { nameKey, parseName } from "../../src/wire/name.ts";
import { RRClass, RRType } from "../../src/wire/rr-type.ts";
import { configurationOf, poolOf, zoneOf } from "../support/answers.ts";
import { framed, TcpClient, until } from "./harness.ts";
import { bindPlain, libc } from "./loopback.ts";
import { LOOPBACK4, LOOPBACK6, startPlane, stopPlanes } from "./planes.ts";
import { encodeQuery, Load, UdpClient } from "./udp-client.ts";

const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;

const clients: UdpClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stopPlanes();
});

async function connect(port: number, address?: string): Promise<UdpClient> {
  const client = await UdpClient.connect(port, address);
  clients.push(client);
  return client;
}

const HEAD = "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns.example.\n";
const small = configurationOf([zoneOf(`$ORIGIN a.test.\n${HEAD}www 60 A 192.0.2.1\n`)]);

function publish(plane: DataPlane, configuration: Configuration): void {
  plane.publish(newsBetween(plane.snapshot, configuration));
}

describe.each(["auto", "dgram"] as const)("DataPlane.listen(), --udp %s", (udp) => {
  test("answers on several addresses, IPv4 and IPv6, each from the address that was asked", async () => {
    const addresses = [LOOPBACK4, { ...LOOPBACK4, address: "127.0.0.2" }, LOOPBACK6];
    const { bound } = await startPlane(small, { udp }, addresses);
    for (const { address, port } of bound) {
      for (let i = 0; i < 4; i++) {
        const client = await connect(port, address);
        expect((await client.ask("www.a.test. A")).answer).toHaveLength(1);
      }
    }
  });

  test("answers on 0.0.0.0 and [::], each time from the address that was asked", async () => {
    const wildcards: ListenAddress[] = [
      { ...LOOPBACK4, address: "0.0.0.0" },
      { ...LOOPBACK6, address: "::" },
    ];
    const { bound } = await startPlane(small, { udp }, wildcards);
    const local = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    // Of 127.0.0.2 and its like the kernel's list says nothing; node:dgram does not know of them.
    const asked = [...local, ...(udp === "auto" ? [{ address: "127.0.0.2", family: "IPv4" }] : [])];
    for (const { address, family } of asked) {
      if (address.startsWith("fe80:")) continue; // needs its interface to be asked
      const { port } = bound[family === "IPv4" ? 0 : 1]!;
      for (let i = 0; i < 4; i++) {
        const client = await connect(port, address);
        expect((await client.ask("www.a.test. A")).answer).toHaveLength(1);
      }
    }
  });

  test("fails where another program has the port, and stop() then leaves nothing open", async () => {
    const taken = dgram.createSocket("udp4");
    taken.bind(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address();
    const other = { ...LOOPBACK4, address: "127.0.0.2", port };
    const failing = startPlane(small, { udp }, [other, { ...LOOPBACK4, port }]);
    await expect(failing).rejects.toMatchObject({
      code: "address-in-use",
      message: expect.stringContaining(`Cannot listen on udp 127.0.0.1:${port}: the port is in use; stop`),
    });
    await stopPlanes();
    taken.close();
    await once(taken, "close");
    await startPlane(small, { udp }, [other, { ...LOOPBACK4, port }]);
  });

  test("fails where another program shares the port, and does not take half of its queries", async () => {
    const fd = bindPlain("127.0.0.1", 0, (socket) => {
      libc.setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, int32(1), 4);
    });
    try {
      const name = new Uint8Array(16);
      libc.getsockname(fd, name, int32(16));
      const port = (name[2]! << 8) | name[3]!;
      await expect(startPlane(small, { udp }, [{ ...LOOPBACK4, port }])).rejects.toMatchObject({
        code: "address-in-use",
        fields: { transport: "udp", port },
      });
    } finally {
      libc.close(fd);
    }
  });

  test("fails at an address that is not this machine's", async () => {
    for (const address of ["198.51.100.99", "2001:db8::99"]) {
      const where = { family: address.includes(":") ? 6 : 4, address, port: 0 } as const;
      await expect(startPlane(small, { udp }, [where])).rejects.toMatchObject({ code: "address-not-local" });
    }
  });
});

test("DataPlane says at start how UDP is answered, and why", async () => {
  const workers = await startPlane(small, { workers: 2 });
  expect(workers.lines[0]).toMatchObject({ level: 30, udp: "workers", workers: 2 });
  const dgramPlane = await startPlane(small, { udp: "dgram" });
  expect(dgramPlane.lines[0]).toMatchObject({ level: 30, udp: "dgram", why: "it was asked for" });
});

/** Owner name, `n`, in a zone of its own: a CNAME into the next zone, and there into a pool. TTL and address tell the generation. */
function generation(n: number): Configuration {
  return configurationOf(
    [
      zoneOf(
        `$ORIGIN one.test.\n${HEAD}link ${n} CNAME link.two.test.\npair ${n} A 10.0.0.${n}\npair ${n} A 10.0.1.${n}\n`,
      ),
      zoneOf(`$ORIGIN two.test.\n${HEAD}link ${n} CNAME end.three.test.\n`),
      three,
    ],
    [poolOf("pool", [`m 10.0.2.${n}`])],
  );
}
/** Never changes; its pool does. */
const three = zoneOf(`$ORIGIN three.test.\n${HEAD}`, { end: "pool" });

describe.each([
  ["auto", 2],
  ["dgram", 1],
] as const)("DataPlane.publish() under load, --udp %s", (udp, workers) => {
  test("drops nothing, and each reply is of one generation", async () => {
    const generations = 20;
    const { plane, port } = await startPlane(generation(1), { udp, workers });
    const seen = new Set<number>();
    const check = (octets: Uint8Array) => {
      const message = decodeMessage(octets);
      if ("malformed" in message) throw new Error(message.malformed);
      const { answer } = message;
      const numbers = answer.map(({ type, ttl, rdata }) => (type === RRType.A ? rdata[3]! : ttl));
      expect(new Set(numbers).size, `one generation in ${numbers}`).toBe(1);
      expect(answer).toHaveLength(answer[0]!.type === RRType.A ? 2 : 3);
      seen.add(numbers[0]!);
    };
    const loads = await Promise.all(
      ["link.one.test. A", "pair.one.test. A", "link.one.test. A", "pair.one.test. A"].map(
        async (question) => new Load(await connect(port), { question, window: 64, check }),
      ),
    );
    const grown: number[] = [];
    for (let n = 2; n <= generations; n++) {
      const answered = loads.map((load) => load.answered);
      await until(() => loads.every((load, i) => load.answered > answered[i]! + 20));
      publish(plane, generation(n));
      expect(plane.snapshot.generation).toBe(n);
      await until(() => plane.generation === n);
      grown.push(plane.generation);
    }
    const answered = loads.map((load) => load.answered);
    await until(() => loads.every((load, i) => load.answered > answered[i]! + 200));
    seen.clear();
    await Promise.all(loads.map((load) => load.stop()));
    expect(grown).toEqual(Array.from({ length: generations - 1 }, (_, i) => i + 2));
    expect(loads.map(({ lost }) => lost)).toEqual([0, 0, 0, 0]);
    expect([...seen]).toEqual([generations]);
  });
});

test("DataPlane.publish() reaches workers that nobody asks", async () => {
  const { plane } = await startPlane(generation(1), { workers: 3 });
  for (let n = 2; n <= 5; n++) publish(plane, generation(n));
  await until(() => plane.generation === 5);
});

test("a verdict in the live table is seen by every worker at once", async () => {
  const pools = [poolOf("pool", ["a 192.0.2.1", "b 192.0.2.2"])];
  const { plane, port } = await startPlane(configurationOf([three], pools));
  const asking = await Promise.all(Array.from({ length: 8 }, () => connect(port)));
  const answers = () =>
    Promise.all(asking.map(async (client) => (await client.ask("end.three.test. A")).answer[0]!.rdata[3]));
  expect(new Set(await answers())).toEqual(new Set([1]));
  const { live, slots } = plane.snapshot;
  setUp(live, slots.get(slotKey("pool", "a"))!, false);
  expect(new Set(await answers())).toEqual(new Set([2]));
  setUp(live, slots.get(slotKey("pool", "a"))!, true);
  expect(new Set(await answers())).toEqual(new Set([1]));
});

describe.each(["auto", "dgram"] as const)("DataPlane.counters, --udp %s", (udp) => {
  const text = "x".repeat(200);
  const big = Array.from({ length: 4 }, (_, i) => `big 60 TXT "${i}${text}"`).join("\n");
  const zones = [
    zoneOf(`$ORIGIN a.test.\n${HEAD}www 60 A 192.0.2.1\n${big}\n`, { steered: "p" }),
    zoneOf(`$ORIGIN b.test.\n${HEAD}www 60 A 192.0.2.1\n`),
  ];
  const pools = [
    poolOf("p", ["m1 192.0.2.11", "m2 192.0.2.12"], { answers: 2 }),
    poolOf("q", ["m1 192.0.2.13"]),
  ];

  /** What is not 0 among those that no worker's timing decides. */
  function counted(counters: readonly Counters[]): Record<string, number> {
    const { transports, rcodes, types, latency } = COUNTER;
    const entries: [string, number][] = [];
    const put = (name: string, count: number) => count > 0 && entries.push([name, count]);
    for (const name of ["ignored", "malformed", "truncated", "failures", "guarded"] as const)
      put(name, sumOf(counters, COUNTER[name]));
    for (const [i, name] of ["udp4", "udp6", "tcp4", "tcp6"].entries())
      put(name, sumOf(counters, transports + i));
    for (let i = rcodes; i < types; i++) put(`rcode ${i - rcodes}`, sumOf(counters, i));
    for (let i = types; i < latency; i++) put(`type ${i - types}`, sumOf(counters, i));
    return Object.fromEntries(entries);
  }

  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  function zoneCount(plane: DataPlane, apex: string): number {
    const { number } = plane.snapshot.directory.get(nameKey(parseName(apex)))!;
    return sum(plane.counters.map((block) => block.zoneCount(number)));
  }
  function memberCount(plane: DataPlane, pool: string, member: string): number {
    const slot = plane.snapshot.slots.get(slotKey(pool, member))!;
    return sum(plane.counters.map((block) => block.memberCount(slot)));
  }

  test("counts every query once, whoever answered it", async () => {
    const { plane, bound } = await startPlane(configurationOf(zones, pools), { udp }, [LOOPBACK4, LOOPBACK6]);
    // Many sockets, so that every worker gets some.
    for (let i = 0; i < 8; i++) {
      for (const { address, port } of bound) {
        const client = await connect(port, address);
        await client.ask("www.a.test. A");
        await client.ask("www.b.test. AAAA");
        await client.ask("none.b.test. A");
        await client.ask("steered.a.test. A");
        await client.ask("big.a.test. TXT");
        await client.ask("www.c.test. A");
        await client.ask("www.a.test. TYPE65400");
        const response = encodeQuery("www.a.test. A", 1);
        response[2]! |= 0x80;
        await client.send(response);
        await client.send(new Uint8Array(3));
        await client.exchange(encodeQuery("www.a.test. A", 1).slice(0, -1));
      }
    }
    for (const { address, port } of bound) {
      const tcp = await TcpClient.connect(port, address);
      const chaos = encodeMessage({
        id: 3,
        question: [{ name: parseName("id.server."), type: RRType.TXT, class: RRClass.CH }],
      });
      tcp.write(framed(encodeQuery("big.a.test. TXT", 1), encodeQuery("steered.a.test. A", 2), chaos));
      await tcp.received(3);
      tcp.socket.destroy();
    }
    expect(counted(plane.counters)).toEqual({
      ignored: 32,
      malformed: 16,
      truncated: 16,
      udp4: 64,
      udp6: 64,
      tcp4: 3,
      tcp6: 3,
      [`rcode ${Rcode.NOERROR}`]: 5 * 16 + 6,
      [`rcode ${Rcode.FORMERR}`]: 16,
      [`rcode ${Rcode.NXDOMAIN}`]: 16,
      [`rcode ${Rcode.REFUSED}`]: 16,
      "type 0": 16, // the question could not be read
      [`type ${RRType.A}`]: 4 * 16 + 2,
      [`type ${RRType.AAAA}`]: 16,
      [`type ${RRType.TXT}`]: 16 + 4,
      "type 259": 16,
    });
    expect(zoneCount(plane, "a.test.")).toBe(4 * 16 + 4);
    expect(zoneCount(plane, "b.test.")).toBe(2 * 16);
    expect(memberCount(plane, "p", "m1")).toBe(16 + 2);
    expect(memberCount(plane, "p", "m2")).toBe(16 + 2);
    expect(memberCount(plane, "q", "m1")).toBe(0);
  });

  test("goes on counting where a generation has outgrown the blocks", async () => {
    const { plane, port } = await startPlane(configurationOf(zones, pools), { udp });
    const asking = await Promise.all(Array.from({ length: 8 }, () => connect(port)));
    const askAll = async () => {
      for (const client of asking) {
        await client.ask("www.a.test. A");
        await client.ask("steered.a.test. A");
      }
    };
    await askAll();
    const blocks = plane.counters.length;
    const many = Array.from({ length: 300 }, (_, i) => zoneOf(`$ORIGIN z${i}.test.\n${HEAD}`));
    const members = Array.from({ length: 300 }, (_, i) => `n${i} 192.0.2.20`);
    publish(plane, configurationOf([...zones, ...many], [...pools, poolOf("big", members)]));
    await until(() => plane.generation === 2);
    await askAll();
    for (const client of asking) await client.ask("z299.test. SOA");
    expect(plane.counters.length).toBeGreaterThan(blocks);
    expect(zoneCount(plane, "a.test.")).toBe(32);
    expect(zoneCount(plane, "z299.test.")).toBe(8);
    expect(memberCount(plane, "p", "m1")).toBe(16);
    expect(counted(plane.counters)).toMatchObject({ udp4: 40, [`rcode ${Rcode.NOERROR}`]: 40 });
  });
});

test("DataPlane.counters have a histogram of response times, sampled", async () => {
  const { plane, port } = await startPlane(small);
  const load = new Load(await connect(port), { question: "www.a.test. A", window: 64 });
  const timed = () =>
    Array.from({ length: LATENCY_BUCKETS }, (_, i) => sumOf(plane.counters, COUNTER.latency + i)).reduce(
      (a, b) => a + b,
      0,
    );
  await until(() => timed() > 0);
  await load.stop();
  expect(timed()).toBeLessThanOrEqual(load.answered);
});

test("DataPlane.stop() answers what has been received over UDP and TCP", async () => {
  const { plane, port } = await startPlane(small);
  const udp = await connect(port);
  await udp.ask("www.a.test. A");
  const tcp = await TcpClient.connect(port);
  const ids: number[] = [];
  udp.onReply = (reply) => ids.push((reply[0]! << 8) | reply[1]!);
  for (let id = 1; id <= 100; id++) await udp.send(encodeQuery("www.a.test. A", id));
  await tcp.flush(framed(...Array.from({ length: 100 }, (_, i) => encodeQuery("www.a.test. A", i + 1))));
  await plane.stop({ withinMs: 5000 });
  await until(() => ids.length === 100);
  expect(await tcp.received(100)).toHaveLength(100);
});
