import { afterEach, describe, expect, test } from "vitest";
import { type Libc, openLibc } from "../../src/server/libc.ts";
import { TcpRoundTrips } from "../../src/server/tcp-round-trips.ts";
import { TcpServer } from "../../src/server/tcp-server.ts";
import { echo, framed, message, TcpClient } from "./harness.ts";

const libc = openLibc();
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function ask(roundTrips: TcpRoundTrips, address: string, family: 4 | 6, times: number): Promise<void> {
  const server = new TcpServer({ respond: echo, roundTrips });
  stops.push(() => server.stop(performance.now()));
  const port = await server.listen({ family, address, port: 0 });
  for (let i = 0; i < times; i++) {
    const client = await TcpClient.connect(port, address);
    client.write(framed(message(1), message(2)));
    await client.received(2);
    client.socket.destroy();
  }
}

describe.skipIf(typeof libc === "string")("TcpRoundTrips", () => {
  test("take() has the handshakes of each network, once", async () => {
    const roundTrips = new TcpRoundTrips(libc as Libc);
    await ask(roundTrips, "127.0.0.1", 4, 3);
    const taken = roundTrips.take();
    expect(taken).toEqual([{ network: "127.0.0.0/24", rttMs: expect.any(Number), count: 3 }]);
    expect(taken[0]!.rttMs).toBeGreaterThan(0);
    expect(roundTrips.take()).toEqual([]);
  });

  test("take() is by /48 over IPv6", async () => {
    const roundTrips = new TcpRoundTrips(libc as Libc);
    await ask(roundTrips, "::1", 6, 1);
    expect(roundTrips.take()).toEqual([{ network: "::/48", rttMs: expect.any(Number), count: 1 }]);
  });
});

test("TcpRoundTrips passes over what the kernel does not tell", async () => {
  const refusing = { getsockopt: () => -1 } as unknown as Libc;
  const roundTrips = new TcpRoundTrips(refusing);
  await ask(roundTrips, "127.0.0.1", 4, 1);
  expect(roundTrips.take()).toEqual([]);
});

test("TcpRoundTrips passes over handshakes that were sent again, which have no time", async () => {
  const silent = {
    getsockopt: (_fd: number, _level: number, _name: number, value: Uint8Array) => {
      value.fill(0);
      return 0;
    },
  } as unknown as Libc;
  const roundTrips = new TcpRoundTrips(silent);
  await ask(roundTrips, "127.0.0.1", 4, 1);
  expect(roundTrips.take()).toEqual([]);
});
