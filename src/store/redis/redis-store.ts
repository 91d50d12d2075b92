/**
 * Documents in Redis as texts: which there are, what they say, and changes of them, one generation each. The lower half
 * of RedisDocuments, and what `push` and `pull` work with.
 *
 *   commit()  stages what comes in hashes of their own, then one script makes it the next generation, or says who was first
 *   news()    what changed since a head: in one step with the texts, as long as that is little
 *
 * Every method rejects with WindroseError "store-unavailable" when Redis cannot be asked; a commit whose answer
 * got lost is looked up in the log of changes by its id, so that it is never said to have failed when it did not.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { WindroseError } from "../../lib/errors.ts";
import type { Authorship, Change, PartChange } from "../change.ts";
import type { DocumentKey } from "../document-key.ts";
import { type Head, NO_HEAD, type StoredText } from "../stamp.ts";
import type { StoreState } from "../store.ts";
import { packParts, unpackParts } from "./change-pieces.ts";
import { isRefusal, type RedisConnection, redisUnavailable } from "./connection.ts";
import { redisKeys } from "./keys.ts";
import { COMMIT, COMMON, LIST, READ, STAGE } from "./scripts.ts";

/** Texts of documents that one command carries: small enough that Redis is not held up for long. */
const CHUNK_OCTETS = 256 * 1024;
/** The same for reading, which costs Redis less. */
const READ_OCTETS = 1024 * 1024;
const READ_KEYS_MAX = 200;
/** Changes that are kept, about. */
const CHANGES_KEPT = 10_000;
/** A change is in the log whole as long as its JSON is no larger; of a larger one, which documents it touched. */
const CHANGE_LENGTH_MAX = 1024 * 1024;
/** What large changes did is kept apart, compressed, for so long, and so much of all of them together. */
const LARGE_SECONDS = 30 * 86_400;
const LARGE_OCTETS_MAX = 64 * 1024 * 1024;
const STAGED_SECONDS = 60;
/** What news() tells change by change; beyond it, all documents are listed. */
const NEWS_CHANGES_MAX = 200;
const NEWS_DOCUMENTS_MAX = 500;
const NEWS_OCTETS_MAX = 4 * 1024 * 1024;
/** How long a commit with a lost answer is looked for. */
const LOST_ANSWER_MS_MAX = 5000;
const LOST_ANSWER_WAIT_MS = 100;
/**
 * A commit that Redis reads later than this after what was staged does nothing, in whole seconds: its writer looks for it for 5 s,
 * then says that nothing was changed.
 */
const COMMIT_SECONDS = 4;
/** So long after a command timed out it is not tried again; longer than who watches waits for his own (2 s). */
const SILENCE_MS = 3000;

export interface Version {
  /** In which the document last changed. */
  readonly generation: number;
  /** Equal while the document is as it was. */
  readonly stamp: string;
  readonly octets: number;
}

export type News =
  | { readonly kind: "none"; readonly head: Head }
  | { readonly kind: "all"; readonly head: Head; readonly versions: ReadonlyMap<DocumentKey, Version> }
  | {
      readonly kind: "some";
      readonly head: Head;
      /** Without a version: gone. Without a text: too much for one answer. */
      readonly documents: readonly {
        readonly key: DocumentKey;
        readonly version: Version | undefined;
        readonly text: string | undefined;
      }[];
      /** The changes one by one, oldest first. */
      readonly steps: readonly Step[];
    };

/** A change that somebody followed: the head after it, and which documents it touched. */
export interface Step extends Head {
  readonly keys: readonly DocumentKey[];
}

/** A change that is to become the next generation. */
export interface TextProposal extends Authorship {
  /** The head that its writer saw; without an id, any of this number. */
  readonly expected: Head;
  /** The least that the new generation may be. */
  readonly least?: number;
  readonly parts: readonly PartChange[];
  /** New texts; null = the document goes. */
  readonly texts: ReadonlyMap<DocumentKey, StoredText | null>;
  /** Gives back what was lost after this generation: any head is good, and documents that changed after it stay. */
  readonly common?: number;
  /** Of documents that stood before everything was lost. */
  readonly base?: Head;
}

export type TextCommitted =
  | { readonly head: Head; readonly at: string }
  | { readonly newest: number; readonly head?: undefined };

interface StoredChange extends Authorship {
  readonly at: string;
  readonly parts: readonly PartChange[];
  /** Its parts say only which documents it touched; in how many pieces the true ones are kept. */
  readonly pieces?: number;
}

