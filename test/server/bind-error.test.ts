import { describe, expect, test } from "vitest";
import { bindError } from "../../src/server/bind-error.ts";
import { openLibc } from "../../src/server/libc.ts";
import { openSharedSockets } from "../../src/server/shared-socket.ts";
import { TcpServer } from "../../src/server/tcp-server.ts";
import { UdpServer } from "../../src/server/udp-server.ts";
import { echo, silentLog } from "./harness.ts";

const where = { family: 4, address: "192.0.2.53", port: 53 } as const;

function failure(code: string): Error {
  return Object.assign(new Error(`bind ${code} 192.0.2.53:53`), { code });
}

test.each([
  ["EADDRINUSE", "address-in-use", "the port is in use"],
  ["EADDRNOTAVAIL", "address-not-local", "is not an address of this machine"],
  ["EACCES", "address-forbidden", "net.ipv4.ip_unprivileged_port_start=53"],
  ["EPERM", "address-forbidden", "setcap cap_net_bind_service=+ep"],
  ["EMFILE", "address-unusable", "ulimit -n"],
  ["EAFNOSUPPORT", "address-unusable", "has no IPv4"],
  ["EINVAL", "address-unusable", "bind EINVAL"],
])("bindError() tells what to do about %s", (code, ours, says) => {
  const cause = failure(code);
  const error = bindError(cause, "udp", where);
  expect(error.code).toBe(ours);
  expect(error.message).toMatch(/^Cannot listen on udp 192\.0\.2\.53:53: /);
  expect(error.message).toContain(says);
  expect(error.cause).toBe(cause);
  expect(error.fields).toEqual({ transport: "udp", address: "192.0.2.53", port: 53 });
});

describe("a link-local address without its interface", () => {
  const alone = { family: 6, address: "fe80::1", port: 0 } as const;
  const says = {
    code: "address-unusable",
    message: expect.stringContaining("a link-local address needs its interface, as in [fe80::1%eth0]:0"),
  };

  test("is told over TCP and over node:dgram", async () => {
    const tcp = new TcpServer({ respond: echo });
    await expect(tcp.listen(alone)).rejects.toMatchObject(says);
    const udp = new UdpServer({ respond: echo, log: silentLog });
    await expect(udp.listen(alone)).rejects.toMatchObject(says);
  });

  const libc = openLibc();
  test.runIf(typeof libc !== "string")("is told of the sockets of libc", () => {
    if (typeof libc === "string") return;
    let error: unknown;
    try {
      openSharedSockets(libc, alone, 1);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject(says);
  });

  test("with an interface that is not there, that is what is told", () => {
    const error = bindError(failure("EINVAL"), "udp", { ...alone, address: "fe80::1%eth9" });
    expect(error.message).toContain("there is no interface eth9");
  });
});
