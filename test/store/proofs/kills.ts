/**
 * Kills a process that edits, again and again over the same documents, and looks after each kill at what is left:
 *
 *   worker ─ edits … acked … SIGKILL ─► files as they are: each whole, old or new
 *                                   └─► opened anew: every acknowledged edit, the one under way whole or not at all,
 *                                       in the history what stands in the documents, nothing left over, and the next edit works
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { parseDocument } from "yaml";
import { type Random, randomBelow } from "../../../src/lib/random.ts";
import type { DocumentBody } from "../../../src/store/change.ts";
import { DOCUMENT_KINDS, type DocumentKey, documentKey } from "../../../src/store/document-key.ts";
import type { Fault, FaultKind } from "./faults.ts";
import {
  AUTHOR,
  bodiesAfter,
  COMMENT,
  EDIT_KINDS,
  makeEdit,
  makeFolder,
  type Opened,
  openEditor,
  type Place,
} from "./work.ts";
import type { WorkerJob } from "./worker.ts";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
const KINDS: readonly FaultKind[] = ["before", "after", "torn"];

export interface KillCounts {
  kills: number;
  /** Kills after which the edit that was under way stood. */
  completed: number;
  acknowledged: number;
  /** Edits in all, with those that the looks made. */
  edits: number;
}

export class Killing {
  readonly counts: KillCounts = { kills: 0, completed: 0, acknowledged: 0, edits: 0 };
  readonly #place: Place;
  /** Edits that stand. */
  #made = 0;

  /** Makes the folder. */
  constructor(place: Place) {
    this.#place = place;
    makeFolder(place.dir);
  }

