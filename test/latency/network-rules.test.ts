import { describe, expect, test } from "vitest";
import { NetworkRules } from "../../src/latency/network-rules.ts";
import { parseAddress } from "../../src/lib/address.ts";

const rules = new NetworkRules({
  allow: ["10.1.0.0/16", "2001:db8:1::/48"],
  optOut: ["8.8.0.0/16", "10.1.7.0/24", "2a00:1450::/32"],
});
const counts = (text: string, length = text.includes(":") ? 128 : 32) =>
  rules.counts(parseAddress(text)!, length);
const mayProbe = (text: string) => rules.mayProbe(parseAddress(text)!);

describe("NetworkRules", () => {
  test.each([
    "10.0.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.1.1",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "fe80::1",
    "fd00::1",
    "2001:db8::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "2002:a00:1::",
  ])("%s is of special use: it counts for nothing and is sent nothing", (text) => {
    expect(counts(text)).toBe(false);
    expect(mayProbe(text)).toBe(false);
  });

  test.each(["1.1.1.1", "2606:4700::1", "::ffff:1.1.1.1"])("%s counts, and may be sent packets", (text) => {
    expect(counts(text)).toBe(true);
    expect(mayProbe(text)).toBe(true);
  });

  test("what is allowed counts", () => {
    expect(counts("10.1.2.3")).toBe(true);
    expect(counts("10.2.2.3")).toBe(false);
    expect(counts("10.1.0.0", 16)).toBe(true);
    expect(mayProbe("2001:db8:1::1")).toBe(true);
  });

  test("who opts out is sent nothing, and samples of others of it count", () => {
    for (const text of ["8.8.8.8", "2a00:1450::1", "10.1.7.1"]) {
      expect(mayProbe(text)).toBe(false);
      expect(counts(text)).toBe(true);
    }
  });

  test("a text that is no network is a fault of ours", () => {
    expect(() => new NetworkRules({ allow: ["nonsense"], optOut: [] })).toThrow(RangeError);
  });
});