export class RedisStore {
  /** By the last command that was answered, or was not. */
  state: StoreState = { isUp: false, seenMs: 0 };
  readonly #redis: RedisConnection;
  readonly #largeOctetsMax: number;
  readonly #keys = redisKeys();
  /** Why there is no connection. */
  #trouble: Error | undefined;
  /** When a command was last not answered in time, by performance.now(); since then none was answered. */
  #silentMs = Number.NEGATIVE_INFINITY;
  /** A command on its way, to hear when the silence is over. */
  #listening: Promise<unknown> | undefined;

  /** `largeOctetsMax` is how much is kept of the parts of large changes. */
  constructor(redis: RedisConnection, { largeOctetsMax = LARGE_OCTETS_MAX } = {}) {
    this.#redis = redis;
    this.#largeOctetsMax = largeOctetsMax;
    redis.on("error", (error: Error) => {
      this.#trouble = error;
    });
    redis.on("ready", () => {
      this.#trouble = undefined;
    });
  }

  /** The newest. Asks even a Redis that is silent: who watches it learns from that when it is back. */
  async head(): Promise<Head> {
    const asked = this.#tell(() => this.#redis.get(this.#keys.generation));
    return parseHead((await asked) ?? "0 ");
  }

  /** What is new for who knows `known`. */
  async news(known: Head = NO_HEAD): Promise<News> {
    const { generation, documents, versions, changes } = this.#keys;
    const bounds = [NEWS_CHANGES_MAX, NEWS_DOCUMENTS_MAX, NEWS_OCTETS_MAX].map(String);
    const args = [String(known.generation), known.id, ...bounds];
    const answer = (await this.#ask(() =>
      this.#redis.eval(LIST, 4, generation, documents, versions, changes, ...args),
    )) as [string, number, string[], (string | null)[], (string | null)[], string[]];
    const [headText, kind, list, ...rest] = answer;
    const head = parseHead(headText);
    if (kind === 0) return { kind: "none", head };
    if (kind === 2) {
      const all = new Map<DocumentKey, Version>();
      for (let i = 0; i < list.length; i += 2) all.set(list[i] as DocumentKey, parseVersion(list[i + 1]!));
      return { kind: "all", head, versions: all };
    }
    const [versionTexts, texts, flatSteps] = rest;
    const steps: Step[] = [];
    for (let i = 0; i < flatSteps.length; i += 3) {
      const [number, id, keys] = flatSteps.slice(i, i + 3) as [string, string, string];
      steps.push({ generation: Number(number), id, keys: parseKeys(keys) });
    }
    return {
      kind: "some",
      head,
      documents: list.map((key, i) => {
        const version = versionTexts[i];
        return {
          key: key as DocumentKey,
          version: version == null ? undefined : parseVersion(version),
          text: texts[i] ?? undefined,
        };
      }),
      steps,
    };
  }

  /** The texts of these documents as they are now, a part at a time; those that are gone are left out. */
  async *read(
    wanted: readonly { readonly key: DocumentKey; readonly octets: number }[],
  ): AsyncGenerator<StoredText & { readonly key: DocumentKey }> {
    const parts = partsOf(wanted);
    // One ahead: Redis works while what it sent is read.
    let next = parts.length > 0 ? this.#readSome(parts[0]!) : undefined;
    for (let i = 0; next !== undefined; i++) {
      const documents = await next;
      next = i + 1 < parts.length ? this.#readSome(parts[i + 1]!) : undefined;
      next?.catch(() => {}); // thrown where it is awaited, unless nobody reads on
      yield* documents;
    }
  }

  /** Makes a change the next generation, unless another one was faster. */
  async commit({ expected, least, common, texts, base, ...change }: TextProposal): Promise<TextCommitted> {
    this.#requireVoice();
    const id = randomUUID();
    const stored: StoredChange = { at: new Date().toISOString(), ...change };
    const staged = [...texts].filter((entry): entry is [DocumentKey, StoredText] => entry[1] !== null);
    const gone = [...texts].filter(([, text]) => text === null).map(([key]) => key);
    const whole = JSON.stringify(stored);
    const isLarge = whole.length > CHANGE_LENGTH_MAX;
    // Of the first generation there is nothing to go back to.
    const pieces = isLarge && expected.generation > 0 ? await packParts(stored.parts) : [];
    await this.#stagePieces(id, pieces);
    const stagedS = await this.#stage(id, staged);
    const { generation, documents, versions, changes, wake } = this.#keys;
    const keys = [
      generation,
      documents,
      versions,
      changes,
      this.#keys.staged(id),
      this.#keys.stagedStamps(id),
      this.#keys.parts(id),
      this.#keys.allParts,
    ];
    const args = [
      String(expected.generation),
      expected.id,
      String(least ?? 0),
      id,
      String(staged.length),
      formatKeys([...texts.keys()]),
      isLarge ? formatLarge(stored, [...texts.keys()], pieces.length) : whole,
      base === undefined ? "" : formatHead(base),
      String(CHANGES_KEPT),
      wake,
      String(common ?? -1),
      String(pieces.reduce((octets, { length }) => octets + length, 0)),
      String(LARGE_SECONDS),
      String(this.#largeOctetsMax),
      this.#keys.parts(""),
      String(stagedS + COMMIT_SECONDS),
      ...gone,
    ];
    try {
      const answer = await this.#redis.eval(COMMIT, keys.length, ...keys, ...args);
      const [accepted, newest, atUs] = answer as [number, string, string];
      const head = parseHead(newest);
      return accepted === 1 ? { head, at: formatTime(atUs) } : { newest: head.generation };
    } catch (error) {
      if (isRefusal(error)) throw this.#unavailable(error);
      if (isTimeout(error)) this.#silentMs = performance.now();
      return this.#lookFor(id, error);
    }
  }

  /**
   * Which of these heads, newest first, is in the log of changes, as an index, and where the log begins. `base` is the head
   * that its first change went on from, when everything before it was lost.
   */
  async common(
    heads: readonly Head[],
  ): Promise<{ index: number | undefined; first: number; base: Head | undefined }> {
    const args = heads.flatMap(({ generation, id }) => [String(generation), id]);
    const [place, first, base] = (await this.#ask(() =>
      this.#redis.eval(COMMON, 1, this.#keys.changes, ...args),
    )) as [number, string, string];
    return {
      index: place === 0 ? undefined : place - 1,
      first: Number(first),
      base: base === "" ? undefined : parseHead(base),
    };
  }

  /** Accepted changes, newest first, from the generation `before` (not counted) down. */
  async changes(limit: number, before?: number): Promise<Change[]> {
    if (limit <= 0) return [];
    const from = before === undefined ? "+" : `(${before}-0`;
    const entries = await this.#ask(() =>
      this.#redis.xrevrange(this.#keys.changes, from, "-", "COUNT", limit),
    );
    return entries.map(readChange);
  }

  /** The change that made a generation; undefined when it is not known (any more). `whole` wants the parts of a large one too. */
  async change(generation: number, whole = false): Promise<Change | undefined> {
    const id = `${generation}-0`;
    const entries = await this.#ask(() => this.#redis.xrange(this.#keys.changes, id, id));
    const entry = entries[0];
    if (entry === undefined) return undefined;
    const change = readChange(entry);
    const { pieces = 0 } = JSON.parse(entry[1][5]!) as StoredChange;
    if (!whole || pieces === 0) return change;
    const parts = await this.#readPieces(entry[1][1]!, pieces);
    if (parts === undefined) return change;
    const { namesOnly, ...rest } = change;
    return { ...rest, parts };
  }

  /** Ends the connection; what is under way fails. */
  close(): void {
    this.#redis.disconnect();
  }

  async #readSome(keys: readonly DocumentKey[]): Promise<(StoredText & { key: DocumentKey })[]> {
    const { documents, versions } = this.#keys;
    const [texts, stored] = (await this.#ask(() =>
      this.#redis.eval(READ, 2, documents, versions, ...keys),
    )) as [(string | null)[], (string | null)[]];
    return keys.flatMap((key, i) => {
      const [text, version] = [texts[i], stored[i]];
      return text == null || version == null ? [] : [{ key, text, stamp: parseVersion(version).stamp }];
    });
  }

  /** The time after it, in seconds since 1970 by the clock of Redis. */
  async #stage(id: string, documents: readonly [DocumentKey, StoredText][]): Promise<number> {
    const [staged, stamps] = [this.#keys.staged(id), this.#keys.stagedStamps(id)];
    let [fields, octets]: [string[], number] = [[], 0];
    const send = async () => {
      const some = fields;
      [fields, octets] = [[], 0];
      return this.#ask(() => this.#redis.eval(STAGE, 2, staged, stamps, String(STAGED_SECONDS), ...some));
    };
    for (const [key, { text, stamp }] of documents) {
      const length = Buffer.byteLength(text);
      fields.push(key, text, `${stamp} ${length}`);
      octets += length;
      if (octets >= CHUNK_OCTETS) await send();
    }
    return Number(await send());
  }

  async #stagePieces(id: string, pieces: readonly Buffer[]): Promise<void> {
    const key = this.#keys.parts(id);
    for (const [i, piece] of pieces.entries()) {
      await this.#ask(() =>
        Promise.all([this.#redis.hset(key, String(i), piece), this.#redis.expire(key, STAGED_SECONDS)]),
      );
    }
  }

  /** Undefined when they are not kept any more. */
  async #readPieces(id: string, count: number): Promise<PartChange[] | undefined> {
    const pieces: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const piece = await this.#ask(() => this.#redis.hgetBuffer(this.#keys.parts(id), String(i)));
      if (piece === null) return undefined;
      pieces.push(piece);
    }
    return unpackParts(pieces);
  }

  /** The command may have been carried out though its answer did not come. */
  async #lookFor(id: string, cause: unknown): Promise<TextCommitted> {
    const deadlineMs = performance.now() + LOST_ANSWER_MS_MAX;
    while (performance.now() < deadlineMs) {
      await sleep(LOST_ANSWER_WAIT_MS);
      try {
        const entries = await this.#redis.xrevrange(this.#keys.changes, "+", "-", "COUNT", 100);
        const found = entries.find(([, fields]) => fields[1] === id);
        if (found === undefined) break;
        return { head: { generation: generationOf(found[0]), id }, at: readChange(found).at };
      } catch {
        // Still not to be asked; try again.
      }
    }
    throw this.#unavailable(cause);
  }

  #unavailable(error: unknown): WindroseError {
    return redisUnavailable(error, this.#trouble);
  }

  async #ask<Answer>(command: () => Promise<Answer>): Promise<Answer> {
    this.#requireVoice();
    return this.#tell(command);
  }

  async #tell<Answer>(command: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await command();
      this.state = { isUp: true, seenMs: Date.now() };
      this.#silentMs = Number.NEGATIVE_INFINITY;
      return answer;
    } catch (error) {
      this.state = { ...this.state, isUp: false };
      if (isTimeout(error)) this.#silentMs = performance.now();
      throw this.#unavailable(error);
    }
  }

  /**
   * Throws while Redis keeps a connection and says nothing. Edits are made one after the other; if each waited for its own
   * command to time out, the last of many would be told after minutes.
   */
  #requireVoice(): void {
    if (performance.now() - this.#silentMs >= SILENCE_MS) return;
    this.#listening ??= this.head()
      .catch(() => {}) // who asked is told anyway
      .finally(() => {
        this.#listening = undefined;
      });
    throw this.#unavailable(new Error("it has a connection, and has not answered for a while"));
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === "Command timed out";
}

