/**
 * All opinions of all probers, and the verdicts that follow from them.
 *
 *   take(opinion) ─► latest of each prober on each endpoint ─► verdictOf(endpoint)
 *                         └─► what each prober sees ─► suspects
 *
 * The verdicts are a function of the set of the latest opinions and of the documents: take them in any order, twice, or late, and
 * the verdicts are the same. So all nodes agree without asking each other.
 *
 * The clock by which opinions expire is the newest check of the endpoint, not ours. An opinion that is older than that by its
 * lifetime does not count any more. Where nobody checks any more (all probers gone, Redis away), no clock runs on: the
 * verdict stands as it last was, and says that it is stale. It cannot crumble while opinions run out one after the other.
 *
 * One opinion costs one pass over the probers of that endpoint, or nothing of that where it only confirms what was known. Lives as long as the process.
 *
 * @module
 */
import { endpointParts, isLater, type Opinion, type OpinionBody } from "./opinion.ts";
import { judge, makeSights, type Sights } from "./suspicion.ts";
import {
  compareTexts,
  type LastVerdict,
  lifetimeMs,
  type MonitorRules,
  type Verdict,
  type Voice,
  verdictOf,
  verdictWithout,
} from "./verdict.ts";

/** For an endpoint whose monitor is not in the documents, or not yet: as a monitor with no key but its type. */
const UNKNOWN_MONITOR: MonitorRules = { intervalMs: 10_000, timeoutMs: 5000, quorum: "majority" };

/** So long may a prober that is being replaced go on beside the one that takes its name. */
const OVERLAP_MS = 60_000;

/** So many that have gone are known by name, so that what they said does not count when it comes late. */
const GONE_MAX = 1000;

/** What is known of one prober, for people. */
export interface ProberSight {
  readonly name: string;
  readonly region: string;
  readonly epoch: number;
  /** The newest check that was heard of. */
  readonly checkedMs: number;
  /** Endpoints on which it has an opinion that has not expired, and how many of them it sees down. */
  readonly seen: number;
  readonly down: number;
  /** Families of which it is not believed. */
  readonly suspect: readonly (4 | 6)[];
  /** Another process uses its name: opinions of an earlier start keep coming. */
  readonly isDouble: boolean;
}

interface Prober {
  readonly name: string;
  region: string;
  epoch: number;
  checkedMs: number;
  isGone: boolean;
  /** Of the newest opinion that another process with this name gave. */
  doubleMs: number;
  readonly sights: Sights;
  /** As judge() says. */
  suspect: number;
  /** Endpoints on which an opinion of it is kept. */
  kept: number;
}

/** Bits: what an opinion adds to the sight of its prober. */
const SEEN = 1;
const DOWN = 2;
const ALONE = 4;

/**
 * One prober's latest opinion on one endpoint, changed in place. An opinion of "unknown" does not take the place of one that
 * says something: it only makes it one of the past, which stands where nobody knows better.
 */
class Held implements OpinionBody {
  readonly prober: Prober;
  region = "";
  /** −1 = there was none but "unknown". */
  epoch = -1;
  sequence = -1;
  /** Of the latest opinion of "unknown". */
  unknownEpoch = -1;
  unknownSequence = -1;
  state: Opinion["state"] = "unknown";
  sinceMs = 0;
  /** As it says. Two with one head are told apart by it. */
  checkedMs = 0;
  /** The same, and not after it was heard of. This is what counts. */
  atMs = 0;
  firstFailureMs: number | null = null;
  failures = 0;
  reason = "";
  responseMs: number | null = null;
  agent: Opinion["agent"] = null;
  daysToExpiry: number | null = null;
  /** SEEN, DOWN and ALONE; 0 when it is not of now. */
  adds = 0;
  /** Scratch: what its region says; 0 nothing, 1 up, 2 down. */
  regionSays = 0;

  constructor(prober: Prober) {
    this.prober = prober;
  }

  isNews(opinion: Opinion): boolean {
    if (opinion.state !== "unknown") return isLater(opinion, this);
    return (
      opinion.epoch > this.unknownEpoch ||
      (opinion.epoch === this.unknownEpoch && opinion.sequence > this.unknownSequence)
    );
  }