  /** The store with its documents and no edit, opened once and closed. */
  async begin(): Promise<void> {
    const opened = await openEditor(this.#place);
    await opened.close();
  }

  /** Kills at each call of an edit of each of these kinds: before the call, after it and in the middle of what it writes. */
  async atEachCall(kinds: number): Promise<void> {
    for (let kind = 0; kind < kinds; kind++) {
      for (let call = 1; ; call++) {
        let isPast = true;
        for (const how of KINDS) {
          const others = (((kind - this.#made - 1) % EDIT_KINDS) + EDIT_KINDS) % EDIT_KINDS;
          if (await this.strike({ call, kind: how }, 1 + others)) isPast = false;
        }
        if (isPast) break;
      }
    }
  }

  /** Kills at a call by chance, of an edit or of the start behind another kill. */
  async byChance(random: Random, calls: number): Promise<void> {
    const fault = { call: 1 + randomBelow(random, calls), kind: KINDS[randomBelow(random, KINDS.length)]! };
    await this.strike(fault, 1 + randomBelow(random, 3), randomBelow(random, 4) === 0);
  }

  /** Kills from outside, some time after the first edit. */
  async fromOutside(random: Random, withinMs: number): Promise<void> {
    await this.#run(
      { place: this.#place, first: this.#made + 1, count: 100_000 },
      randomBelow(random, withinMs),
    );
    await this.#look();
  }

  /** False when there was no such call, and nothing was killed. With `twice` the start after the kill is killed too. */
  async strike(fault: Fault, count = 1, twice = false): Promise<boolean> {
    const { place } = { place: this.#place };
    const wasKilled = await this.#run({ place, first: this.#made + 1, count, fault });
    // What a start that is killed has to make up for must not be lost by that.
    if (twice)
      await this.#run({
        place,
        first: this.#made + 1,
        count: 0,
        fault: { ...fault, call: 1 + (fault.call % 5) },
        isAtStart: true,
      });
    await this.#look();
    return wasKilled;
  }

  /** Runs a worker to its end; true when it was killed. */
  async #run(job: WorkerJob, killAfterMs?: number): Promise<boolean> {
    const child = spawn(process.execPath, [WORKER, JSON.stringify(job)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "exit") as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
    const [output, errors] = [text(child.stdout), text(child.stderr)];
    if (killAfterMs !== undefined) {
      await Promise.race([once(child.stdout, "data"), ended]);
      await sleep(killAfterMs);
      child.kill("SIGKILL");
    }
    const [code, signal] = await ended;
    assert(code === 0 || signal === "SIGKILL", `the worker failed: ${await errors}`);
    if (signal === "SIGKILL") this.counts.kills++;
    for (const [, n, generation] of (await output).matchAll(/^acked (\d+) (\d+)$/gm)) {
      assert.equal(Number(n), this.#made + 1);
      assert.equal(Number(generation), Number(n) + 1);
      this.#made++;
      this.counts.acknowledged++;
    }
    return signal === "SIGKILL";
  }

  async #look(): Promise<void> {
    if (this.#place.kind === "files") lookAtFiles(this.#place.dir, this.#made);
    const opened = await openEditor(this.#place);
    try {
      const found = await bodiesOf(opened);
      const isCompleted = !isSame(found, bodiesAfter(this.#made));
      if (isCompleted) {
        this.#made++;
        this.counts.completed++;
      }
      assert.deepEqual(found, bodiesAfter(this.#made));
      await this.#lookAtHistory(opened);
      if (this.#place.kind === "files") lookForLeftovers(this.#place);
      else await lookForStaged(this.#place.url);
      const generation = await makeEdit(opened.editor, this.#made + 1);
      this.#made++;
      assert.equal(generation, this.#made + 1);
      this.counts.edits = this.#made;
    } finally {
      await opened.close();
    }
  }

  /** Each edit is one generation, in their order, and there are no others. */
  async #lookAtHistory({ store }: Opened): Promise<void> {
    const changes = await store.changes(this.#made + 10);
    const found = changes.map(({ generation, author, reason }) => `${generation} ${author} ${reason}`);
    const wanted = Array.from({ length: this.#made }, (_, i) => `${i + 2} ${AUTHOR} edit ${i + 1}`);
    assert.equal(found.length, wanted.length + 1);
    assert.deepEqual(found.slice(0, -1).reverse(), wanted);
    assert.equal(changes.at(-1)!.generation, 1);
  }
}

async function bodiesOf({ editor }: Opened): Promise<Map<DocumentKey, DocumentBody>> {
  const { documents } = editor;
  const bodies = new Map<DocumentKey, DocumentBody>();
  for (const kind of DOCUMENT_KINDS) {
    for (const id of documents.ids(kind)) {
      const key = documentKey(kind, id);
      const body = await documents.body(key);
      if (body !== null) bodies.set(key, body);
    }
  }
  return bodies;
}

function isSame(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

/** Right after the kill, before anything mends them: whole, with their comments, each document as it was or as it is to be. */
function lookAtFiles(dir: string, made: number): void {
  const [old, next] = [bodiesAfter(made), bodiesAfter(made + 1)];
  for (const name of readdirSync(dir)) {
    if (name.startsWith(".")) continue;
    const text = readFileSync(join(dir, name), "utf8");
    const document = parseDocument(text);
    assert.deepEqual(document.errors, [], `${name} is torn:\n${text}`);
    if (name !== "new.test.yaml")
      assert(text.startsWith(`${COMMENT}\n`), `${name} lost its comment:\n${text}`);
    const kinds = document.toJS() as Record<string, Record<string, DocumentBody>>;
    for (const kind of DOCUMENT_KINDS) {
      for (const [id, body] of Object.entries(kinds[kind] ?? {})) {
        const key = documentKey(kind, id);
        assert(
          isSame(body, old.get(key)) || isSame(body, next.get(key)),
          `${key} is neither old nor new:\n${text}`,
        );
      }
    }
  }
}

function lookForLeftovers({ dir, dataDir }: Extract<Place, { kind: "files" }>): void {
  const hidden = readdirSync(dir).filter((name) => name.startsWith("."));
  assert.deepEqual(hidden, [], "left over in the folder");
  assert.deepEqual(readdirSync(dataDir), ["changes.jsonl"], "left over in the data folder");
}

/** What was on its way in is gone within a minute. */
async function lookForStaged(url: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for (const key of await redis.keys("*:staged:*")) {
      const seconds = await redis.ttl(key);
      assert(seconds !== -1 && seconds <= 60, `${key} stays for ever`);
    }
  } finally {
    redis.disconnect();
  }
}
