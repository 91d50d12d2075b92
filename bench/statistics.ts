/**
 * From runs to figures: medians over rounds, and medians of the ratios inside each round. A machine that is
 * slower for a while is so for all servers of that round, and drops out of the ratio.
 *
 * @module
 */

/** Of 1 value and more. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Something measured in one round. */
export interface InRound {
  readonly round: number;
}

/** A ratio in the middle of those of all rounds, with the lowest and the highest. */
export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Of one's figure to the other's of the same round; undefined when they share none. */
export function ratioOf<Run extends InRound>(
  runs: readonly Run[],
  others: readonly Run[],
  figure: (run: Run) => number,
): Ratio | undefined {
  const ratios = runs.flatMap((run) => {
    const other = others.find(({ round }) => round === run.round);
    return other === undefined ? [] : [figure(run) / figure(other)];
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

/** Slope of the straight line that fits best, in units of y per unit of x; 0 for fewer than two points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  let covariance = 0;
  let variance = 0;
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
