/**
 * Tokens in a file of the data folder, `tokens.json`: for one node. Read once, written whole at each change, and after
 * uses at most once a minute.
 *
 * @module
 */
import { chmod, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "../lib/durable-file.ts";
import { WindroseError } from "../lib/errors.ts";
import type { KeptToken, TokenStore } from "./tokens.ts";

const FILE = "tokens.json";

/** The folder is there. Rejects with WindroseError "store-unavailable" for a file that cannot be read. */
export async function openTokenFile(dataFolder: string): Promise<TokenStore> {
  const path = join(dataFolder, FILE);
  let tokens: KeptToken[] = [];
  try {
    const text = await readFile(path, "utf8");
    if (text !== "") tokens = (JSON.parse(text) as { tokens: KeptToken[] }).tokens;
    await chmod(path, 0o600); // somebody may have copied it here
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unavailable("read", path, error);
  }
  return new TokenFile(path, tokens);
}

class TokenFile implements TokenStore {
  readonly #path: string;
  #tokens: ReadonlyMap<string, KeptToken>;
  #writing: Promise<void> = Promise.resolve();
  #isTouched = false;

  constructor(path: string, tokens: readonly KeptToken[]) {
    this.#path = path;
    this.#tokens = new Map(tokens.map((token) => [token.id, token]));
  }

  async list(): Promise<readonly KeptToken[]> {
    return [...this.#tokens.values()];
  }

  async find(id: string): Promise<KeptToken | undefined> {
    return this.#tokens.get(id);
  }

  /** One after the other: each file has what those before had. */
  put(token: KeptToken, isGood?: (now: readonly KeptToken[]) => boolean): Promise<boolean> {
    const written = this.#writing.then(async () => {
      if (isGood?.([...this.#tokens.values()]) === false) return false;
      await this.#write(new Map(this.#tokens).set(token.id, token));
      this.#tokens = new Map(this.#tokens).set(token.id, token); // known only when it is kept
      return true;
    });
    this.#writing = written.then(
      () => {},
      () => {},
    );
    return written;
  }

  touch(id: string, lastUsedAt: string): void {
    const token = this.#tokens.get(id);
    if (token === undefined) return;
    this.#tokens = new Map(this.#tokens).set(id, { ...token, lastUsedAt });
    if (this.#isTouched) return;
    this.#isTouched = true;
    setTimeout(() => void this.#writeTouched(), TOUCH_DELAY_MS).unref();
  }

  async close(): Promise<void> {
    await this.#writeTouched();
  }

  #writeTouched(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (!this.#isTouched) return;
      this.#isTouched = false;
      await this.#write(this.#tokens).catch(() => {}); // the next change tries again
    });
    return this.#writing;
  }

  async #write(tokens: ReadonlyMap<string, KeptToken>): Promise<void> {
    try {
      const text = JSON.stringify({ tokens: [...tokens.values()] }, null, 1);
      // Made first, for nobody else: what replaces it has its mode.
      await (await open(this.#path, "a", 0o600)).close();
      await writeDurably(this.#path, `${text}\n`);
    } catch (error) {
      throw unavailable("write", this.#path, error);
    }
  }
}

const TOUCH_DELAY_MS = 60_000;

function unavailable(what: "read" | "write", path: string, error: unknown): WindroseError {
  const reason = error instanceof Error ? error.message : String(error);
  return new WindroseError("store-unavailable", `Cannot ${what} "${path}": ${reason}`, {
    path,
    cause: error,
  });
}
