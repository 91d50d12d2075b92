/**
 * Why a socket could not be bound, said so that the operator knows what to do next. The
 * kernel's word for it stays as the cause.
 *
 * @module
 */

import { parseAddress } from "../lib/address.ts";
import { WindroseError } from "../lib/errors.ts";
import { formatListenAddress, type ListenAddress } from "./listen-address.ts";

/** `flag` is the setting that names the address. */
export function bindError(
  cause: unknown,
  transport: "udp" | "tcp",
  where: ListenAddress,
  flag = "--dns",
): WindroseError {
  const at = `Cannot listen on ${transport} ${formatListenAddress(where)}`;
  const fields = { transport, address: where.address, port: where.port, cause };
  switch (errorCode(cause)) {
    case "EINVAL":
      // libuv and the kernel alike say no more than "invalid" of a link-local address alone.
      if (!isLinkLocal(where)) break;
      return new WindroseError(
        "address-unusable",
        where.address.includes("%")
          ? `${at}: there is no interface ${where.address.slice(where.address.indexOf("%") + 1)}; "ip link" lists those that are`
          : `${at}: a link-local address needs its interface, as in [${where.address}%eth0]:${where.port}; "ip link" lists the interfaces`,
        fields,
      );
    case "EADDRINUSE":
      return new WindroseError(
        "address-in-use",
        `${at}: the port is in use; stop the program that has it ("ss -lnptu sport = :${where.port}" names it) or give another port with ${flag}`,
        fields,
      );
    case "EADDRNOTAVAIL":
      return new WindroseError(
        "address-not-local",
        `${at}: ${where.address} is not an address of this machine; "ip addr" lists those that are, and ${where.family === 4 ? "0.0.0.0" : "[::]"} means all of them`,
        fields,
      );
    case "EACCES":
    case "EPERM":
      return new WindroseError(
        "address-forbidden",
        `${at}: this user may not open port ${where.port}; allow it with "sudo sysctl net.ipv4.ip_unprivileged_port_start=${where.port}" or "sudo setcap cap_net_bind_service=+ep ${process.execPath}", or give a port above 1023 with ${flag}`,
        fields,
      );
    case "EMFILE":
    case "ENFILE":
      return new WindroseError(
        "address-unusable",
        `${at}: no file descriptor is left; raise the limit with "ulimit -n" or LimitNOFILE=`,
        fields,
      );
    case "EAFNOSUPPORT":
      return new WindroseError(
        "address-unusable",
        `${at}: this machine has no IPv${where.family}; leave the address out or turn IPv${where.family} on`,
        fields,
      );
  }
  return new WindroseError(
    "address-unusable",
    `${at}: ${cause instanceof Error ? cause.message : String(cause)}; "ip addr" lists the addresses of this machine`,
    fields,
  );
}

/** fe80::/10 (RFC 4291 section 2.5.6): every interface may have the same one. */
function isLinkLocal({ address }: ListenAddress): boolean {
  const octets = parseAddress(address.split("%")[0]!);
  return octets?.length === 16 && octets[0] === 0xfe && (octets[1]! & 0xc0) === 0x80;
}

function errorCode(cause: unknown): string | undefined {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : undefined;
}
