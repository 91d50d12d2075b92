import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SharedClock } from "../../src/store/live/shared-clock.ts";

const WALL_MS = Date.UTC(2026, 0, 1);

/** Asks a server whose clock is `server`, at `atMs`, over ways of such lengths. */
function ask(
  clock: SharedClock,
  server: (monotonicMs: number) => number,
  atMs: number,
  there = 1,
  back = 1,
): number {
  return clock.measure({ sentMs: atMs, receivedMs: atMs + there + back, serverMs: server(atMs + there) });
}

describe("SharedClock", () => {
  it("is this machine's until it was measured, and then the server's at once", () => {
    const clock = new SharedClock(WALL_MS, 100);
    expect(clock.now(150)).toBe(WALL_MS + 50);
    expect(clock.isShared).toBe(false);
    const changeMs = ask(clock, (ms) => WALL_MS - 3_600_000 + ms, 200);
    expect(changeMs).toBeCloseTo(-3_600_000 + 100, 6);
    expect(clock.isShared).toBe(true);
    expect(clock.now(202)).toBeCloseTo(WALL_MS - 3_600_000 + 202, 6);
  });

  it("believes the shortest way, and goes there slowly", () => {
    const clock = new SharedClock(WALL_MS, 0);
    const server = (ms: number) => WALL_MS + ms;
    ask(clock, server, 0, 100, 0); // 50 ms off, for one way was longer than the other
    expect(clock.now(100)).toBeCloseTo(server(100) + 50, 6);
    expect(ask(clock, server, 100, 0.5, 0.5)).toBe(0);
    expect(clock.now(201)).toBeCloseTo(server(201) + 40, 6);
    expect(clock.now(1000)).toBeCloseTo(server(1000), 6);
    expect(ask(clock, server, 1000, 200, 0)).toBe(0);
    expect(clock.now(5000)).toBeCloseTo(server(5000), 6);
  });

  it("takes another server's clock: slowly where it is near, at once where it is far", () => {
    const clock = new SharedClock(WALL_MS, 0);
    ask(clock, (ms) => WALL_MS + ms, 0, 0.1, 0.1);
    const near = (ms: number) => WALL_MS + 500 + ms;
    expect(ask(clock, near, 1000)).toBe(0);
    expect(clock.now(1002)).toBeLessThan(near(1002) - 490);
    expect(clock.now(10_000)).toBeCloseTo(near(10_000), 6);
    const far = (ms: number) => WALL_MS - 60_000 + ms;
    expect(ask(clock, far, 10_000)).toBeCloseTo(-60_500, 6);
    expect(clock.now(10_002)).toBeCloseTo(far(10_002), 6);
  });

  it("never goes back while one server measures it, and is not further off than half of the shortest way", () => {
    const way = fc.double({ min: 0, max: 400, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 40 }), (ways) => {
        const clock = new SharedClock(WALL_MS, 0);
        const server = (ms: number) => WALL_MS + 5000 + ms;
        let [atMs, before] = [0, 0];
        for (const [there, back] of ways) {
          ask(clock, server, atMs, there, back);
          for (let n = 0; n < 5; n++) {
            atMs += 1000;
            const now = clock.now(atMs);
            expect(now).toBeGreaterThanOrEqual(before);
            before = now;
          }
        }
        const shortest = Math.min(...ways.slice(-8).map(([there, back]) => there + back));
        expect(Math.abs(clock.now(atMs + 10_000) - server(atMs + 10_000))).toBeLessThanOrEqual(
          shortest / 2 + 0.001,
        );
      }),
    );
  });
});
