/**
 * The exchange within one process: a prober and a node that run together, without Redis. Nothing is ever away.
 *
 * With a data folder, what must not be forgotten by a restart is in two small files of it:
 *
 *   orders.json     orders, written before order() resolves: a drain of the evening is one in the morning
 *   verdicts.json   what the node held of endpoints, and the loads: every few seconds when changed, and at close
 *
 * The clock is that of the machine at the start of the process, and runs on evenly: who sets the machine's clock
 * changes nothing until the next start.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Opinion } from "../../health/opinion.ts";
import { writeDurably } from "../../lib/durable-file.ts";
import { WindroseError } from "../../lib/errors.ts";
import { LiveBoard } from "./live-board.ts";
import type {
  AppliedVerdict,
  Demand,
  GivenOrder,
  LiveExchange,
  LiveHandlers,
  MemberKey,
  ProberHead,
  ProberVoice,
  RttSample,
  SavedVerdict,
} from "./live-exchange.ts";
import { memberText, parseJson, parseMemberLoad, parseMemberOrder, parseVerdict } from "./live-records.ts";

/** How old the files may be after a crash. Verdicts that old are as good. */
const SAVE_INTERVAL_MS = 5000;
/** For each endpoint, that writing them takes some thousandth of the time. */
const SAVE_INTERVAL_MS_EACH = 1;

export interface LocalExchangeOptions {
  /** Null: a restart begins with nothing. */
  readonly dataDir: string | null;
  readonly log: Logger;
}

export class LocalExchange implements LiveExchange {
  readonly awaySinceMs = null;
  readonly #board = new LiveBoard();
  readonly #dataDir: string | null;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #verdicts: ReadonlyMap<string, SavedVerdict> = new Map();
  #areVerdictsNew = false;
  #savedMs = 0;
  /** Each write waits for the one before. */
  #writing: Promise<unknown> = Promise.resolve();

