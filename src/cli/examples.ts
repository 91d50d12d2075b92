/**
 * What to try first: a few dig commands for the zones that are loaded, printed when the server
 * has started.
 *
 * @module
 */
import { isWildcard, type ListenAddress } from "../server/listen-address.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { formatName, nameEquals } from "../wire/name.ts";
import { steeredNames } from "../zone/steered-names.ts";

/** More would push the log off the screen. */
const EXAMPLES_MAX = 3;

export function formatExamples(snapshot: Snapshot, bound: readonly ListenAddress[]): string {
  const first = bound[0];
  if (first === undefined || snapshot.zones.length === 0) {
    return "\nNo zone is loaded yet: put documents into the folder, and they are picked up.\n\n";
  }
  const server = `@${dialled(first)}${first.port === 53 ? "" : ` -p ${first.port}`}`;
  const lines = exampleNames(snapshot).map((name) => `  dig ${server} ${name}\n`);
  return `\nTry:\n\n${lines.join("")}\n`;
}

/** Steered names first, as they are what this server is for; else what every zone has. */
function exampleNames(snapshot: Snapshot): string[] {
  const steered: string[] = [];
  for (const { image, apex } of snapshot.zones) {
    for (const owner of steeredNames(image, apex)) {
      const text = formatName(owner);
      if (text.startsWith("*") || nameEquals(owner, apex)) continue;
      steered.push(text.slice(0, -1));
      if (steered.length === EXAMPLES_MAX) return steered;
    }
  }
  if (steered.length > 0) return steered;
  return snapshot.zones.slice(0, EXAMPLES_MAX).map(({ apex }) => `${formatName(apex)} SOA`);
}

function dialled(where: ListenAddress): string {
  if (!isWildcard(where)) return where.address;
  return where.family === 4 ? "127.0.0.1" : "::1";
}
