/**
 * The notation of docs/health.md: opinions, and what happens to the members of a pool, in words.
 *
 * @module
 */
import { type MemberRules, PoolHealth, type PoolRules } from "../../src/health/effective.ts";
import { HealthFold } from "../../src/health/health-fold.ts";
import type { AgentReport, Opinion, OpinionState } from "../../src/health/opinion.ts";
import type { Quorum, RegionView, Verdict } from "../../src/health/verdict.ts";
import { verdictWithout } from "../../src/health/verdict.ts";

/** When every table begins. */
export const START_MS = Date.UTC(2026, 0, 1);

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export function msOf(text: string): number {
  const [, number, unit] = /^([0-9.]+)(ms|s|m|h)$/.exec(text)!;
  return Math.round(Number(number) * UNITS[unit!]!);
}

/** An opinion of a prober on `web 192.0.2.10`, up at START_MS, with what is said here. */
export function opinionWith(said: Partial<Opinion>): Opinion {
  return {
    endpoint: "web 192.0.2.10",
    prober: said.region ?? "us-east",
    region: "us-east",
    epoch: START_MS - 1000,
    sequence: 1,
    state: "up",
    sinceMs: START_MS,
    checkedMs: START_MS,
    firstFailureMs: said.state === "down" ? START_MS : null,
    failures: said.state === "down" ? 3 : 0,
    reason: said.state === "down" ? "refused" : "",
    responseMs: said.state === "down" ? null : 12,
    agent: null,
    daysToExpiry: null,
    ...said,
  };
}

interface Said {
  readonly state: OpinionState;
  readonly reason: string;
  readonly sinceMs: number;
}

/** Probers that check all of their endpoints at each row of a table. */
export class Fleet {
  readonly fold: HealthFold;
  readonly #endpoints: string[];
  /** By prober, then by endpoint. */
  readonly #said = new Map<string, Map<string, Said>>();
  readonly #epochs = new Map<string, number>();
  #sequence = 0;

  constructor(rules: ReadonlyMap<string, string>) {
    const quorum = rules.get("quorum") ?? "majority";
    const monitor = {
      intervalMs: msOf(rules.get("interval") ?? "10s"),
      timeoutMs: msOf(rules.get("timeout") ?? "5s"),
      quorum: (/^[0-9]+$/.test(quorum) ? Number(quorum) : quorum) as Quorum,
    };
    this.fold = new HealthFold(() => monitor);
    const count = Number(rules.get("endpoints") ?? 1);
    this.#endpoints = Array.from({ length: count }, (_, i) => `web 192.0.2.${10 + i}`);
  }

  /** `us-east down HTTP 503; eu-west all up; ap-south silent`. */
  step(text: string, nowMs: number): Verdict {
    for (const item of text.split(";").map((part) => part.trim())) if (item !== "") this.#hear(item, nowMs);
    for (const [prober, said] of this.#said) {
      for (const [endpoint, what] of said) this.#take(prober, endpoint, what, nowMs);
    }
    return this.fold.verdictOf(this.#endpoints[0]!, nowMs);
  }

  #hear(item: string, nowMs: number): void {
    const last = /^last known (up|down) ?(.*)$/.exec(item);
    if (last !== null) {
      const state = last[1] as OpinionState;
      this.fold.remember(this.#endpoints[0]!, {
        state,
        reason: last[2]!,
        sinceMs: nowMs - 9000,
        atMs: nowMs - 5000,
      });
      return;
    }
    const [, prober, all, verb, reason] = /^(\S+) (all )?(up|down|silent|leaves|restarts) ?(.*)$/.exec(item)!;
    const known = this.#said.get(prober!);
    if (verb === "silent" || verb === "leaves" || verb === "restarts") {
      this.#said.delete(prober!);
      if (verb === "leaves") this.fold.forgetProber(prober!);
      if (verb === "restarts") {
        this.#epochs.set(prober!, nowMs);
        this.#take(prober!, this.#endpoints[0]!, { state: "unknown", reason: "", sinceMs: nowMs }, nowMs);
      }
      return;
    }
    const said: Said = { state: verb as OpinionState, reason: reason!, sinceMs: nowMs };
    const up: Said = { state: "up", reason: "", sinceMs: nowMs };
    const whole = known ?? new Map(this.#endpoints.map((endpoint) => [endpoint, up]));
    this.#said.set(prober!, whole);
    for (const endpoint of all === undefined ? this.#endpoints.slice(0, 1) : this.#endpoints)
      whole.set(endpoint, said);
  }

  #take(prober: string, endpoint: string, { state, reason, sinceMs }: Said, nowMs: number): void {
    const head = { endpoint, prober, region: prober.split("/")[0]!, sequence: ++this.#sequence };
    const epoch = this.#epochs.get(prober) ?? START_MS - 1000;
    const firstFailureMs = state === "down" ? sinceMs - 2000 : null;
    const rest = { state, reason, sinceMs, checkedMs: nowMs, firstFailureMs };
    this.fold.take(opinionWith({ ...head, ...rest, epoch }), nowMs);
  }
}

const NOTHING = verdictWithout([], undefined);

/** A verdict with what is said here. */
export function verdictWith(said: Partial<Verdict>): Verdict {
  return { ...NOTHING, countsAs: said.state === "down" ? "down" : "up", ...said };
}

/** One pool whose verdicts are made by hand. */
export class PoolTable {
  #pool: PoolHealth;
  readonly #rules: PoolRules;
  readonly #region: string | null;
  #members: MemberRules[];
  readonly #verdicts = new Map<string, Verdict>();

