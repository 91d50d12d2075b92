import { afterEach, beforeEach, expect, test } from "vitest";
import { type LoadedDocuments, parseDocuments } from "../../src/documents/parse-documents.ts";
import { ExpectationThread } from "../../src/expectations/expectation-thread.ts";
import { type ExpectationsResult, runExpectations } from "../../src/expectations/run-expectations.ts";
import { emptyLatencyTable } from "../../src/latency/grow.ts";
import { formatFault } from "../../src/lib/fault.ts";

const NO_TABLES = { places: null, latency: null };

let thread: ExpectationThread;
beforeEach(() => {
  thread = new ExpectationThread();
});
afterEach(() => thread.close());

/** Zone a.test is steered by a pool of members one and two, of these weights, and expects a share of one. */
function load(weights: readonly [number, number], share: string, more = "", previous?: LoadedDocuments) {
  const text = `zones:
  a.test:
    records: { "@": { NS: [ns, ns2] }, ns: { A: 192.0.2.53 }, ns2: { A: 198.51.100.53 }, www: { pool: web } }
    expect:
      - { name: www, from: 192.0.2.0/24, share: { one: ${share} } }
      - { name: www, from: 192.0.2.0/24, when: { down: web/one }, then: two }
pools:
  web:
    members:
      - { name: one, address: [192.0.2.1, "2001:db8::1"], weight: ${weights[0]} }
      - { name: two, address: [192.0.2.2, "2001:db8::2"], weight: ${weights[1]} }
`;
  const files = [{ file: "a.yaml", text, modifiedMs: 0 }];
  if (more !== "") files.push({ file: "b.yaml", text: more, modifiedMs: 0 });
  const loaded = parseDocuments(files, { previous: previous?.configuration });
  expect(loaded.faults.map(formatFault)).toEqual([]);
  return loaded;
}

function inThread({ configuration, expectations }: LoadedDocuments): Promise<ExpectationsResult> {
  return thread.run(configuration!, expectations, NO_TABLES);
}

function here({ configuration, expectations }: LoadedDocuments): ExpectationsResult {
  return runExpectations(configuration!, expectations, NO_TABLES);
}

const OTHER = `zones:
  b.test:
    records: { "@": { NS: [ns, ns2] }, ns: { A: 192.0.2.53 }, ns2: { A: 198.51.100.53 }, www: { CNAME: www.a.test. } }
    expect: [{ name: www, from: 192.0.2.0/24, never: [NODATA] }]
`;

test("run() says what runExpectations() says, of one configuration after the other", async () => {
  const first = load([1, 1], "45-55");
  expect(await inThread(first)).toEqual({ faults: [], held: 2 });
  const skewed = load([1, 3], "45-55", "", first);
  const result = await inThread(skewed);
  expect(result).toEqual(here(skewed));
  expect(result.faults.map(formatFault)).toEqual([
    expect.stringMatching(
      /^a\.yaml:5:9: www\.a\.test\. A from 192\.0\.2\.0\/24: expected 45-55% from one, got 2\d/,
    ),
  ]);
  const grown = load([1, 3], "20-30", OTHER, first);
  expect(await inThread(grown)).toEqual({ faults: [], held: 3 });
  // Refused or not, what was asked about last is what the next one is compared with.
  const shrunk = load([3, 1], "70-80", "", grown);
  expect(await inThread(shrunk)).toEqual({ faults: [], held: 2 });
});

test("run() goes by the tables of clients that it is given", async () => {
  const { configuration, expectations } = load([1, 1], "45-55");
  const latency = emptyLatencyTable(["eu"], 60);
  expect(await thread.run(configuration!, expectations, { places: null, latency })).toEqual({
    faults: [],
    held: 2,
  });
  expect((await thread.run(configuration!, expectations, NO_TABLES)).held).toBe(2);
});

test("run() leaves this thread to others meanwhile", async () => {
  const loaded = load([1, 1], "48-52");
  await inThread(loaded);
  let isDone = false;
  let turns = 0;
  const done = inThread(loaded).then(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise(setImmediate);
    turns++;
  }
  await done;
  expect(turns).toBeGreaterThan(1);
});

test("several at once are answered each by its own configuration", async () => {
  const loads = [load([1, 1], "45-55"), load([1, 3], "45-55"), load([3, 1], "70-80")];
  const results = await Promise.all(loads.map(inThread));
  expect(results).toEqual(loads.map(here));
});

test("a thread that dies rejects what it was asked, and the next run() begins anew", async () => {
  const loaded = load([1, 1], "49.5-50.5");
  const dying = inThread(loaded);
  const rejected = expect(dying).rejects.toThrow("ended without an answer");
  await new Promise(setImmediate);
  await thread.close();
  await rejected;
  expect((await inThread(load([1, 1], "45-55"))).held).toBe(2);
});

test("run() without expectations starts no thread", async () => {
  const { configuration } = load([1, 1], "45-55");
  expect(await thread.run(configuration!, [], NO_TABLES)).toEqual({ faults: [], held: 0 });
});
