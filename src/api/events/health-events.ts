/**
 * Tells of health as it changes: `health` (verdicts, members that went in or out, alarms) and `incident`. What comes within a tenth
 * of a second is one event, and of very much at once the first is told and the rest is counted: who shows all reads it anew then.
 *
 * @module
 */
import type { OpinionState } from "../../health/opinion.ts";
import { documentKey } from "../../store/document-key.ts";
import type { HealthChange, HealthFace } from "../../sync/health/health-face.ts";
import { summarizeIncident, timeOf } from "../live/show.ts";
import { type Grant, mayTouch } from "../tokens.ts";
import type { EventRing } from "./event-ring.ts";

const TELL_INTERVAL_MS = 100;
/** Of each kind in one event; some 20 KB. */
const TOLD_MAX = 50;

export interface VerdictNews {
  readonly endpoint: string;
  readonly pools: readonly string[];
  readonly before: OpinionState;
  readonly state: OpinionState;
  readonly stale: boolean;
  readonly reason: string;
  readonly since: string | null;
  readonly at: string | null;
}

export interface MemberNews {
  readonly pool: string;
  readonly member: string;
  readonly up: boolean;
  /** Null where it has no address of the family. */
  readonly ipv4: boolean | null;
  readonly ipv6: boolean | null;
  readonly weightPart: number;
  readonly notes: readonly string[];
  readonly at: string | null;
}

export interface HealthEvent {
  readonly verdicts: readonly VerdictNews[];
  readonly members: readonly MemberNews[];
  /** All that there are now; left out where they are as they were. */
  readonly alarms?: readonly string[];
  /** Verdicts and members that changed as well. */
  readonly left: number;
}

export interface IncidentNews extends ReturnType<typeof summarizeIncident> {
  readonly change: "opened" | "closed";
  readonly pools: readonly string[];
}

export interface IncidentEvent {
  readonly incidents: readonly IncidentNews[];
  readonly left: number;
}

export class HealthEvents {
  readonly #ring: EventRing;
  readonly #health: Pick<HealthFace, "endpoint" | "onChange">;
  #verdicts: VerdictNews[] = [];
  #members: MemberNews[] = [];
  #alarms: readonly string[] | undefined;
  #left = 0;
  #incidents: IncidentNews[] = [];
  #incidentsLeft = 0;
  #timer: NodeJS.Timeout | undefined;
  #end = () => {};
  /** Since the process began. */
  incidentsOpened = 0;

  constructor(ring: EventRing, health: Pick<HealthFace, "endpoint" | "onChange">) {
    this.#ring = ring;
    this.#health = health;
  }

  start(): void {
    this.#end = this.#health.onChange((changes) => {
      for (const change of changes) this.#take(change);
      this.#timer ??= setTimeout(() => this.tell(), TELL_INTERVAL_MS).unref();
    });
  }

  stop(): void {
    this.#end();
    clearTimeout(this.#timer);
  }

  /** What is not told yet. */
  tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [verdicts, members, alarms, incidents] = [
      this.#verdicts,
      this.#members,
      this.#alarms,
      this.#incidents,
    ];
    if (verdicts.length > 0 || members.length > 0 || alarms !== undefined) {
      const event: HealthEvent = { verdicts, members, ...(alarms && { alarms }), left: this.#left };
      this.#ring.publish("health", event);
    }
    if (incidents.length > 0) {
      const event: IncidentEvent = { incidents, left: this.#incidentsLeft };
      this.#ring.publish("incident", event);
    }
    this.#verdicts = [];
    this.#members = [];
    this.#alarms = undefined;
    this.#left = 0;
    this.#incidents = [];
    this.#incidentsLeft = 0;
  }

  #take(change: HealthChange): void {
    switch (change.kind) {
      case "verdict": {
        if (this.#verdicts.length >= TOLD_MAX) {
          this.#left++;
          return;
        }
        const { endpoint, before, verdict, atMs } = change;
        const { state, stale, reason, sinceMs } = verdict;
        const pools = this.#poolsOf(endpoint);
        const times = { since: timeOf(sinceMs), at: timeOf(atMs) };
        this.#verdicts.push({ endpoint, pools, before, state, stale, reason, ...times });
        return;
      }
      case "member": {
        if (this.#members.length >= TOLD_MAX) {
          this.#left++;
          return;
        }
        const { pool, member, atMs } = change;
        const { name, isUp, ...rest } = member;
        this.#members.push({ pool, member: name, up: isUp, ...rest, at: timeOf(atMs) });
        return;
      }
      case "alarms":
        this.#alarms = change.alarms;
        return;
      case "incident": {
        if (change.change === "opened") this.incidentsOpened++;
        if (this.#incidents.length >= TOLD_MAX) {
          this.#incidentsLeft++;
          return;
        }
        const pools = this.#poolsOf(change.incident.endpoint);
        this.#incidents.push({ change: change.change, ...summarizeIncident(change.incident), pools });
      }
    }
  }

  /** None of an endpoint that is in no document any more. */
  #poolsOf(endpoint: string): string[] {
    return [...new Set(this.#health.endpoint(endpoint)?.members.map(({ pool }) => pool))];
  }
}

/** As much of a `health` event as a token for some pools may know. */
export function healthFor({ verdicts, members }: HealthEvent, grant: Grant): object {
  const own = { verdicts: ownOf(verdicts, grant), members: members.filter(({ pool }) => isOwn(pool, grant)) };
  // Neither alarms nor counts: they speak of all pools.
  return own.verdicts.length === 0 && own.members.length === 0 ? {} : own;
}

export function incidentsFor({ incidents }: IncidentEvent, grant: Grant): object {
  const own = ownOf(incidents, grant);
  return own.length === 0 ? {} : { incidents: own };
}

function ownOf<Of extends { readonly pools: readonly string[] }>(news: readonly Of[], grant: Grant): Of[] {
  return news.flatMap((each) => {
    const pools = each.pools.filter((pool) => isOwn(pool, grant));
    return pools.length === 0 ? [] : [{ ...each, pools }];
  });
}

function isOwn(pool: string, grant: Grant): boolean {
  return mayTouch(grant, documentKey("pools", pool));
}