  private constructor({ dataDir, log }: LocalExchangeOptions) {
    this.#dataDir = dataDir;
    this.#log = log;
    this.#timer = setInterval(() => {
      this.#hearProbers();
      const dueMs = this.#savedMs + SAVE_INTERVAL_MS_EACH * this.#verdicts.size;
      if (performance.now() >= dueMs) void this.#saveVerdicts();
    }, SAVE_INTERVAL_MS).unref();
  }

  /** A file that is damaged is logged, and counts as none. */
  static async open(options: LocalExchangeOptions): Promise<LocalExchange> {
    const exchange = new LocalExchange(options);
    await exchange.#load();
    return exchange;
  }

  nowMs(): number {
    return performance.timeOrigin + performance.now();
  }

  speakAs(prober: ProberHead): ProberVoice {
    if (this.#board.probers.some(({ name }) => name === prober.name)) {
      this.#log.warn({ prober: prober.name }, "two probers have one name: the one that started later counts");
    }
    this.#board.takeProber(prober, this.nowMs());
    this.#board.tellProbers();
    const take = (opinion: Opinion) => this.#board.takeOpinions([opinion]);
    return {
      urgent: take,
      routine: take,
      withdraw: (endpoint) => this.#board.withdraw(prober.name, [endpoint], prober.epoch),
      close: async () => {
        this.#board.withdraw(prober.name, null, prober.epoch);
        if (this.#board.dropProber(prober)) this.#board.tellProbers();
      },
    };
  }

  follow(handlers: LiveHandlers): Promise<() => Promise<void>> {
    return this.#board.follow(handlers);
  }

  async order(member: MemberKey, order: GivenOrder | null): Promise<void> {
    const { pool, member: name } = member;
    const key = memberText(member);
    // Orders that come together are written one after the other, each with those before it.
    await this.#inTurn(async () => {
      const orders = new Map(this.#board.orders);
      orders.set(key, { pool, member: name, order });
      const nowMs = this.nowMs();
      const entries = [...orders]
        .map(([text, { order: kept }]) => [text, kept] as const)
        .filter(([, kept]) => kept !== null && (kept.untilMs === null || kept.untilMs > nowMs));
      await this.#write("orders.json", { format: 1, orders: Object.fromEntries(entries) });
      this.#board.takeOrders([{ pool, member: name, order }]);
    });
  }

  async reportLoad({ pool, member }: MemberKey, load: number | null): Promise<void> {
    this.#board.takeLoads([{ pool, member, load }]);
    this.#areVerdictsNew = true;
  }

  saveVerdicts(verdicts: ReadonlyMap<string, SavedVerdict>): void {
    this.#verdicts = verdicts;
    this.#areVerdictsNew = true;
  }

  async loadVerdicts(): Promise<ReadonlyMap<string, SavedVerdict>> {
    return this.#verdicts;
  }

  sayApplied(applied: AppliedVerdict): void {
    this.#board.takeApplied([applied]);
  }

  shareSamples(samples: readonly RttSample[]): void {
    this.#board.takeSamples(samples);
  }

  sayDemand(node: string, demand: readonly Demand[]): void {
    this.#board.takeDemand(node, demand);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#saveVerdicts();
    this.#board.close();
  }

  /** They are here as long as they have not said goodbye. */
  #hearProbers(): void {
    const { probers } = this.#board;
    if (probers.length === 0) return;
    for (const prober of probers) this.#board.takeProber(prober, this.nowMs());
    this.#board.tellProbers();
  }

  async #saveVerdicts(): Promise<void> {
    if (!this.#areVerdictsNew) return;
    this.#areVerdictsNew = false;
    this.#savedMs = performance.now();
    const loads = [...this.#board.loads].map(([text, { load }]) => [text, load] as const);
    const file = {
      format: 1,
      verdicts: Object.fromEntries(this.#verdicts),
      loads: Object.fromEntries(loads),
    };
    await this.#inTurn(() => this.#write("verdicts.json", file)).catch((error: unknown) => {
      this.#areVerdictsNew = true;
      this.#log.warn({ err: error }, "cannot save verdicts; a restart would begin with older ones");
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => {});
    return done;
  }

  async #write(name: string, value: unknown): Promise<void> {
    if (this.#dataDir === null) return;
    const path = join(this.#dataDir, name);
    try {
      await writeDurably(path, `${JSON.stringify(value)}\n`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new WindroseError("store-unavailable", `Cannot write "${path}": ${why}`, { cause: error });
    }
  }

  async #load(): Promise<void> {
    const { orders } = await this.#read("orders.json");
    const nowMs = this.nowMs();
    const known = entriesOf(orders).map(([key, order]) => parseMemberOrder(key, order));
    this.#board.takeOrders(
      known
        .filter((each) => each !== undefined && (each.order?.untilMs ?? nowMs + 1) > nowMs)
        .map((each) => each!),
    );
    const { verdicts, loads } = await this.#read("verdicts.json");
    const reported = entriesOf(loads).map(([key, load]) => parseMemberLoad(key, load));
    this.#board.takeLoads(reported.filter((each) => each !== undefined));
    const saved = new Map<string, SavedVerdict>();
    for (const [endpoint, value] of entriesOf(verdicts)) {
      const verdict = parseVerdict(value);
      if (verdict !== undefined) saved.set(endpoint, verdict);
    }
    this.#verdicts = saved;
  }

  /** Nothing where there is no such file, or none that can be read. */
  async #read(name: string): Promise<Record<string, unknown>> {
    if (this.#dataDir === null) return {};
    const path = join(this.#dataDir, name);
    try {
      const value = parseJson(await readFile(path, "utf8"));
      if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
      this.#log.warn({ path }, "the file is damaged and counts as empty");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        this.#log.warn({ path, err: error }, "the file cannot be read and counts as empty");
      }
    }
    return {};
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
