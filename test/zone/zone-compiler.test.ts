import { describe, expect, test } from "vitest";
import { parseName } from "../../src/wire/name.ts";
import { NameKey } from "../../src/wire/name-key.ts";
import { RRType } from "../../src/wire/rr-type.ts";
import { compileZone } from "../../src/zone/zone-compiler.ts";
import { RRSET } from "../../src/zone/zone-image.ts";
import { zoneOf } from "./zones.ts";

const IMAGE = compileZone(
  zoneOf(
    "a MX 10 mail",
    "a SRV 0 0 25 mail",
    "b MX 10 host.child",
    "b SRV 0 0 25 host.child",
    "c MX 10 child",
    "mail A 192.0.2.1",
    "child NS host.child",
    "child NS child",
    "child A 192.0.2.2",
    "host.child A 192.0.2.3",
  ),
);

/** How many records go into additional with an RRset. */
function additionalOf(owner: string, type: number): number {
  const name = parseName(owner, parseName("example.test."));
  const key = new NameKey();
  key.read(name, 0, name.length);
  return IMAGE.words[IMAGE.findRrset(IMAGE.findNode(key, 0), type) + RRSET.counts]! >>> 16;
}

describe("compileZone()", () => {
  test("adds the addresses of MX and SRV targets that the zone answers for", () => {
    expect([additionalOf("a", RRType.MX), additionalOf("a", RRType.SRV)]).toEqual([1, 1]);
  });

  test("never adds glue at or below a cut beside an authoritative MX or SRV", () => {
    expect([additionalOf("b", RRType.MX), additionalOf("b", RRType.SRV)]).toEqual([0, 0]);
    expect(additionalOf("c", RRType.MX)).toBe(0);
  });
});
