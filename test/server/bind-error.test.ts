import { expect, test } from "vitest";
import { bindError } from "../../src/server/bind-error.ts";

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