  write(opinion: Opinion, atMs: number): void {
    if (opinion.state === "unknown") {
      this.unknownEpoch = opinion.epoch;
      this.unknownSequence = opinion.sequence;
      if (this.state === "unknown") this.region = opinion.region;
      return;
    }
    this.region = opinion.region === this.prober.region ? this.prober.region : opinion.region;
    this.epoch = opinion.epoch;
    this.sequence = opinion.sequence;
    this.state = opinion.state;
    this.sinceMs = opinion.sinceMs;
    this.checkedMs = opinion.checkedMs;
    this.atMs = atMs;
    this.firstFailureMs = opinion.firstFailureMs;
    this.failures = opinion.failures;
    this.reason = opinion.reason;
    this.responseMs = opinion.responseMs;
    this.agent = opinion.agent;
    this.daysToExpiry = opinion.daysToExpiry;
  }

  /** Of the prober as it runs now, and not of one that has gone, has started again since, or does not know any more. */
  isCurrent(): boolean {
    const { epoch, sequence, unknownEpoch, unknownSequence, prober } = this;
    if (epoch !== prober.epoch || prober.isGone) return false;
    return unknownEpoch < epoch || (unknownEpoch === epoch && unknownSequence <= sequence);
  }
}

interface Endpoint {
  readonly key: string;
  /** Index in Sights. */
  readonly family: 0 | 1;
  /** In the order of regions, then of probers. */
  readonly held: Held[];
  /** While no check is newer than this, no opinion that counts expires. */
  calmUntilMs: number;
  last: LastVerdict | undefined;
}

export class HealthFold {
  readonly #rulesOf: (monitor: string) => MonitorRules | undefined;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #probers = new Map<string, Prober>();
  readonly #changed = new Set<string>();
  #heardUntilMs = Number.POSITIVE_INFINITY;
  /** Probers that became suspect, or ceased to be, since changes were asked for. */
  readonly #turned = new Set<Prober>();

  /** `rulesOf` is asked often. When it begins to answer differently, call refold(). */
  constructor(rulesOf: (monitor: string) => MonitorRules | undefined) {
    this.#rulesOf = rulesOf;
  }

  /**
   * Others are not heard since then; Infinity = they are. Who is not heard may have checked all the same, so checks after this moment make
   * nobody's opinion expire.
   */
  hearUntil(heardUntilMs: number): void {
    this.#heardUntilMs = heardUntilMs;
  }

  /** Takes in one opinion. False when it is not news: a later one, or this very one, is known. */
  take(opinion: Opinion, nowMs: number): boolean {
    const endpoint = this.#endpointOf(opinion.endpoint);
    const prober = this.#proberOf(opinion);
    const known = endpoint.held.find((held) => held.prober === prober);
    // Nothing is checked after it is heard of: a clock that is ahead must not make the others look old.
    const checkedMs = Math.min(opinion.checkedMs, nowMs);
    if (opinion.epoch < prober.epoch && checkedMs > prober.epoch + OVERLAP_MS) {
      prober.doubleMs = Math.max(prober.doubleMs, checkedMs);
    }
    const isNewest = checkedMs > prober.checkedMs;
    if (isNewest) prober.checkedMs = checkedMs;
    if (known !== undefined && !known.isNews(opinion)) return false;
    this.#meet(prober, opinion, isNewest);
    const held = known ?? new Held(prober);
    const isCalm =
      known !== undefined &&
      known.adds !== 0 &&
      known.atMs <= checkedMs &&
      known.state === opinion.state &&
      known.epoch === opinion.epoch &&
      known.region === opinion.region &&
      known.reason === opinion.reason &&
      known.agent?.weightPercent === opinion.agent?.weightPercent &&
      known.agent?.state === opinion.agent?.state;
    held.write(opinion, checkedMs);
    if (isCalm && held.atMs <= endpoint.calmUntilMs) return true;
    if (known === undefined) {
      endpoint.held.push(held);
      prober.kept++;
    }
    if (known === undefined || !isCalm) endpoint.held.sort(compareHeld);
    // A recount may find that opinions of others have expired.
    this.#recount(endpoint);
    this.#changed.add(endpoint.key);
    return true;
  }

