/**
 * A process that makes edits until it is killed, and says of each when it is acknowledged:
 *
 *   node worker.ts '{"place":…,"first":1,"count":9,"fault":{"call":7,"kind":"after"},"isAtStart":false}'
 *
 * The fault strikes in the last edit, or with `isAtStart` while the store is opened. Lines: `acked N GENERATION`, at the
 * end `calls N`: so many calls were there to strike at.
 *
 * @module
 */
import { writeSync } from "node:fs";
import { arm, disarm, type Fault } from "./faults.ts";
import { makeEdit, openEditor, type Place } from "./work.ts";

export interface WorkerJob {
  readonly place: Place;
  readonly first: number;
  readonly count: number;
  readonly fault?: Fault;
  readonly isAtStart?: boolean;
}

const { place, first, count, fault, isAtStart = false } = JSON.parse(process.argv[2]!) as WorkerJob;
if (isAtStart) arm(fault);
const { editor, close } = await openEditor(place);
let calls = disarm().length;
const last = first + count - 1;
for (let n = first; n <= last; n++) {
  if (n === last && !isAtStart) arm(fault);
  const generation = await makeEdit(editor, n);
  if (n === last && !isAtStart) calls = disarm().length;
  writeSync(1, `acked ${n} ${generation}\n`);
}
writeSync(1, `calls ${calls}\n`);
await close();
