import { expect, test } from "vitest";
import { withRoundTrips } from "../../src/latency/override.ts";
import { Owner, placeOf, sampleOf } from "./places.ts";

test("withRoundTrips() gives the client's network these times, and leaves the others as they are", () => {
  const owner = new Owner(["eu", "us", "ap"]);
  owner.add(sampleOf("198.51.100.0/24", "eu", 20));
  owner.add(sampleOf("198.51.101.0/24", "us", 80));
  const what = new Owner();
  what.table = withRoundTrips(
    owner.table,
    placeOf("198.51.100.7"),
    new Map([
      ["eu", 200],
      ["sa", 90],
    ]),
  );
  expect(what.table.regions).toEqual(["eu", "us", "sa"]);
  expect(what.ask(placeOf("198.51.100.7"))).toBe("200@0 80@0 90@0 /24");
  expect(owner.ask(placeOf("198.51.100.7"))).toBe("20@0 80@1 - /24");
});

test("withRoundTrips() makes a table where there is none, for IPv6 and for clients that tell little", () => {
  const what = new Owner();
  for (const client of ["2001:db8:1::7", "198.51.0.0/16", "2002:c633:6401::/48"]) {
    what.table = withRoundTrips(null, placeOf(client), new Map([["eu", 30]]));
    expect(what.ask(placeOf(client))).toMatch(/^30@[02] /);
  }
});
