import { expect, test } from "vitest";
import { explain, formatExplanation } from "../../src/explain/explain.ts";
import { formatHealth, type PoolHealthReport } from "../../src/explain/health.ts";
import { readQuestion } from "../../src/explain/question.ts";
import { compileSnapshot } from "../../src/snapshot/snapshot.ts";
import { configurationOf, poolOf, zoneOf } from "../support/answers.ts";

const WEB: PoolHealthReport = {
  pool: "web",
  monitor: "check",
  alarms: ["max-out: 2 of 2 members would be out for IPv4, and at most 1 may be; kept in: b"],
  members: [
    {
      name: "a",
      up: false,
      weightPart: 1,
      notes: ["down"],
      endpoints: [
        {
          address: "192.0.2.10",
          state: "down",
          since: "2026-11-21T10:52:04.123Z",
          reason: "refused from eu",
          regions: [
            { region: "ap", state: "up", since: "2026-11-20T09:00:00.000Z", reason: "", responseMs: 31.26 },
            {
              region: "eu",
              state: "down",
              since: "2026-11-21T10:52:04.123Z",
              reason: "refused",
              responseMs: null,
            },
            { region: "us", state: "unknown", since: null, reason: "silent", responseMs: null },
          ],
        },
      ],
    },
    { name: "b", up: true, weightPart: 0.5, notes: ["warming up"], endpoints: [] },
    { name: "c", up: true, weightPart: 1, notes: [], endpoints: [] },
  ],
};

test("formatHealth() says of each member why it is in or out, and what each region sees", () => {
  expect(formatHealth([WEB]).split("\n")).toEqual([
    "health of pool web, by monitor check",
    "├─ ALARM: max-out: 2 of 2 members would be out for IPv4, and at most 1 may be; kept in: b",
    "├─ a: out, down",
    "│  └─ 192.0.2.10 is down since 2026-11-21T10:52:04Z: refused from eu",
    "│     ├─ ap: up since 2026-11-20T09:00:00Z, 31.3 ms",
    "│     ├─ eu: down since 2026-11-21T10:52:04Z: refused",
    "│     └─ us: unknown: silent",
    "├─ b: in, with 50 % of its weight, warming up",
    "└─ c: in",
  ]);
  expect(formatHealth([{ ...WEB, alarms: [], members: [] }])).toBe(
    "health of pool web, by monitor check: not known here; a running server knows (--url)",
  );
  expect(formatHealth([])).toBe("");
});

test("explain() asks for the health of the pools on the way, each once", () => {
  const zone = zoneOf(
    "$ORIGIN one.test.\n@ 300 SOA ns1 admin 1 2 3 4 60\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n",
    { www: "web" },
  );
  const pools = [
    poolOf("web", ["pool eu", "pool us"], { answers: 2 }),
    poolOf("eu", ["a 192.0.2.1"]),
    poolOf("us", ["b 192.0.2.2"]),
    poolOf("other", ["c 192.0.2.3"]),
  ];
  const asked: string[] = [];
  const complain = (_: string, message: string) => new Error(message);
  const explanation = explain(
    compileSnapshot(configurationOf([zone], pools)),
    readQuestion({ name: "www.one.test" }, complain),
    {
      complain,
      nowMs: 0,
      healthOf: (pool) => {
        asked.push(pool);
        return pool === "eu" ? { ...WEB, pool } : undefined;
      },
    },
  );
  expect(asked).toEqual(["web", "eu", "us"]);
  expect(explanation.health.map(({ pool }) => pool)).toEqual(["eu"]);
  expect(formatExplanation(explanation)).toContain("\n\nhealth of pool eu, by monitor check\n");
});
