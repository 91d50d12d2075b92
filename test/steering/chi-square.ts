/**
 * Pearson's chi-square test that counts come from given shares.
 *
 * @module
 */

/**
 * Upper critical values for p = 0.001 by degrees of freedom, from NIST/SEMATECH, e-Handbook of
 * Statistical Methods, section 1.3.6.7.4.
 */
const CRITICAL_AT_0_001: Readonly<Record<number, number>> = {
  1: 10.828,
  2: 13.816,
  3: 16.266,
  4: 18.467,
  5: 20.515,
  6: 22.458,
  7: 24.322,
  8: 26.124,
  9: 27.877,
};

/** What keeps the counts from passing at p > 0.001; undefined when they do pass. */
export function chiSquareFault(
  counts: ReadonlyMap<string, number>,
  shares: Readonly<Record<string, number>>,
): string | undefined {
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  const draws = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const stranger = [...counts.keys()].find((name) => !(name in shares));
  if (stranger !== undefined) return `${stranger} was drawn and has no share`;
  let statistic = 0;
  for (const [name, share] of Object.entries(shares)) {
    const expected = (draws * share) / total;
    statistic += ((counts.get(name) ?? 0) - expected) ** 2 / expected;
  }
  const critical = CRITICAL_AT_0_001[Object.keys(shares).length - 1];
  if (critical === undefined) return "no critical value for so many shares";
  return statistic < critical
    ? undefined
    : `chi-square ${statistic} is not below ${critical}: ${[...counts]}`;
}
