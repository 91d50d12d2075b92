import { appendFile, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Audit, type AuditRecord } from "../../src/api/audit.ts";

const log = pino({ level: "silent" });
const now = () => 0;

const RECORD: AuditRecord = {
  who: "a",
  token: "1",
  from: "192.0.2.1",
  what: "PUT /v1/pools/web",
  status: 200,
  code: null,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "windrose-audit-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("Audit goes on after a restart, also behind a line that was torn", async () => {
  const first = await Audit.open(folder, { log, now });
  first.record(RECORD);
  await first.close();
  await appendFile(join(folder, "audit.jsonl"), '{"id":2,"at":"19');
  const second = await Audit.open(folder, { log, now });
  second.record({ ...RECORD, who: "b" });
  await second.close();
  const third = await Audit.open(folder, { log, now });
  expect((await third.list(10)).map(({ id, who }) => [id, who])).toEqual([
    [2, "b"],
    [1, "a"],
  ]);
  expect((await stat(join(folder, "audit.jsonl"))).mode & 0o777).toBe(0o600);
});

test("Audit keeps two files of bounded size", async () => {
  const audit = await Audit.open(folder, { log, now, octetsMax: 1000 });
  for (let entry = 0; entry < 30; entry++) audit.record(RECORD);
  await audit.close();
  for (const file of ["audit.jsonl", "audit.1.jsonl"])
    expect((await readFile(join(folder, file))).length).toBeLessThanOrEqual(1000);
  const reopened = await Audit.open(folder, { log, now });
  const ids = (await reopened.list(100)).map(({ id }) => id);
  expect(ids[0]).toBe(30);
  expect(ids.length).toBeLessThan(20);
});

test("Audit tells the log when it cannot write", async () => {
  const lines: string[] = [];
  const audit = await Audit.open(folder, { log: pino({}, { write: (line) => lines.push(line) }), now });
  await rm(join(folder, "audit.jsonl"));
  await rm(folder, { recursive: true });
  audit.record(RECORD);
  await audit.close();
  await new Promise(setImmediate);
  expect(lines.join("")).toContain("PUT /v1/pools/web");
  await mkdir(folder); // for afterEach
});