function parseHead(text: string): Head {
  const space = text.indexOf(" ");
  return { generation: Number(text.slice(0, space)), id: text.slice(space + 1) };
}

function formatHead({ generation, id }: Head): string {
  return `${generation} ${id}`;
}

function parseVersion(text: string): Version {
  const [generation, stamp, octets] = text.split(" ") as [string, string, string];
  return { generation: Number(generation), stamp, octets: Number(octets) };
}

function parseKeys(json: string): DocumentKey[] {
  return JSON.parse(json) as DocumentKey[];
}

function formatKeys(keys: readonly DocumentKey[]): string {
  return JSON.stringify(keys);
}

/** Which documents it touched, without before and after. */
function formatLarge(change: StoredChange, keys: readonly DocumentKey[], pieces: number): string {
  return JSON.stringify({ ...change, parts: keys.map((key): PartChange => ({ key, path: [] })), pieces });
}

function readChange([entry, fields]: [string, string[]]): Change {
  const { author, reason, at, parts, pieces } = JSON.parse(fields[5]!) as StoredChange;
  // Of before Redis told the time: by the clock of its writer.
  const acceptedUs = fields[9];
  return {
    generation: generationOf(entry),
    at: acceptedUs === undefined ? at : formatTime(acceptedUs),
    author,
    reason,
    parts,
    ...(pieces === undefined ? {} : { namesOnly: true as const }),
  };
}

/** RFC 3339, from microseconds since 1970. */
function formatTime(us: string): string {
  return new Date(Number(us) / 1000).toISOString();
}

function generationOf(entry: string): number {
  return Number(entry.slice(0, entry.indexOf("-")));
}

function partsOf(wanted: readonly { readonly key: DocumentKey; readonly octets: number }[]): DocumentKey[][] {
  const parts: DocumentKey[][] = [];
  let octets = Number.POSITIVE_INFINITY;
  for (const { key, octets: more } of wanted) {
    const last = parts.at(-1);
    if (last === undefined || octets + more > READ_OCTETS || last.length >= READ_KEYS_MAX) {
      parts.push([key]);
      octets = more;
    } else {
      last.push(key);
      octets += more;
    }
  }
  return parts;
}
