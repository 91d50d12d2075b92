import { expect, test } from "vitest";
import { coverageWarnings, type Wanted } from "../../src/health/coverage.ts";
import type { ProberSight } from "../../src/health/health-fold.ts";
import { START_MS } from "./notation.ts";

const WANTED: Wanted = { regions: new Map(), quorums: new Map(), nodeRegions: [] };

function proberIn(region: string, said: Partial<ProberSight> = {}): ProberSight {
  const numbers = { epoch: START_MS, checkedMs: START_MS, seen: 5, down: 0 };
  return { name: region, region, ...numbers, suspect: [], isDouble: false, ...said };
}

test("coverageWarnings() says that nobody checks", () => {
  expect(coverageWarnings(WANTED, [])).toEqual([
    "no prober runs, so nothing is checked; every member counts as it last did",
  ]);
});

test("coverageWarnings() names regions in which no prober stands, and who wants them", () => {
  const wanted = {
    ...WANTED,
    regions: new Map([
      ["eu-west", 'pool "eu"'],
      ["us-east", 'pool "us"'],
    ]),
    nodeRegions: ["ap"],
  };
  expect(coverageWarnings(wanted, [proberIn("us-east")])).toEqual([
    'no prober stands in region "eu-west", which pool "eu" names; probers stand in us-east',
    'no prober stands in region "ap" of a node that believes its own region first; probers stand in us-east',
  ]);
});

test("coverageWarnings() tells of quorums that cannot be had", () => {
  const quorums = new Map<string, "any" | number>([
    ["web", 3],
    ["api", 2],
    ["any", "any"],
  ]);
  expect(coverageWarnings({ ...WANTED, quorums }, [proberIn("eu"), proberIn("us")])).toEqual([
    'monitor "web" wants 3 regions to agree; probers stand in eu, us, and these must all agree instead',
  ]);
});

test("coverageWarnings() tells of two probers with one name and of suspects", () => {
  const probers = [
    proberIn("eu", { isDouble: true }),
    proberIn("us", { suspect: [4, 6] }),
    proberIn("ap", { suspect: [6] }),
  ];
  expect(coverageWarnings(WANTED, probers)).toEqual([
    'two probers are called "eu"; the one that started last counts',
    'prober "us" sees nearly everything down, which other regions do not; it does not count',
    'prober "ap" sees nearly everything down for IPv6, which other regions do not; it does not count',
  ]);
});
