/**
 * Durations of documents: `800ms`, `10s`, `1m`, `1h`. Not TTLs: those are DNS data, in whole
 * seconds, and have their own units.
 *
 * @module
 */
export const DURATION_PATTERN = "^[0-9]{1,9}(?:ms|s|m|h)$";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a text that DURATION_PATTERN accepts. */
export function parseDuration(text: string): number {
  const unit = text.replace(/^[0-9]+/, "");
  return Number(text.slice(0, -unit.length)) * UNIT_MS[unit]!;
}

/** The shortest text with one unit. */
export function formatDuration(ms: number): string {
  for (const unit of ["h", "m", "s"]) {
    const size = UNIT_MS[unit]!;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
