import { X509Certificate } from "node:crypto";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CertificateRules, judgeCertificate } from "../../../src/prober/checks/certificate.ts";
import {
  type Certificate,
  check,
  closedPort,
  Endpoints,
  readPem,
  said,
  say,
  trustTestCa,
} from "../../support/bad-endpoints.ts";

let endpoints: Endpoints;

beforeAll(trustTestCa);
beforeEach(() => {
  endpoints = new Endpoints();
});
afterEach(() => endpoints.close());

describe("a check of type tls", () => {
  test.each<[Certificate, string | RegExp]>([
    ["good", "ok"],
    ["expired", /^certificate expired \d{4} days ago$/],
    ["early", /^certificate is not yet valid, only in \d+ days$/],
    ["self-signed", "certificate is self-signed"],
    ["stranger", `certificate's issuer is unknown: "other-ca"; is an intermediate certificate missing?`],
    ["below-old", /^certificate of the chain, "old-between", expired \d{4} days ago$/],
  ])("of a certificate that is %s says so", async (certificate, reason) => {
    const port = await endpoints.tls(certificate, () => {});
    expect(await say({ type: "tls", port, "server-name": "www.good.test" })).toEqual(said(reason));
    await endpoints.allClosed();
    expect(await say({ type: "tls", port, verify: false })).toBe("ok");
  });

  test("looks for the server name, the target's host, or its address", async () => {
    const port = await endpoints.tls("good", () => {});
    expect(await say({ type: "tls", port })).toBe("ok"); // 127.0.0.1 is in it
    expect(await say({ type: "tls", port, "server-name": "bad.test" })).toBe(
      "certificate has the wrong name: has good.test, *.good.test, 127.0.0.1 and 1 more, wanted bad.test",
    );
    const target = { address: "127.0.0.1", family: 4, host: "a.b.good.test." } as const;
    expect(await say({ type: "tls", port }, { target })).toMatch(/wanted a\.b\.good\.test$/);
  });

  test("warns of an expiry that is near, fails when it is nearer, and counts days", async () => {
    const port = await endpoints.tls("good", () => {});
    const near = await check({ type: "tls", port, certificate: { warn: 3650 } });
    expect(near).toMatchObject({ ok: true, warnings: [] });
    const expired = await endpoints.tls("expired", () => {});
    const lenient = await check({ type: "tls", port: expired, verify: false });
    expect(lenient).toMatchObject({ ok: true, warnings: [expect.stringMatching(/^certificate expired/)] });
    expect(lenient.daysToExpiry).toBeLessThan(-1000);
    const strict = await say({ type: "tls", port: expired, verify: false, certificate: { fail: 1 } });
    expect(strict).toMatch(/^certificate expired \d+ days ago, wanted at least 1 day$/);
  });

  test.each<[string, (port: Endpoints) => Promise<number>, string | RegExp]>([
    [
      "garbage",
      (e) => e.tcp((socket) => socket.write("garbage, garbage")),
      /^TLS handshake failed: .*may not speak TLS/,
    ],
    ["an early close", (e) => e.tcp((socket) => socket.end()), "TLS handshake failed: connection closed"],
    [
      "a reset",
      (e) => e.tcp((socket) => socket.resetAndDestroy()),
      /^TLS handshake failed: connection closed|^connection reset/,
    ],
    ["silence", (e) => e.tcp(() => {}), "TLS handshake timed out after 100 ms"],
    [
      "half a record",
      (e) => e.tcp((socket) => socket.write(Uint8Array.of(0x16, 3, 3, 0x10, 0, 2))),
      "TLS handshake timed out after 100 ms",
    ],
    ["a closed port", () => closedPort(), "connection refused"],
  ])("of %s fails in words", async (_, open, reason) => {
    const port = await open(endpoints);
    expect(await say({ type: "tls", port }, { timeoutMs: 100 })).toEqual(said(reason));
    await endpoints.allClosed();
  });
});

describe("judgeCertificate()", () => {
  const good = new X509Certificate(readPem("good"));
  const END_MS = Date.UTC(2125, 0, 1);
  const DAY_MS = 86_400_000;

  function judge(nowMs: number, rules: Partial<CertificateRules> = {}, trust: string | null = null) {
    const all = { verify: true, warnDays: 14, failDays: undefined, ...rules };
    return judgeCertificate(good, trust, "good.test", all, nowMs);
  }

  test.each<[number, Partial<CertificateRules>, string | null, string[], number]>([
    [20 * DAY_MS, {}, null, [], 20],
    [13.5 * DAY_MS, {}, null, ["certificate expires in 13 days"], 13],
    [13.5 * DAY_MS, { failDays: 14 }, "certificate expires in 13 days, wanted at least 14 days", [], 13],
    [1.5 * DAY_MS, { warnDays: 0 }, null, [], 1],
    [3_600_000, {}, null, ["certificate expires in 1 hour"], 0],
    [-1000, {}, "certificate expired less than an hour ago", [], -1],
    [-3 * DAY_MS, {}, "certificate expired 3 days ago", [], -3],
    [-3 * DAY_MS, { verify: false }, null, ["certificate expired 3 days ago"], -3],
  ])("%d ms before the end, with %j: %s", (leftMs, rules, fault, warnings, daysToExpiry) => {
    expect(judge(END_MS - leftMs, rules)).toEqual({ fault, warnings, daysToExpiry });
  });

  test("says codes of OpenSSL that it does not know in their own words", () => {
    expect(judge(END_MS - 20 * DAY_MS, {}, "PATH_LENGTH_EXCEEDED").fault).toBe(
      "certificate is not accepted: path length exceeded",
    );
  });
});
