/**
 * Tokens in a file of the data folder, `tokens.json`: for one node. It is the truth: whoever changes it, the server or
 * `windrose token`, locks it, reads it, and writes it whole; whoever looks a token up takes note of a changed file. When tokens
 * were used is written at most once a minute.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { chmod, chown, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "../lib/durable-file.ts";
import { WindroseError } from "../lib/errors.ts";
import { withFileLocked } from "../lib/folder-lock.ts";
import type { KeptToken, TokenStore } from "./tokens.ts";

const FILE = "tokens.json";

/** So long a token may go on after somebody else revoked it; looking takes some microseconds. */
const LOOK_INTERVAL_MS = 100;

const TOUCH_DELAY_MS = 60_000;

/** The folder is there. Rejects with WindroseError "store-unavailable" for a file that cannot be read. */
export async function openTokenFile(dataFolder: string): Promise<TokenStore> {
  const path = join(dataFolder, FILE);
  try {
    await chmod(path, 0o600); // somebody may have copied it here
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unavailable("read", path, error);
  }
  return new TokenFile(path);
}

class TokenFile implements TokenStore {
  readonly #path: string;
  #tokens: ReadonlyMap<string, KeptToken> = new Map();
  /** Of the file that the tokens were read from. */
  #stamp = "";
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** Uses that are not written yet: RFC 3339, by id. */
  readonly #touched = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#read();
  }

  async list(): Promise<readonly KeptToken[]> {
    this.#read();
    return [...this.#tokens.values()].map((token) => this.#withUse(token));
  }

  async find(id: string): Promise<KeptToken | undefined> {
    if (performance.now() - this.#lookedMs >= LOOK_INTERVAL_MS) this.#read();
    const token = this.#tokens.get(id);
    return token && this.#withUse(token);
  }

  put(token: KeptToken, isGood?: (now: readonly KeptToken[]) => boolean): Promise<boolean> {
    return this.#change((tokens) => {
      if (isGood?.([...tokens.values()]) === false) return false;
      tokens.set(token.id, token);
      return true;
    });
  }

  touch(id: string, lastUsedAt: string): void {
    this.#touched.set(id, lastUsedAt);
    this.#timer ??= setTimeout(() => void this.#writeTouched(), TOUCH_DELAY_MS).unref();
  }

  async close(): Promise<void> {
    await this.#writeTouched();
  }

  async #writeTouched(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#touched.size > 0) await this.#change(() => true).catch(() => {}); // the next change tries again
  }

  /** `apply` says whether to write what it left. */
  async #change(apply: (tokens: Map<string, KeptToken>) => boolean): Promise<boolean> {
    const work = async () => {
      this.#read();
      const touched = new Map(this.#touched);
      const tokens = new Map([...this.#tokens].map(([id, token]) => [id, this.#withUse(token)]));
      if (!apply(tokens)) return false;
      await this.#write(tokens);
      for (const [id, at] of touched) if (this.#touched.get(id) === at) this.#touched.delete(id);
      this.#read(); // known only when it is kept
      return true;
    };
    return withFileLocked(this.#path, work).catch((error: unknown) => {
      throw error instanceof WindroseError ? error : unavailable("write", this.#path, error);
    });
  }

  #withUse(token: KeptToken): KeptToken {
    const lastUsedAt = this.#touched.get(token.id);
    return lastUsedAt === undefined ? token : { ...token, lastUsedAt };
  }

  /** Unless the file is the one that was read last. */
  #read(): void {
    this.#lookedMs = performance.now();
    try {
      const stats = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
      const stamp = stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
      if (stamp === this.#stamp) return;
      const text = stamp === "" ? "" : readFileSync(this.#path, "utf8");
      const tokens = text === "" ? [] : (JSON.parse(text) as { tokens: KeptToken[] }).tokens;
      this.#tokens = new Map(tokens.map((token) => [token.id, token]));
      this.#stamp = stamp;
    } catch (error) {
      throw unavailable("read", this.#path, error);
    }
  }

  async #write(tokens: ReadonlyMap<string, KeptToken>): Promise<void> {
    const text = JSON.stringify({ tokens: [...tokens.values()] }, null, 1);
    // Made first, for nobody else: what replaces it has its mode.
    await (await open(this.#path, "a", 0o600)).close();
    const { uid, gid } = await stat(this.#path);
    await writeDurably(this.#path, `${text}\n`);
    // What root wrote is still the server's.
    if (process.getuid?.() === 0) await chown(this.#path, uid, gid);
  }
}

function unavailable(what: "read" | "write", path: string, error: unknown): WindroseError {
  const reason = error instanceof Error ? error.message : String(error);
  return new WindroseError("store-unavailable", `Cannot ${what} "${path}": ${reason}`, {
    path,
    cause: error,
  });
}