  /** A prober said goodbye, or its heartbeat is over. Where nobody else sees an endpoint, what it last saw stands, as stale. */
  forgetProber(name: string): void {
    const prober = this.#probers.get(name);
    if (prober === undefined || prober.isGone) return;
    prober.isGone = true;
    this.#recountAllOf(prober);
    const gone = [...this.#probers.values()].filter((one) => one.isGone && one.kept === 0);
    for (const { name: oldest } of gone.slice(0, -GONE_MAX)) this.#probers.delete(oldest);
  }

  /** A verdict from before this process began. It stands until somebody has an opinion. */
  remember(endpoint: string, last: LastVerdict): void {
    this.#endpointOf(endpoint).last = last;
    this.#changed.add(endpoint);
  }

  /** Never fails: of an endpoint of which nobody has heard, the verdict is "unknown". */
  verdictOf(key: string, nowMs: number): Verdict {
    const endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) return verdictWithout([], undefined);
    const rules = this.#rules(key);
    const lifetime = lifetimeMs(rules);
    const isSuspect = (held: Held) => (held.prober.suspect & (endpoint.family + 1)) !== 0;
    let voices = endpoint.held.map((held) => voiceOf(held, isSuspect(held), held.adds !== 0));
    let counting = voices.filter((voice) => voice.credit === "counts");
    if (counting.length > 0) {
      const newest = Math.max(...counting.map((voice) => voice.checkedMs));
      return verdictOf(voices, rules.quorum, nowMs - newest > lifetime);
    }
    // Nobody of now counts. The last that were believed stand, as they were when the last of them looked.
    const believed = endpoint.held.filter((held) => held.state !== "unknown" && !isSuspect(held));
    const newest = Math.max(...believed.map((held) => held.atMs));
    voices = endpoint.held.map((held) => {
      const counts = held.state !== "unknown" && held.atMs >= newest - lifetime;
      return voiceOf(held, isSuspect(held), counts);
    });
    counting = voices.filter((voice) => voice.credit === "counts");
    return counting.length > 0
      ? verdictOf(voices, rules.quorum, true)
      : verdictWithout(voices, endpoint.last);
  }

  /** Endpoints whose verdict may be another one than when this was last called. */
  drainChanges(): string[] {
    if (this.#turned.size > 0) {
      for (const { key, held } of this.#endpoints.values()) {
        if (held.some(({ prober }) => this.#turned.has(prober))) this.#changed.add(key);
      }
      this.#turned.clear();
    }
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** Documents changed: works everything out again, and drops endpoints that are not wanted any more. */
  refold(isWanted: (endpoint: string) => boolean): void {
    this.prune(isWanted);
    for (const endpoint of this.#endpoints.values()) {
      this.#recount(endpoint);
      this.#changed.add(endpoint.key);
    }
  }

  /** Drops endpoints that are not wanted any more, and leaves the others as they are. */
  prune(isWanted: (endpoint: string) => boolean): void {
    for (const endpoint of this.#endpoints.values()) {
      if (isWanted(endpoint.key)) continue;
      for (const held of endpoint.held) this.#drop(held, endpoint.family);
      this.#endpoints.delete(endpoint.key);
      this.#changed.delete(endpoint.key);
    }
  }

  /** Those that have not gone, by name. */
  probers(): ProberSight[] {
    return [...this.#probers.values()]
      .filter((prober) => !prober.isGone)
      .sort((a, b) => compareTexts(a.name, b.name))
      .map(({ name, region, epoch, checkedMs, sights: [ipv4, ipv6], suspect, doubleMs }) => ({
        name,
        region,
        epoch,
        checkedMs,
        seen: ipv4.seen + ipv6.seen,
        down: ipv4.down + ipv6.down,
        suspect: ([4, 6] as const).filter((_, index) => (suspect & (index + 1)) !== 0),
        isDouble: doubleMs > 0 && checkedMs - doubleMs < OVERLAP_MS,
      }));
  }

  #endpointOf(key: string): Endpoint {
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      const family = endpointParts(key).address.includes(":") ? 1 : 0;
      endpoint = { key, family, held: [], calmUntilMs: 0, last: undefined };
      this.#endpoints.set(key, endpoint);
    }
    return endpoint;
  }

  #proberOf({ prober: name, region, epoch }: Opinion): Prober {
    let prober = this.#probers.get(name);
    if (prober === undefined) {
      const times = { epoch, checkedMs: 0, doubleMs: 0 };
      prober = { name, region, ...times, isGone: false, sights: makeSights(), suspect: 0, kept: 0 };
      this.#probers.set(name, prober);
    }
    return prober;
  }

  /** A later start replaces all opinions of an earlier one. Who had gone and checks again is back. */
  #meet(prober: Prober, opinion: Opinion, isNewest: boolean): void {
    const isBack = prober.isGone && isNewest;
    const isRestart = opinion.epoch > prober.epoch;
    if (opinion.epoch >= prober.epoch) prober.region = opinion.region;
    if (isRestart) prober.epoch = opinion.epoch;
    if (isBack) prober.isGone = false;
    if ((isRestart || isBack) && prober.kept > 0) this.#recountAllOf(prober);
  }

