/**
 * Twenty editors at a time, each with edits of its own and edits of what all share, and what must be there at the end:
 *
 *   own     PUT a pool that is its own, with a number that counts up; every so often take one away or make one
 *   shared  GET a pool, add to it what says who and which, PUT it with If-Match; 412: somebody was faster, so again
 *   several PATCH several documents at once
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Random, randomBelow, SeededRandom } from "../../../src/lib/random.ts";

export interface Reply {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks the API; `etag` goes into If-Match. */
export type Ask = (method: string, path: string, body?: unknown, etag?: string) => Promise<Reply>;

export interface EditorsOptions {
  /** One for each editor: of one node or of several. */
  readonly asks: readonly Ask[];
  readonly seed: number;
  readonly seconds: number;
}

export interface EditorsResult {
  readonly edits: number;
  /** 412: another editor was faster. */
  readonly races: number;
  /** 503: nothing was changed, try again. */
  readonly unsettled: number;
  readonly generations: readonly number[];
}

/** An edit that was acknowledged. */
interface Acknowledged {
  readonly editor: number;
  readonly generation: number;
  readonly reason: string;
}

const CATCH_UP_MS_MAX = 10_000;
const SHARED = "/v1/pools/shared";
/** Of the shared pool: the last so many marks are kept, as its members. */
const MARKS_MAX = 40;

export class Editors {
  readonly #options: EditorsOptions;
  readonly #acknowledged: Acknowledged[] = [];
  /** By editor, what its own pools hold; null = taken away. */
  readonly #own: Map<string, unknown>[];
  /** Every mark that was put into the shared pool, by the generation that it came with. */
  readonly #marks = new Map<number, string>();
  #races = 0;
  #unsettled = 0;

  constructor(options: EditorsOptions) {
    this.#options = options;
    this.#own = options.asks.map(() => new Map());
  }

  /** Rejects with AssertionError when an edit was lost, or is there that nobody made. */
  async run(): Promise<EditorsResult> {
    const [first] = this.#options.asks;
    const made = await first!("PUT", SHARED, { members: [{ name: "begin", address: "192.0.2.1" }] });
    assert(made.status === 201 || made.status === 200, JSON.stringify(made));
    const from = made.body.generation as number;
    const endMs = performance.now() + this.#options.seconds * 1000;
    await Promise.all(this.#options.asks.map((ask, editor) => this.#edit(ask, editor, endMs)));
    const generations = this.#acknowledged.map(({ generation }) => generation).sort((a, b) => a - b);
    assert.deepEqual(
      generations,
      Array.from(generations, (_, i) => from + 1 + i),
      "each acknowledged edit is a generation of its own, without a gap",
    );
    for (const ask of new Set(this.#options.asks)) await this.#look(ask, from);
    return { edits: generations.length, races: this.#races, unsettled: this.#unsettled, generations };
  }

  async #edit(ask: Ask, editor: number, endMs: number): Promise<void> {
    const random = new SeededRandom(this.#options.seed + editor);
    for (let n = 0; performance.now() < endMs; n++) {
      const kind = randomBelow(random, 4);
      if (kind === 0) await this.#editShared(ask, editor, n);
      else if (kind === 1) await this.#editSeveral(ask, editor, n, random);
      else await this.#editOwn(ask, editor, n, random);
    }
  }

  async #editOwn(ask: Ask, editor: number, n: number, random: Random): Promise<void> {
    const id = `e${editor}-${randomBelow(random, 3)}`;
    const own = this.#own[editor]!;
    const goes = own.get(id) != null && randomBelow(random, 4) === 0;
    const body = goes ? null : poolOf(editor, n);
    const done = await this.#until(
      ask,
      editor,
      goes ? "DELETE" : "PUT",
      `/v1/pools/${id}`,
      n,
      body ?? undefined,
    );
    if (done) own.set(id, body);
  }

  async #editSeveral(ask: Ask, editor: number, n: number, random: Random): Promise<void> {
    const ids = [0, 1, 2].slice(0, 2 + randomBelow(random, 2)).map((i) => `e${editor}-${i}`);
    const body = poolOf(editor, n);
    const zone = zoneOf(editor, n);
    const pools = Object.fromEntries(ids.map((id) => [id, body]));
    const name = `e${editor}.test`;
    await this.#until(ask, editor, "PATCH", "/v1/documents", n, { pools, zones: { [name]: zone } });
    for (const id of ids) this.#own[editor]!.set(id, body);
    this.#own[editor]!.set(`zone ${name}`, zone);
  }

  async #editShared(ask: Ask, editor: number, n: number): Promise<void> {
    const mark = `e${editor}-${n}`;
    for (;;) {
      const { body, etag } = await ask("GET", SHARED);
      const members = [...(body.members as unknown[]), { name: mark, address: addressOf(editor, n) }];
      const reason = `editor ${editor} edit ${n}`;
      const path = `${SHARED}?reason=${encodeURIComponent(reason)}`;
      const reply = await ask("PUT", path, { members: members.slice(-MARKS_MAX) }, etag);
      if (reply.status === 200) {
        const generation = reply.body.generation as number;
        this.#acknowledged.push({ editor, generation, reason });
        this.#marks.set(generation, mark);
        return;
      }
      if (reply.status === 412) this.#races++;
      else this.#refused(reply);
    }
  }

