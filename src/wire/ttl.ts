/**
 * Times as master files write them: seconds, or numbers with units, `1h30m`. RFC 1035 knows
 * seconds only; the units are BIND's and everybody's since.
 *
 * @module
 */
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Seconds of `300`, `5m` or `1w2d` (units in any case). Undefined when the text is no time
 * or is above `max`, which for a TTL is 2^31 - 1 (RFC 2181 section 8).
 */
export function parseTtl(text: string, max = 0x7fff_ffff): number | undefined {
  if (text.length > 40 || !/^(?:[0-9]+|(?:[0-9]+[smhdw])+)$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)([smhdw]?)/gi)) {
    seconds += Number(digits) * (SECONDS[unit!.toLowerCase()] ?? 1);
  }
  return seconds <= max ? seconds : undefined;
}