  /** Goes through all endpoints, some 10 ms for 100,000: a start and an end of a prober are rare. */
  #recountAllOf(prober: Prober): void {
    for (const endpoint of this.#endpoints.values()) {
      if (!endpoint.held.some((held) => held.prober === prober)) continue;
      this.#recount(endpoint);
      this.#changed.add(endpoint.key);
    }
  }

  /** Works out which opinions are of now, and brings what the probers see up to date. */
  #recount(endpoint: Endpoint): void {
    const lifetime = lifetimeMs(this.#rules(endpoint.key));
    const { held } = endpoint;
    let newest = Number.NEGATIVE_INFINITY;
    for (const one of held) {
      if (one.state !== "unknown" && one.isCurrent()) newest = Math.max(newest, one.atMs);
    }
    newest = Math.min(newest, this.#heardUntilMs);
    let oldest = Number.POSITIVE_INFINITY;
    let regionsUp = 0;
    let regionsDown = 0;
    for (let begin = 0; begin < held.length; ) {
      const { region } = held[begin]!;
      let end = begin;
      let seen = 0;
      let down = 0;
      for (; end < held.length && held[end]!.region === region; end++) {
        const one = held[end]!;
        one.regionSays = isOfNow(one, newest - lifetime) ? SEEN : 0;
        if (one.regionSays === 0) continue;
        oldest = Math.min(oldest, one.atMs);
        seen++;
        down += Number(one.state === "down");
      }
      const says = seen === 0 ? 0 : 2 * down > seen ? 2 : 1;
      regionsUp += Number(says === 1);
      regionsDown += Number(says === 2);
      for (let at = begin; at < end; at++) held[at]!.regionSays *= says;
      begin = end;
    }
    endpoint.calmUntilMs = oldest + lifetime;
    for (const one of held) {
      const up = regionsUp - Number(one.regionSays === 1);
      const down = regionsDown - Number(one.regionSays === 2);
      this.#add(one, endpoint.family, addsOf(one, up > down));
    }
    // What those that have gone saw is only worth keeping where nobody else sees anything.
    if (regionsUp + regionsDown > 0 && held.some((one) => one.prober.isGone)) this.#dropGone(endpoint);
  }

  #dropGone({ held, family }: Endpoint): void {
    for (let at = held.length - 1; at >= 0; at--) {
      const one = held[at]!;
      if (!one.prober.isGone) continue;
      held.splice(at, 1);
      this.#drop(one, family);
    }
  }

  #drop(held: Held, family: 0 | 1): void {
    this.#add(held, family, 0);
    held.prober.kept--;
  }

  /** Changes what one opinion adds to the sight of its prober. */
  #add(held: Held, family: 0 | 1, adds: number): void {
    const { prober, adds: before } = held;
    if (before === adds) return;
    const sight = prober.sights[family];
    sight.seen += (adds & SEEN) - (before & SEEN);
    sight.down += ((adds & DOWN) - (before & DOWN)) / DOWN;
    sight.alone += ((adds & ALONE) - (before & ALONE)) / ALONE;
    held.adds = adds;
    const suspect = judge(prober.sights);
    if (suspect !== prober.suspect) this.#turned.add(prober);
    prober.suspect = suspect;
  }

  #rules(key: string): MonitorRules {
    return this.#rulesOf(endpointParts(key).monitor) ?? UNKNOWN_MONITOR;
  }
}

function compareHeld(a: Held, b: Held): number {
  return compareTexts(a.region, b.region) || compareTexts(a.prober.name, b.prober.name);
}

function isOfNow(held: Held, sinceMs: number): boolean {
  return held.state !== "unknown" && held.atMs >= sinceMs && held.isCurrent();
}

function addsOf({ regionSays, state }: Held, othersSeeItUp: boolean): number {
  if (regionSays === 0) return 0;
  if (state === "up") return SEEN;
  return othersSeeItUp ? SEEN | DOWN | ALONE : SEEN | DOWN;
}

/** An opinion that says "unknown" neither counts nor is silent; it is no voice, and viewRegion() knows that. */
function voiceOf(held: Held, isSuspect: boolean, counts: boolean): Voice {
  const { region, epoch, sequence, state, sinceMs, atMs: checkedMs, firstFailureMs, failures } = held;
  const { reason, responseMs, agent, daysToExpiry } = held;
  const said = { reason, responseMs, agent, daysToExpiry };
  const credit = state !== "unknown" && isSuspect ? "suspect" : counts ? "counts" : "silent";
  return { region, epoch, sequence, state, sinceMs, checkedMs, firstFailureMs, failures, ...said, credit };
}
