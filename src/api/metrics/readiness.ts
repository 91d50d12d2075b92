/**
 * Whether this node is ready to be asked, and what it is at. Ready while it answers, from whatever it knew last: a store
 * that is away or data that are old make answers older, not worse than none, and a node that is taken out of service for that
 * takes its neighbours with it. So those are told as warnings, beside status 200.
 *
 * @module
 */
import { basename } from "node:path";
import { defaultPlaceFile } from "../../geo/place-data.ts";
import type { OpinionState } from "../../health/opinion.ts";
import { count } from "../../lib/count.ts";
import type { HealthFace } from "../../sync/health/health-face.ts";
import type { NodeFace } from "../node-face.ts";

const DAY_S = 86_400;
/** As the log has it: by then two monthly issues were missed. */
const PLACE_DATA_OLD_DAYS = 60;

export interface Readiness {
  readonly status: "ready" | "not-ready";
  readonly node: string;
  readonly version: string;
  readonly generation: number;
  /** The generation of the main thread; above `generation` while threads take it. */
  readonly newest: number;
  readonly zones: number;
  readonly pools: number;
  readonly uptimeSeconds: number;
  readonly store: { readonly kind: string; readonly up: boolean; readonly ageSeconds: number };
  readonly placeData: readonly { readonly file: string; readonly ageSeconds: number }[];
  /** Numbers alone: whoever asks has no token. Left out where nothing is known of health. */
  readonly health?: HealthReadiness;
  /** Sentences without a full stop; none when all is well. */
  readonly warnings: readonly string[];
}

export interface HealthReadiness {
  readonly endpoints: Readonly<Record<OpinionState, number>>;
  readonly probers: number;
  /** Since the newest check; null = none was heard of. */
  readonly ageSeconds: number | null;
  /** Since others cannot be reached; null = they can. */
  readonly awaySeconds: number | null;
  readonly incidentsOpen: number;
  readonly alarms: number;
}

export function healthReadinessOf(health: HealthFace, sharedNowMs: number): HealthReadiness {
  const { ageMs, awaySinceMs } = health;
  const open = health.incidents(Number.POSITIVE_INFINITY).filter(({ closedMs }) => closedMs === null);
  return {
    endpoints: health.counts(),
    probers: health.probers().length,
    ageSeconds: ageMs === null ? null : Math.round(ageMs / 1000),
    awaySeconds: awaySinceMs === null ? null : Math.max(0, Math.round((sharedNowMs - awaySinceMs) / 1000)),
    incidentsOpen: open.length,
    alarms: health.alarms().length,
  };
}

export function readinessOf(
  { id, version, startedMs, isAnswering, plane, store }: NodeFace,
  nowMs: number,
  health?: HealthReadiness,
): Readiness {
  const { snapshot, generation } = plane;
  const ageS = (ms: number) => Math.max(0, Math.round((nowMs - ms) / 1000));
  const placeData = (snapshot.clientTables.places?.sources ?? []).map(({ file, builtMs }) => {
    return { file: basename(file), ageSeconds: ageS(builtMs) };
  });
  // Those that come with the program are as old as it is, and what to do about it is another thing.
  const own = basename(defaultPlaceFile());
  const old = placeData.filter(
    ({ file, ageSeconds }) => file !== own && ageSeconds > PLACE_DATA_OLD_DAYS * DAY_S,
  );
  return {
    status: isAnswering ? "ready" : "not-ready",
    node: id,
    version,
    generation,
    newest: snapshot.generation,
    zones: snapshot.zones.length,
    pools: snapshot.pools.size,
    uptimeSeconds: ageS(startedMs),
    store: { kind: store.kind, up: store.isUp, ageSeconds: ageS(store.seenMs) },
    placeData,
    ...(health && { health }),
    warnings: [
      ...(isAnswering ? [] : ["this node is starting or stopping"]),
      ...(store.isUp
        ? []
        : [
            `the store cannot be asked: answers are as of ${ageS(store.seenMs)} s ago, and edits are refused`,
          ]),
      ...(health === undefined ? [] : healthWarnings(health, nowMs - startedMs)),
      ...old.map(
        ({ file, ageSeconds }) => `place data ${file} is ${Math.round(ageSeconds / DAY_S)} days old`,
      ),
    ],
  };
}

/** A prober says its first word within seconds. */
const PROBERS_WITHIN_MS = 15_000;

/** Without names: GET /v1/health has those. */
function healthWarnings(health: HealthReadiness, runningMs: number): string[] {
  const { endpoints, probers, ageSeconds, awaySeconds, alarms } = health;
  const total = endpoints.up + endpoints.down + endpoints.unknown;
  const isBeginning = runningMs <= PROBERS_WITHIN_MS;
  const isUnheard = total > 0 && probers === 0 && !isBeginning;
  const asOf = ageSeconds === null ? "none was ever checked" : `verdicts are as of ${ageSeconds} s ago`;
  return [
    ...(awaySeconds === null
      ? []
      : [`probers and other nodes cannot be reached for ${awaySeconds} s: verdicts stand as they were`]),
    ...(isUnheard ? [`no prober is heard, and ${count(total, "endpoint")} should be checked: ${asOf}`] : []),
    // Where nobody is heard, that is the alarm.
    ...(alarms === 0 || isUnheard || isBeginning
      ? []
      : [`${count(alarms, "alarm")} of health; GET /v1/health says what`]),
  ];
}
