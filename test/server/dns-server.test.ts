import * as dgram from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { DnsServer } from "../../src/server/dns-server.ts";
import { TcpServer } from "../../src/server/tcp-server.ts";
import { UdpServer } from "../../src/server/udp-server.ts";
import { askUdp, echo, framed, message, serialOf, silentLog, TcpClient } from "./harness.ts";

const servers: DnsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop({ withinMs: 1000 })));
});

function newServer(
  udp = new UdpServer({ respond: echo, log: silentLog }),
  tcp = new TcpServer({ respond: echo }),
): DnsServer {
  const server = new DnsServer({ udp, tcp });
  servers.push(server);
  return server;
}

const loopback4 = { family: 4, address: "127.0.0.1", port: 0 } as const;
const loopback6 = { family: 6, address: "::1", port: 0 } as const;

test("DnsServer answers over UDP and TCP on each address, with one port for both", async () => {
  const [udp, tcp] = [new UdpServer({ respond: echo, log: silentLog }), new TcpServer({ respond: echo })];
  const server = newServer(udp, tcp);
  const bound = await server.listen([loopback4, loopback6]);
  for (const { address, port } of bound) {
    expect(port).toBeGreaterThan(0);
    expect(serialOf((await askUdp(port, message(1), address)).reply)).toBe(1);
    const client = await TcpClient.connect(port, address);
    client.write(framed(message(2)));
    expect(serialOf((await client.received(1))[0]!)).toBe(2);
    client.socket.destroy();
  }
  expect(udp.counts.queries).toBe(2);
  expect(tcp.counts.queries).toBe(2);
});

test("DnsServer on wildcard addresses answers on each local address, IPv4 and IPv6 on their own", async () => {
  const server = newServer();
  const [four, six] = await server.listen([
    { family: 4, address: "0.0.0.0", port: 0 },
    { family: 6, address: "::", port: 0 },
  ]);
  expect((await askUdp(four!.port, message(1), "127.0.0.1")).from.address).toBe("127.0.0.1");
  expect((await askUdp(six!.port, message(1), "::1")).from.address).toBe("::1");
  const client = await TcpClient.connect(six!.port, "::1");
  client.socket.destroy();
});

test("DnsServer.listen() fails when UDP is taken, and leaves TCP free", async () => {
  const taken = dgram.createSocket("udp4");
  taken.bind(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address();
  const server = newServer();
  await expect(server.listen([{ ...loopback4, port }])).rejects.toMatchObject({
    code: "address-in-use",
    fields: { transport: "udp", port },
  });
  taken.close();
  await once(taken, "close");
  expect(await newServer().listen([{ ...loopback4, port }])).toEqual([{ ...loopback4, port }]);
});

test("DnsServer.stop() closes everything, so that the port is free", async () => {
  const first = newServer();
  const [bound] = await first.listen([loopback4]);
  await first.stop({ withinMs: 1000 });
  expect(await newServer().listen([bound!])).toEqual([bound]);
});
