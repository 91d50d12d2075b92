/**
 * Pings loopback where this machine permits it, and reads the message where it does not.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { CheckTarget } from "../../../src/prober/checks/check.ts";
import { openIcmpSocket } from "../../../src/prober/checks/icmp-libc.ts";
import { decodeEcho, encodeEcho } from "../../../src/prober/checks/icmp-packet.ts";
import { check } from "../../support/bad-endpoints.ts";

const LOOPBACKS: CheckTarget[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** Why this machine lets us not ping; "" when it does. */
function refusal(family: 4 | 6): string {
  for (const kind of ["ping", "raw"] as const) {
    const socket = openIcmpSocket(family, kind);
    if (typeof socket === "string") continue;
    socket.libc.close(socket.fd);
    return "";
  }
  return openIcmpSocket(family, "raw") as string;
}

describe.each(LOOPBACKS)("a check of type icmp, over IPv$family", (target) => {
  test("gets its reply, or says what is not permitted", async () => {
    const { ok, reason } = await check({ type: "icmp" }, { target, timeoutMs: 2000 });
    expect({ ok, reason }).toEqual({ ok: refusal(target.family) === "", reason: refusal(target.family) });
  });

  test("tells many at once apart", async () => {
    const all = Array.from({ length: 50 }, () => check({ type: "icmp" }, { target, timeoutMs: 5000 }));
    const reasons = new Set((await Promise.all(all)).map(({ reason }) => reason));
    expect([...reasons]).toEqual([refusal(target.family)]);
  });
});

test("where neither socket is permitted, the reason says what would have to be", () => {
  const said = runUnprivileged("1 0", "127.0.0.1");
  if (said === undefined) return; // this machine gives us no namespace to try it in
  expect(said).toBe(
    "ICMP is not permitted to this prober: its group is not in net.ipv4.ping_group_range, and it has no CAP_NET_RAW",
  );
});

test("a ping socket is enough where the group may have one", () => {
  const said = runUnprivileged("0 65534", "127.0.0.1");
  if (said === undefined) return;
  expect(said).toBe("ok ping");
  expect(runUnprivileged("0 65534", "192.0.2.1")).toBe("network unreachable");
});

test("a raw socket says what the system says when it cannot send, and gives up in time when nobody answers", () => {
  const said = runUnprivileged("1 0", "192.0.2.1", "", "cap_net_admin");
  if (said === undefined) return;
  expect(said).toBe("network unreachable");
  expect(runUnprivileged("1 0", "192.0.2.1", "route add 192.0.2.1 dev lo", "cap_net_admin")).toBe(
    "echo reply timed out after 300 ms",
  );
});

/** A ping in a network namespace with that range of groups, without that capability; undefined where that cannot be had. */
function runUnprivileged(
  groups: string,
  address: string,
  route = "",
  dropped = "cap_net_raw",
): string | undefined {
  const table = fileURLToPath(new URL("../../../src/prober/checks/check-table.ts", import.meta.url));
  const program = `
    import { makeCheck } from ${JSON.stringify(table)};
    const monitor = { id: "m", type: "icmp", timeoutMs: 300, check: { type: "icmp" } };
    const options = { signal: new AbortController().signal, detailed: true };
    const { ok, reason, detail } = await makeCheck(monitor).run({ address: "${address}", family: 4 }, options);
    process.stdout.write(ok ? "ok " + detail.socket : reason);`;
  const script = `ip link set lo up && ${route === "" ? ":" : `ip ${route}`} && echo "${groups}" > /proc/sys/net/ipv4/ping_group_range && exec capsh --drop=${dropped} -- -c 'exec "$0" --input-type=module -e "$1"' "$0" "$1"`;
  const run = spawnSync("unshare", ["-n", "sh", "-c", script, process.execPath, program], {
    encoding: "utf8",
  });
  return run.status === 0 ? run.stdout : undefined;
}

describe("packets", () => {
  const token = Buffer.from("0123456789abcdef");

  test("encodeEcho() makes a request with a checksum that adds up", () => {
    const packet = encodeEcho(4, 0x1234, 7, token);
    let sum = 0;
    for (let i = 0; i < packet.length; i += 2) sum += packet.readUInt16BE(i);
    expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
  });

  test("decodeEcho() reads replies, and errors about requests", () => {
    const reply = encodeEcho(4, 1, 2, token);
    reply[0] = 0;
    expect(decodeEcho(4, reply)).toEqual({ identifier: 1, sequence: 2, token, failure: "" });
    const ip = Buffer.alloc(20, 0x45);
    const error = Buffer.concat([Uint8Array.of(3, 1, 0, 0, 0, 0, 0, 0), ip, encodeEcho(4, 1, 2, token)]);
    expect(decodeEcho(4, error)).toMatchObject({ sequence: 2, failure: "host unreachable, says a router" });
    const error6 = Buffer.concat([
      Uint8Array.of(1, 3, 0, 0, 0, 0, 0, 0),
      Buffer.alloc(40),
      encodeEcho(6, 1, 2, token),
    ]);
    expect(decodeEcho(6, error6)).toMatchObject({
      sequence: 2,
      failure: "address unreachable, says a router",
    });
  });

  test("decodeEcho() takes nothing from packets that are cut short or about something else", () => {
    for (let length = 0; length < 8; length++) expect(decodeEcho(4, Buffer.alloc(length))).toBeUndefined();
    expect(decodeEcho(4, encodeEcho(4, 1, 2, token))).toBeUndefined();
    expect(decodeEcho(4, Buffer.from([3, 1, 0, 0, 0, 0, 0, 0, 0x45]))).toBeUndefined();
  });
});
