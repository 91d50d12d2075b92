/**
 * TTLs in text: seconds, or numbers with units as BIND made them common (1w2d3h4m5s). Used
 * wherever an operator writes a TTL: master files and documents.
 *
 * @module
 */

/** RFC 2181 section 8: 31 bits; a set top bit means 0 to receivers, so nobody should write it. */
export const TTL_MAX = 0x7fff_ffff;

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ["w", 604_800],
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];
const UNIT_SECONDS: ReadonlyMap<string, number> = new Map(UNITS);

/**
 * Seconds, from `300` or `1h30m` (w, d, h, m, s in any case and order). Undefined when the
 * text is neither or stands for more than {@link TTL_MAX}. `1h30` is neither: it is not clear
 * whether the 30 are minutes or seconds.
 */
export function parseTtl(text: string): number | undefined {
  let seconds: number;
  if (/^[0-9]+$/.test(text)) seconds = Number(text);
  else if (looksLikeTtl(text)) {
    seconds = 0;
    for (const [, count, unit] of text.matchAll(/([0-9]+)([a-z])/gi)) {
      seconds += Number(count) * UNIT_SECONDS.get(unit!.toLowerCase())!;
    }
  } else return undefined;
  return seconds <= TTL_MAX ? seconds : undefined;
}

/** Whether the text has the form of a TTL, be it in range or not; tells a TTL from a type or a class. */
export function looksLikeTtl(text: string): boolean {
  return /^(?:[0-9]+|(?:[0-9]+[wdhms])+)$/i.test(text);
}

/** The shortest form with units: `1h30m` for 5400, `0` for 0. */
export function formatTtl(ttl: number): string {
  let rest = ttl;
  let text = "";
  for (const [unit, seconds] of UNITS) {
    const count = Math.floor(rest / seconds);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * seconds;
  }
  return text === "" ? "0" : text;
}
