import { afterEach, describe, expect, test } from "vitest";
import type { Libc } from "../../src/server/libc.ts";
import type { ListenAddress } from "../../src/server/listen-address.ts";
import { openSharedSockets, type SharedSocket } from "../../src/server/shared-socket.ts";
import { libc } from "./loopback.ts";
import { LOOPBACK4, LOOPBACK6 } from "./planes.ts";

const opened: SharedSocket[] = [];
afterEach(() => {
  for (const { fd } of opened.splice(0)) libc.close(fd);
});

function open(where: ListenAddress, count: number): SharedSocket[] {
  const sockets = openSharedSockets(libc, where, count);
  opened.push(...sockets);
  return sockets;
}

/** libc in which a call fails from its n-th time on, and that knows which sockets are open. */
function failing(call: "socket" | "bind" | "getsockname", errno: number, from = 1) {
  const open = new Set<number>();
  let calls = 0;
  const fails = (name: string) => name === call && ++calls >= from;
  const broken: Libc = {
    ...libc,
    socket(...args) {
      if (fails("socket")) return -1;
      const fd = libc.socket(...args);
      open.add(fd);
      return fd;
    },
    bind: (...args) => (fails("bind") ? -1 : libc.bind(...args)),
    getsockname: (...args) => (fails("getsockname") ? -1 : libc.getsockname(...args)),
    close(fd) {
      open.delete(fd);
      return libc.close(fd);
    },
    errno: () => errno,
  };
  return { broken, open };
}

describe("openSharedSockets()", () => {
  test("opens as many as asked, on one port that the kernel chooses", () => {
    for (const where of [LOOPBACK4, LOOPBACK6, { ...LOOPBACK4, address: "0.0.0.0" }]) {
      const sockets = open(where, 3);
      expect(new Set(sockets.map(({ fd }) => fd)).size).toBe(3);
      const ports = new Set(sockets.map((socket) => socket.where.port));
      expect(ports.size).toBe(1);
      expect([...ports][0]).toBeGreaterThan(0);
      expect(sockets.every(({ isWildcard }) => isWildcard === (where.address === "0.0.0.0"))).toBe(true);
    }
  });

  test("has 0.0.0.0 and [::] side by side on one port", () => {
    const [ipv4] = open({ ...LOOPBACK4, address: "0.0.0.0" }, 2);
    const { port } = ipv4!.where;
    expect(open({ family: 6, address: "::", port }, 2)).toHaveLength(2);
  });

  test("does not share a port with anybody else, not even with another that opened it so", () => {
    const { port } = open(LOOPBACK4, 2)[0]!.where;
    const again = () => open({ ...LOOPBACK4, port }, 2);
    expect(again).toThrow(expect.objectContaining({ code: "address-in-use" }));
  });

  test.each([
    ["bind", 13, "address-forbidden", "this user may not open port"],
    ["bind", 98, "address-in-use", "the port is in use"],
    ["bind", 99, "address-not-local", "is not an address of this machine"],
    ["socket", 24, "address-unusable", 'raise the limit with "ulimit -n"'],
    ["socket", 97, "address-unusable", "this machine has no IPv4"],
    ["getsockname", 105, "address-unusable", "getsockname: ENOBUFS"],
  ] as const)("says why %s() failed with errno %i, and leaves nothing open", (call, errno, code, text) => {
    for (const from of [1, 2, 3]) {
      const { broken, open } = failing(call, errno, from);
      expect(() => openSharedSockets(broken, LOOPBACK4, 3)).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining(text) }),
      );
      expect(open.size).toBe(0);
    }
  });
});
