import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { LiveExchange } from "../../src/store/live/live-exchange.ts";
import { LocalExchange } from "../../src/store/live/local-exchange.ts";
import { describeExchange, headOf, Listener, opinionOf, WEB } from "./live-contract.ts";

const silent = pino({ level: "silent" });
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "windrose-exchange-"));
  folders.push(folder);
  return folder;
}

let shared: LiveExchange | undefined;
beforeEach(() => {
  shared = undefined;
});
describeExchange({
  kind: "within one process",
  open: async () => {
    shared ??= await LocalExchange.open({ dataDir: null, log: silent });
    return shared;
  },
});

describe("LocalExchange", () => {
  const drain = { kind: "drain", untilMs: null, by: "ops", reason: "", atMs: 5 } as const;

  it("has orders, loads and verdicts again after a restart, but no order that is over", async () => {
    const dataDir = newFolder();
    const before = await LocalExchange.open({ dataDir, log: silent });
    await before.order({ pool: "web", member: "a" }, drain);
    await before.order({ pool: "web", member: "b" }, { ...drain, untilMs: before.nowMs() + 1e9 });
    await before.order({ pool: "web", member: "c" }, { ...drain, untilMs: before.nowMs() - 1 });
    await before.order({ pool: "web", member: "d" }, drain);
    await before.order({ pool: "web", member: "d" }, null);
    await before.reportLoad({ pool: "web", member: "a" }, 7);
    const verdicts = new Map([[WEB, { state: "down", sinceMs: 5, savedMs: 7 }]] as const);
    before.saveVerdicts(verdicts);
    await before.close();
    const after = await LocalExchange.open({ dataDir, log: silent });
    const listener = await Listener.of(after);
    await expect.poll(() => [...listener.orders.keys()]).toEqual(['["web","a"]', '["web","b"]']);
    expect(listener.loads).toEqual(new Map([['["web","a"]', 7]]));
    expect(await after.loadVerdicts()).toEqual(verdicts);
    await after.close();
  });

  it("has an order on disk when order() resolves, each of several", async () => {
    const dataDir = newFolder();
    const exchange = await LocalExchange.open({ dataDir, log: silent });
    const members = Array.from({ length: 20 }, (_, n) => ({ pool: "web", member: `m${n}` }));
    await Promise.all(members.map((member) => exchange.order(member, drain)));
    const file = JSON.parse(readFileSync(join(dataDir, "orders.json"), "utf8")) as { orders: object };
    expect(Object.keys(file.orders)).toHaveLength(20);
    expect(readdirSync(dataDir)).toEqual(["orders.json"]);
    await exchange.close();
  });

  it("refuses an order that it cannot keep, and does not tell it", async () => {
    const dataDir = newFolder();
    const exchange = await LocalExchange.open({ dataDir: join(dataDir, "gone"), log: silent });
    const listener = await Listener.of(exchange);
    const member = { pool: "web", member: "a" };
    await expect(exchange.order(member, drain)).rejects.toMatchObject({ code: "store-unavailable" });
    expect(listener.orders.size).toBe(0);
    exchange.saveVerdicts(new Map([[WEB, { state: "up", sinceMs: 1, savedMs: 2 }]]));
    await exchange.close();
  });

  it("starts beside damaged files, and takes what is whole in them", async () => {
    const dataDir = newFolder();
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
    writeFileSync(join(dataDir, "orders.json"), '{"format":1,"orders":{"[');
    const verdicts = { [WEB]: { state: "up", sinceMs: 1, savedMs: 2 }, b: { state: "ill" }, c: 7 };
    const loads = { '["web","a"]': 3, '["web"]': 4, "[": 5, '["web","b"]': -1 };
    writeFileSync(join(dataDir, "verdicts.json"), JSON.stringify({ format: 1, verdicts, loads }));
    const exchange = await LocalExchange.open({ dataDir, log });
    const listener = await Listener.of(exchange);
    await expect.poll(() => listener.loads).toEqual(new Map([['["web","a"]', 3]]));
    expect([...(await exchange.loadVerdicts()).keys()]).toEqual([WEB]);
    expect(lines.join("")).toContain("orders.json");
    await exchange.close();
  });

  it("warns of two probers with one name", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
    const exchange = await LocalExchange.open({ dataDir: null, log });
    const head = headOf(exchange, "us-1");
    exchange.speakAs(head).urgent(opinionOf(head, exchange.nowMs()));
    exchange.speakAs({ ...head, epoch: head.epoch + 1 });
    expect(lines.join("")).toContain("two probers have one name");
    await exchange.close();
  });
});
