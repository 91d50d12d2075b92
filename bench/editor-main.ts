/**
 * Edits a zone so many times a second, as an operator's tool does: each edition is a whole file that is
 * renamed into place. The editions have been written before; a rename is all that costs time here.
 *
 * Ends when its input does, and says which edition was the last.
 *
 * @module
 */
import { renameSync } from "node:fs";
import { join } from "node:path";

export interface EditorJob {
  /** Holds the editions, named by their numbers. */
  readonly from: string;
  /** What they are renamed to. */
  readonly to: string;
  readonly first: number;
  readonly count: number;
  readonly intervalMs: number;
}

const job = JSON.parse(process.argv[2]!) as EditorJob;
let made = 0;
const timer = setInterval(() => {
  renameSync(join(job.from, String(job.first + made)), job.to);
  made++;
  if (made === job.count) clearInterval(timer);
}, job.intervalMs);

process.stdin.resume().on("end", () => {
  clearInterval(timer);
  process.stdout.write(`${made}\n`);
});
