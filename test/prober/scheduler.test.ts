import { expect, test } from "vitest";
import { type Job, Scheduler, type SchedulerLimits } from "../../src/prober/scheduler.ts";
import { SimulatedClock } from "../support/prober-clock.ts";

const LIMITS = { running: 100, starts: 10_000, runningPerAddress: 2 };

interface Task extends Job {
  readonly name: string;
}

function begin(limits: Partial<SchedulerLimits> = {}) {
  const clock = new SimulatedClock();
  const startMs = clock.nowMs();
  const started: string[] = [];
  const scheduler = new Scheduler<Task>(clock, { ...LIMITS, ...limits }, (job) =>
    started.push(`${job.name} at ${Math.round(clock.nowMs() - startMs)}`),
  );
  const task = (name: string, address = name): Task => {
    return { name, address, intervalMs: 1000, state: "idle", dueMs: 0, heapIndex: -1 };
  };
  const add = (job: Task, inMs: number) => scheduler.add(job, startMs + inMs);
  return { clock, started, scheduler, task, add };
}

test("Scheduler starts each job when it is due, and not one that was dropped", async () => {
  const { clock, started, scheduler, task, add } = begin();
  const [a, b, c] = [task("a"), task("b"), task("c")];
  add(a, 30);
  add(b, 10);
  add(c, 20);
  scheduler.drop(c);
  await clock.advance(100);
  expect(started).toEqual(["b at 10", "a at 30"]);
  scheduler.done(b, clock.nowMs() + 50);
  scheduler.drop(a);
  await clock.advance(100);
  expect(started.slice(2)).toEqual(["b at 150"]);
  expect(scheduler.readCounts()).toEqual({ scheduled: 0, running: 1, started: 3, missed: 0, lateMsMax: 0 });
});

test("Scheduler runs no more at once than it may, those that were due first", async () => {
  const { clock, started, scheduler, task, add } = begin({ running: 2 });
  const jobs = ["a", "b", "c", "d"].map((name) => task(name));
  for (const [i, job] of jobs.entries()) add(job, 10 * (4 - i));
  await clock.advance(100);
  expect(started).toEqual(["d at 10", "c at 20"]);
  scheduler.drop(jobs[3]!);
  await clock.advance(100);
  expect(started.slice(2)).toEqual(["b at 100"]);
  scheduler.drop(jobs[2]!);
  await clock.advance(0);
  expect(started.slice(3)).toEqual(["a at 200"]);
});

test("Scheduler starts no more a second than it may", async () => {
  const { clock, started, task, add } = begin({ starts: 20 });
  for (let i = 0; i < 30; i++) add(task(String(i)), 0);
  await clock.advance(999);
  expect(started.length).toBe(20);
  await clock.advance(1000);
  expect(started.length).toBe(30);
});

test("Scheduler lets jobs at one address wait for each other, and others pass by", async () => {
  const { clock, started, scheduler, task, add } = begin();
  const jobs = ["a", "b", "c", "d"].map((name) => task(name, "192.0.2.1"));
  for (const [i, job] of jobs.entries()) add(job, i);
  add(task("other"), 9);
  await clock.advance(10);
  expect(started).toEqual(["a at 0", "b at 1", "other at 9"]);
  scheduler.drop(jobs[2]!); // it waits
  scheduler.drop(jobs[0]!);
  await clock.advance(0);
  expect(started.slice(3)).toEqual(["d at 10"]);
});

test("Scheduler does not make up for what it missed, and leaves nobody out", async () => {
  const { clock, started, scheduler, task, add } = begin({ running: 1 });
  const jobs = ["a", "b", "c"].map((name) => task(name));
  for (const job of jobs) add(job, 0);
  for (let i = 0; i < 30; i++) {
    await clock.advance(1500);
    scheduler.done(jobs.find(({ state }) => state === "running")!, clock.nowMs() + 1000);
  }
  await clock.advance(0);
  const counts = jobs.map(({ name }) => started.filter((text) => text.startsWith(name)).length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  // Three jobs of 1.5 s each take turns, so each comes 2 s after it was due, and 1 s at first.
  const { missed, lateMsMax } = scheduler.readCounts();
  expect(missed).toBeGreaterThan(50);
  expect(lateMsMax).toBeLessThanOrEqual(3000);
});
