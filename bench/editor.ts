/**
 * Starts and stops the process that edits a zone (editor-main.ts), and writes its editions beforehand. It runs
 * on the server's core, and costs it some 0.1 ms each time: on the generator's it would delay queries that are due.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { EditorJob } from "./editor-main.ts";
import { editedDocument } from "./peers/zones.ts";
import { pinned } from "./pinning.ts";

/** Of one start: a minute at ten a second, which no run takes. */
const EDITIONS_MAX = 600;
const EDITOR = fileURLToPath(new URL("editor-main.ts", import.meta.url));

export class Editor {
  readonly #folder: string;
  readonly #core: number | undefined;
  #child: ChildProcess | undefined;
  #written = 0;
  /** The edition that was renamed last. */
  #edition = 0;

  constructor(temporary: string, core: number | undefined) {
    this.#folder = join(temporary, "editions");
    this.#core = core;
    mkdirSync(this.#folder);
  }

  start(to: string, intervalMs: number): void {
    const first = this.#edition + 1;
    while (this.#written < this.#edition + EDITIONS_MAX) {
      this.#written++;
      writeFileSync(join(this.#folder, String(this.#written)), editedDocument(this.#written));
    }
    const job: EditorJob = { from: this.#folder, to, first, count: EDITIONS_MAX, intervalMs };
    const { file, args } = pinned(
      { file: process.execPath, args: [EDITOR, JSON.stringify(job)] },
      this.#core,
    );
    this.#child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  }

  /** How many edits were made since start(), and which edition was the last ever. */
  async stop(): Promise<{ made: number; edition: number }> {
    const child = this.#child!;
    const output = text(child.stdout!);
    child.stdin!.end();
    const made = Number(await output);
    this.#edition += made;
    return { made, edition: this.#edition };
  }
}
