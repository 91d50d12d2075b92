/**
 * What is known of one client network and one region, in 32 bits, so that a reader never sees half of a change:
 *
 *   31          18 17      12 11     7 6       0
 *   │ rtt      14 │ deviation │ count  │ stamp   │     0 = never measured
 *
 *   rtt        1/16 ms up to 512 ms, coarser above (1/8, from 1 s on 1/4), at most 2047.75 ms
 *   deviation  1/4 ms up to 2 ms, in steps of an eighth above, at most 240 ms
 *   count      samples, 1 to 31; 31 says "or more"
 *   stamp      when the last sample was taken: units of a 63rd of the expiry, modulo 127; 127 = it does not age
 *
 * The smoothing is that of RFC 6298 section 2 (gains 1/8 and 1/4, the first deviation half the first time), but for
 * the start: the first eight samples count alike, since a mean is a better guess than whatever came first.
 * Pure functions.
 *
 * @module
 */

/** Units that a pair may be old and still count. Beyond, up to the 127 of the cycle, it counts as expired. */
export const AGE_UNITS_MAX = 63;
/** Stamps run from 0 to 126. */
export const STAMPS = 127;
/** The stamp of what does not age: a file that gives no times holds for as long as it is there. */
export const AGELESS = 127;
/** Where a count stops. */
export const COUNT_MAX = 31;

/** RFC 6298's alpha and beta. */
const RTT_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;

export function rttMsOf(pair: number): number {
  const code = pair >>> 18;
  const exponent = code >>> 12;
  const units = exponent === 0 ? code : (4096 + (code & 4095)) << (exponent - 1);
  return units / 16;
}

export function deviationMsOf(pair: number): number {
  return deviationMs((pair >>> 12) & 63);
}

/** Samples; 31 is 31 or more. */
export function countOf(pair: number): number {
  return (pair >>> 7) & 31;
}

/** Age in units at `now`, which is in units too, modulo 127; 0 of what does not age. */
export function ageUnitsOf(pair: number, now: number): number {
  const stamp = pair & 127;
  return stamp === AGELESS ? 0 : (now - stamp + STAMPS) % STAMPS;
}

export function isAgeless(pair: number): boolean {
  return (pair & 127) === AGELESS;
}

/** Is there a measurement that has not expired? */
export function isFresh(pair: number, now: number): boolean {
  if (pair === 0) return false;
  const stamp = pair & 127;
  if (stamp === AGELESS) return true;
  const age = now - stamp;
  return (age < 0 ? age + STAMPS : age) <= AGE_UNITS_MAX;
}

/**
 * How far the estimate can be trusted, 0 to 1: grows with samples (a half at 2), falls with the deviation's part of the
 * time, and with age to nothing at the expiry. For people; nothing is decided by it.
 */
export function confidenceOf(pair: number, now: number): number {
  const count = countOf(pair);
  const spread = deviationMsOf(pair) / Math.max(rttMsOf(pair), 1);
  return (count / (count + 2)) * (1 / (1 + spread)) * (1 - ageUnitsOf(pair, now) / (AGE_UNITS_MAX + 1));
}

export interface PairSample {
  readonly rttMs: number;
  /** How many measurements it sums up, 1 or more. */
  readonly count: number;
  readonly stamp: number;
}

/**
 * The pair after one more sample; `pair` counts only while fresh. `isOwn` is false for pairs that gather many networks:
 * those keep the mean of their last 31 samples or so, for the next sample is of another network.
 */
export function smooth(pair: number, sample: PairSample, now: number, isOwn: boolean): number {
  const { stamp } = sample;
  const added = Math.min(sample.count, COUNT_MAX);
  if (!isFresh(pair, now)) {
    return compose(rttCode(sample.rttMs), deviationCode(sample.rttMs / 2), added, stamp);
  }
  const count = countOf(pair);
  const share = added / (count + added);
  const rttMs = rttMsOf(pair);
  const deviation = deviationMsOf(pair);
  const off = Math.abs(rttMs - sample.rttMs);
  const rttGain = isOwn ? Math.max(RTT_GAIN, share) : share;
  const deviationGain = Math.max(DEVIATION_GAIN, share);
  return compose(
    moved(pair >>> 18, rttCode(rttMs + rttGain * (sample.rttMs - rttMs)), rttCode(sample.rttMs)),
    moved(
      (pair >>> 12) & 63,
      deviationCode(deviation + deviationGain * (off - deviation)),
      deviationCode(off),
    ),
    Math.min(count + added, COUNT_MAX),
    laterStamp(pair & 127, stamp, now),
  );
}

/** A step that is lost in rounding is still one step towards the sample: else an estimate would stay short of it. */
function moved(before: number, after: number, sample: number): number {
  return after === before ? before + Math.sign(sample - before) : after;
}

/** Samples may come in any order. What has a time wins over what has none. */
function laterStamp(before: number, after: number, now: number): number {
  if (before === AGELESS || after === AGELESS) return before === AGELESS ? after : before;
  return (now - before + STAMPS) % STAMPS < (now - after + STAMPS) % STAMPS ? before : after;
}

function compose(rtt: number, deviation: number, count: number, stamp: number): number {
  return ((rtt << 18) | (deviation << 12) | (count << 7) | stamp) >>> 0;
}

/** Rounded up into the next exponent, the code still is the next one. */
function rttCode(ms: number): number {
  const units = Math.min(Math.max(ms * 16, 1), 8191 * 4);
  if (units < 8192) return Math.round(units);
  return units < 16384 ? (2 << 12) + Math.round(units / 2) - 4096 : (3 << 12) + Math.round(units / 4) - 4096;
}

function deviationMs(code: number): number {
  const exponent = code >>> 3;
  return (exponent === 0 ? code : (8 + (code & 7)) << (exponent - 1)) / 4;
}

function deviationCode(ms: number): number {
  const units = Math.min(Math.max(ms * 4, 0), 15 << 6);
  if (units < 16) return Math.round(units);
  const exponent = 29 - Math.clz32(units); // log2 in whole numbers, less the 3 bits of a fraction, and 1
  return Math.min(63, (exponent << 3) + Math.round(units / (1 << (exponent - 1))) - 8);
}
