import { describe, expect, test } from "vitest";
import { LiveSamples } from "../../../src/sync/latency/live-samples.ts";

describe("LiveSamples", () => {
  test("get() tells the latest of a pair, in whatever order they come", () => {
    const live = new LiveSamples();
    live.note("a", "eu", { source: "probe", atMs: 20 });
    live.note("a", "eu", { source: "tcp", atMs: 10 });
    live.note("a", "us", { source: "posted", atMs: 5 });
    expect(live.get("a", "eu")).toEqual({ source: "probe", atMs: 20 });
    expect(live.get("a", "us")).toEqual({ source: "posted", atMs: 5 });
    expect(live.get("b", "eu")).toBeUndefined();
  });

  test("note() lets the network go that was measured longest ago, when there are too many", () => {
    const live = new LiveSamples(2);
    for (const network of ["a", "b", "a", "c"]) live.note(network, "eu", { source: "probe", atMs: 1 });
    expect([...live.entries()].map(([network]) => network)).toEqual(["a", "c"]);
  });

  test("forgetBefore() forgets pairs, and networks that have none left", () => {
    const live = new LiveSamples();
    live.note("a", "eu", { source: "probe", atMs: 1 });
    live.note("b", "eu", { source: "probe", atMs: 1 });
    live.note("b", "us", { source: "probe", atMs: 3 });
    live.forgetBefore(2);
    expect(live.size).toBe(1);
    expect(live.get("b", "eu")).toBeUndefined();
  });
});
