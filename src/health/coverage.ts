/**
 * What probers cannot do for the documents: regions in which none stands, quorums that cannot be had, names that two of them
 * use. Which probers there are is only known while they run, so no check of files can say it.
 *
 * @module
 */
import type { ProberSight } from "./health-fold.ts";
import { compareTexts, type Quorum } from "./verdict.ts";

export interface Wanted {
  /** Regions that documents name, and who names them first: `pool "eu"`. */
  readonly regions: ReadonlyMap<string, string>;
  readonly quorums: ReadonlyMap<string, Quorum>;
  /** Regions of nodes that have a pool with `health-view: region`. */
  readonly nodeRegions: readonly string[];
}

/** In words, one for each; in the same order for the same input. */
export function coverageWarnings(
  { regions, quorums, nodeRegions }: Wanted,
  probers: readonly ProberSight[],
): string[] {
  const standing = [...new Set(probers.map((prober) => prober.region))].sort(compareTexts);
  if (probers.length === 0)
    return ["no prober runs, so nothing is checked; every member counts as it last did"];
  const among = `probers stand in ${standing.join(", ")}`;
  const warnings: string[] = [];
  for (const [region, by] of [...regions].sort(([a], [b]) => compareTexts(a, b))) {
    if (!standing.includes(region))
      warnings.push(`no prober stands in region "${region}", which ${by} names; ${among}`);
  }
  for (const region of [...new Set(nodeRegions)].sort(compareTexts)) {
    if (standing.includes(region) || regions.has(region)) continue;
    warnings.push(
      `no prober stands in region "${region}" of a node that believes its own region first; ${among}`,
    );
  }
  for (const [monitor, quorum] of [...quorums].sort(([a], [b]) => compareTexts(a, b))) {
    if (typeof quorum !== "number" || quorum <= standing.length) continue;
    warnings.push(
      `monitor "${monitor}" wants ${quorum} regions to agree; ${among}, and these must all agree instead`,
    );
  }
  for (const { name, isDouble, suspect } of probers) {
    if (isDouble) warnings.push(`two probers are called "${name}"; the one that started last counts`);
    if (suspect.length > 0) {
      const families = suspect.length === 2 ? "" : ` for IPv${suspect[0]}`;
      warnings.push(
        `prober "${name}" sees nearly everything down${families}, which other regions do not; it does not count`,
      );
    }
  }
  return warnings;
}