  async #until(
    ask: Ask,
    editor: number,
    method: string,
    path: string,
    n: number,
    body: unknown,
  ): Promise<boolean> {
    const reason = `editor ${editor} edit ${n}`;
    for (;;) {
      const reply = await ask(method, `${path}?reason=${encodeURIComponent(reason)}`, body);
      if (reply.status === 200 || reply.status === 201) {
        this.#acknowledged.push({ editor, generation: reply.body.generation as number, reason });
        return true;
      }
      this.#refused(reply);
    }
  }

  #refused(reply: Reply): void {
    assert.equal(reply.body.code, "edit-unsettled", JSON.stringify(reply.body));
    this.#unsettled++;
  }

  /** Everything that was acknowledged is there, in order, and nothing else. */
  async #look(ask: Ask, from: number): Promise<void> {
    const known = new Map<number, string>();
    const endMs = performance.now() + CATCH_UP_MS_MAX;
    const newest = from + this.#acknowledged.length;
    // Another node than the one that made the last edit may be some ms behind.
    while ((await ask("GET", "/v1/documents")).etag !== `"generation-${newest}"`) {
      assert(performance.now() < endMs, `the node does not come to generation ${newest}`);
    }
    for (let before = newest + 1; before > from + 1; ) {
      const { body } = await ask("GET", `/v1/changes?limit=100&before=${before}`);
      const changes = body.items as readonly { readonly generation: number; readonly reason: string }[];
      assert(changes.length > 0, `no change before ${before}`);
      for (const { generation, reason } of changes) known.set(generation, reason);
      before = changes.at(-1)!.generation;
    }
    for (const { generation, reason } of this.#acknowledged) assert.equal(known.get(generation), reason);
    for (const [editor] of this.#own.entries()) {
      const own = this.#acknowledged
        .filter((each) => each.editor === editor)
        .map(({ generation }) => generation);
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
        `the edits of editor ${editor} are in its order`,
      );
    }
    await this.#lookAtDocuments(ask);
  }

  async #lookAtDocuments(ask: Ask): Promise<void> {
    const { body } = await ask("GET", "/v1/documents");
    const { pools, zones } = body as { pools: Record<string, unknown>; zones: Record<string, unknown> };
    const wanted = new Map<string, unknown>();
    for (const own of this.#own) for (const [id, each] of own) if (each !== null) wanted.set(id, each);
    const found = new Map<string, unknown>();
    for (const [id, each] of Object.entries(pools)) if (/^e\d/.test(id)) found.set(id, each);
    for (const [id, each] of Object.entries(zones)) if (/^e\d/.test(id)) found.set(`zone ${id}`, each);
    assert.deepEqual(new Map([...found].sort()), new Map([...wanted].sort()));
    const marks = (pools.shared as { members: { name: string }[] }).members.map(({ name }) => name);
    const inOrder = ["begin", ...[...this.#marks].sort(([a], [b]) => a - b).map(([, mark]) => mark)];
    assert.deepEqual(marks, inOrder.slice(-MARKS_MAX), "nobody's mark in the shared pool was overwritten");
  }
}

function addressOf(editor: number, n: number): string {
  return `10.${editor}.${(n >> 8) & 0xff}.${n & 0xff}`;
}

function poolOf(editor: number, n: number) {
  return { members: [addressOf(editor, n)] };
}

function zoneOf(editor: number, n: number) {
  return {
    records: { "@": { NS: ["ns1.example.net.", "ns2.example.net."] }, a: { A: [addressOf(editor, n)] } },
  };
}
