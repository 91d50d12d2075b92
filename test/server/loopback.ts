/**
 * Loopback UDP sockets made through libc, for tests of what stands on it.
 *
 * @module
 */
import { AF_INET, type Libc, openLibc, SOCK_CLOEXEC, SOCK_DGRAM } from "../../src/server/libc.ts";
import type { ListenAddress } from "../../src/server/listen-address.ts";
import { closeSharedSocket, openSharedSockets, type SharedSocket } from "../../src/server/shared-socket.ts";

/** libc; where it cannot be had, the tests of the data plane fail and say why. */
export const libc: Libc = mustOpenLibc();

function mustOpenLibc(): Libc {
  const opened = openLibc();
  if (typeof opened === "string") throw new Error(`the data plane cannot be tested: ${opened}`);
  return opened;
}

const open: SharedSocket[] = [];

/** A socket as a worker has it; closed by closeSockets(). */
export function serverSocket(where: Partial<ListenAddress> = {}): SharedSocket {
  const [socket] = openSharedSockets(libc, { family: 4, address: "127.0.0.1", port: 0, ...where }, 1);
  open.push(socket!);
  return socket!;
}

/** sockaddr_in. */
function ipv4Name(address: string, port: number): Uint8Array {
  const name = new Uint8Array(16);
  name.set([AF_INET, 0, port >>> 8, port & 0xff, ...address.split(".").map(Number)]);
  return name;
}

/** A socket as another program might have it, bound; `setUp` sets its options before that. The caller closes it. */
export function bindPlain(address: string, port: number, setUp: (fd: number) => void = () => {}): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setUp(fd);
  if (libc.bind(fd, ipv4Name(address, port), 16) < 0) {
    libc.close(fd);
    throw new Error(`bind: errno ${libc.errno()}`);
  }
  return fd;
}

export function closeSockets(): void {
  for (const socket of open.splice(0)) closeSharedSocket(libc, socket);
}
