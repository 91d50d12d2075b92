/**
 * TTLs in text, for whoever reads or writes more than the number: master files tell a TTL
 * from a class by its form, and comments show it with units.
 *
 * @module
 */
export { parseTtl } from "../wire/ttl.ts";

/** Whether the text has the form of a TTL, be it in range or not; tells a TTL from a type or a class. */
export function looksLikeTtl(text: string): boolean {
  return /^(?:[0-9]+|(?:[0-9]+[wdhms])+)$/i.test(text);
}

/** The form with units: `1h30m` for 5400, `0s` for 0. */
export function formatTtl(ttl: number): string {
  let rest = ttl;
  let text = "";
  for (const [unit, seconds] of UNITS) {
    const count = Math.floor(rest / seconds);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * seconds;
  }
  return text === "" ? "0s" : text;
}

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ["w", 604_800],
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];