  constructor(rules: ReadonlyMap<string, string>) {
    const maxOut = rules.get("max-out");
    this.#rules = {
      minUp: Number(rules.get("min-up") ?? 1),
      warmUpMs: msOf(rules.get("warm-up") ?? "0s"),
      maxOut:
        maxOut === undefined
          ? null
          : maxOut.endsWith("%")
            ? { percent: Number.parseInt(maxOut, 10) }
            : Number(maxOut),
      healthView: rules.get("health-view") === "region" ? "region" : "quorum",
      observe: rules.get("observe") === "true",
    };
    this.#region = rules.get("region") ?? null;
    const isBoth = rules.get("addresses") === "both";
    this.#members = rules
      .get("members")!
      .split(" ")
      .map((name) => ({ name, enabled: true, ipv4: `web ${name}.4`, ipv6: isBoth ? `web ${name}.6` : null }));
    this.#pool = new PoolHealth(this.#rules, this.#members, this.#region);
  }

  /** `a down; b agent 50%; order c drain`. Answers who is in, what is said of members, and the alarms. */
  step(text: string, nowMs: number): { in: string; says: string; alarms: string } {
    for (const item of text.split(";").map((part) => part.trim())) if (item !== "") this.#apply(item, nowMs);
    const { members, alarms } = this.#pool.effect(nowMs);
    return {
      in: members
        .filter((member) => member.isUp)
        .map(({ name, ipv4, ipv6, weightPart }) => {
          const family = ipv4 === false ? " IPv6" : ipv6 === false ? " IPv4" : "";
          const percent = Number((100 * weightPart).toFixed(2));
          return `${name}${family}${percent === 100 ? "" : ` ${percent}%`}`;
        })
        .join(", "),
      says: members
        .filter(({ notes }) => notes.length > 0)
        .map(({ name, notes }) => `${name}: ${notes.join(", ")}`)
        .join("; "),
      alarms: alarms.join("; "),
    };
  }

  #apply(item: string, nowMs: number): void {
    const order = /^order (\S+) (up|down|drain|none)(?: for (\S+))?$/.exec(item);
    if (order !== null) {
      const untilMs = order[3] === undefined ? null : nowMs + msOf(order[3]);
      const kind = order[2] as "up" | "down" | "drain" | "none";
      this.#pool.order(order[1]!, kind === "none" ? null : { kind, untilMs });
      return;
    }
    const disabled = /^disable (\S+)$/.exec(item);
    if (disabled !== null) {
      this.#members = this.#members.map((one) =>
        one.name === disabled[1] ? { ...one, enabled: false } : one,
      );
      const pool = new PoolHealth(this.#rules, this.#members, this.#region);
      pool.adopt(this.#pool);
      this.#pool = pool;
      return;
    }
    const agent = /^(\S+) agent (?:(ready|drain|maint) ?)?(?:([0-9]+)%)?$/.exec(item);
    if (agent !== null) {
      const report: AgentReport = {
        state: (agent[2] as AgentReport["state"]) ?? null,
        weightPercent: agent[3] === undefined ? null : Number(agent[3]),
      };
      this.#see(agent[1]!, null, { agent: report }, nowMs);
      return;
    }
    const [, name, state, own, region, family] =
      /^(\S+) (up|down|unknown)(?: but (up|down|unknown) in (\S+))?(?: in (IPv[46]))?$/.exec(item)!;
    const views = region === undefined ? [] : [viewWith(region, own as OpinionState, nowMs)];
    const said = { state: state as OpinionState, sinceMs: nowMs, regions: views };
    this.#see(name!, family === undefined ? null : family === "IPv4" ? "4" : "6", said, nowMs);
  }

  #see(name: string, family: "4" | "6" | null, said: Partial<Verdict>, nowMs: number): void {
    for (const one of ["4", "6"]) {
      if (family !== null && family !== one) continue;
      const endpoint = `web ${name}.${one}`;
      const verdict = { ...(this.#verdicts.get(endpoint) ?? NOTHING), ...said };
      this.#verdicts.set(endpoint, verdict);
      this.#pool.see(endpoint, verdict, nowMs);
    }
  }
}

function viewWith(region: string, state: OpinionState, sinceMs: number): RegionView {
  const none = {
    firstFailureMs: null,
    reason: "",
    responseMs: null,
    probers: 1,
    down: 0,
    suspects: 0,
    silent: 0,
  };
  return { region, state, sinceMs, ...none };
}
