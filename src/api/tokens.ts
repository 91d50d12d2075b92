/**
 * Who may use the API: bearer tokens.
 *
 *   wr_ID_SECRET     ID: 12 hex digits, to find it by and to speak of it; SECRET: 256 random bits, base64url
 *
 * Kept are the SHA-256 of the whole text, never the text: it is shown once, when the token is made. A plain hash will
 * do, as nobody guesses 256 bits, and it costs a request a microsecond. Hashes are compared in constant time.
 *
 * WINDROSE_ADMIN_TOKEN is a token of scope admin that is nowhere kept.
 *
 * @module
 */
import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { WindroseError } from "../lib/errors.ts";
import { type DocumentKey, idOf, kindOf } from "../store/document-key.ts";

/** Each may do what those before it may. */
export const SCOPES = ["read", "edit", "admin"] as const;

export type Scope = (typeof SCOPES)[number];

/** What a token allows. Where `zones` or `pools` is there, it is only for these documents. */
export interface Grant {
  readonly scope: Scope;
  /** Ids as Documents.ids() has them. */
  readonly zones?: readonly string[];
  readonly pools?: readonly string[];
}

/** A token as it is kept and shown, without its hash. Times are RFC 3339, UTC. */
export interface Token extends Grant {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  /** To the minute. */
  readonly lastUsedAt?: string;
}

export interface KeptToken extends Token {
  /** SHA-256 of the text, in hex. */
  readonly hash: string;
}

/** Where tokens are. Methods reject with WindroseError "store-unavailable". */
export interface TokenStore {
  list(): Promise<readonly KeptToken[]>;
  find(id: string): Promise<KeptToken | undefined>;
  /** Adds it, or replaces the one of its id; false, and nothing is done, where `isGood` says so of those that there are. */
  put(token: KeptToken, isGood?: (now: readonly KeptToken[]) => boolean): Promise<boolean>;
  /** May be forgotten should the process die. */
  touch(id: string, lastUsedAt: string): void;
  close(): Promise<void>;
}

/** Somebody with a good token. */
export interface Caller extends Grant {
  /** Of the token. */
  readonly id: string;
  readonly name: string;
}

export type TokenRefusal = "token-invalid" | "token-expired" | "token-revoked";

export interface TokenRequest extends Grant {
  readonly name: string;
  readonly expiresAt?: string;
}

const TEXT = /^wr_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** So that a token of the environment is not guessed: 16 characters of base64 are 96 bits. */
const ADMIN_TOKEN_LENGTH_MIN = 16;

const TOUCH_INTERVAL_MS = 60_000;

/** What is revoked or expired is listed for so long. */
const GONE_SHOWN_MS = 90 * 24 * 3_600_000;

export class Tokens {
  readonly #store: TokenStore;
  readonly #adminHash: Buffer | undefined;
  readonly #now: () => number;

  /** Throws WindroseError "settings-invalid" for an admin token that can be guessed. */
  constructor(store: TokenStore, options: { adminToken?: string | undefined; now: () => number }) {
    const { adminToken = "", now } = options;
    this.#store = store;
    this.#now = now;
    if (adminToken !== "" && adminToken.length < ADMIN_TOKEN_LENGTH_MIN) {
      const message = `WINDROSE_ADMIN_TOKEN has ${adminToken.length} characters; give it ${ADMIN_TOKEN_LENGTH_MIN} random ones at least`;
      throw new WindroseError("settings-invalid", message, { length: adminToken.length });
    }
    this.#adminHash = adminToken === "" ? undefined : sha256(adminToken);
  }

  /** Who has this token, or why it is none. */
  async authenticate(text: string): Promise<Caller | TokenRefusal> {
    const hash = sha256(text);
    if (this.#adminHash !== undefined && timingSafeEqual(hash, this.#adminHash))
      return { id: "environment", name: "WINDROSE_ADMIN_TOKEN", scope: "admin" };
    const id = TEXT.exec(text)?.[1];
    const token = id === undefined ? undefined : await this.#store.find(id);
    if (token === undefined || !timingSafeEqual(hash, Buffer.from(token.hash, "hex"))) return "token-invalid";
    if (token.revokedAt !== undefined) return "token-revoked";
    const nowMs = this.#now();
    if (isExpired(token, nowMs)) return "token-expired";
    if (token.lastUsedAt === undefined || nowMs - Date.parse(token.lastUsedAt) >= TOUCH_INTERVAL_MS)
      this.#store.touch(token.id, new Date(nowMs).toISOString());
    return token;
  }

  /** `text` is told here and never again. */
  async create(request: TokenRequest, createdBy: string): Promise<{ token: Token; text: string }> {
    const { token, kept, text } = this.#make(request, createdBy);
    await this.#store.put(kept);
    return { token, text };
  }

  /** Newest first; those that are long gone are left out. */
  async list(): Promise<Token[]> {
    const nowMs = this.#now();
    const kept = await this.#store.list();
    return kept
      .filter((token) => !isLongGone(token, nowMs))
      .map(({ hash, ...token }) => token)
      .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** "last" when nobody could manage tokens without it; then it stays. */
  async revoke(id: string): Promise<"revoked" | "unknown" | "last"> {
    const token = (await this.#store.list()).find((each) => each.id === id);
    if (token === undefined || token.revokedAt !== undefined) return "unknown";
    const isLast = (now: readonly KeptToken[]) => {
      if (token.scope !== "admin" || this.#adminHash !== undefined) return false;
      const admins = now.filter((each) => this.#isUsableAdmin(each));
      return admins.length === 1 && admins[0]!.id === id;
    };
    const revoked = { ...token, revokedAt: new Date(this.#now()).toISOString() };
    return (await this.#store.put(revoked, (now) => !isLast(now))) ? "revoked" : "last";
  }

  /** At the first start, or whenever nobody could manage anything: the text of a new token of scope admin. */
  async createFirst(): Promise<string | undefined> {
    if (this.#adminHash !== undefined) return undefined;
    const { kept, text } = this.#make({ name: "first", scope: "admin" }, "windrose");
    const isMissing = (now: readonly KeptToken[]) => !now.some((token) => this.#isUsableAdmin(token));
    return (await this.#store.put(kept, isMissing)) ? text : undefined;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #make(request: TokenRequest, createdBy: string): { token: Token; kept: KeptToken; text: string } {
    const id = randomBytes(6).toString("hex");
    const text = `wr_${id}_${randomBytes(32).toString("base64url")}`;
    const createdAt = new Date(this.#now()).toISOString();
    const token: Token = { id, ...request, createdAt, createdBy };
    return { token, kept: { ...token, hash: sha256(text).toString("hex") }, text };
  }

  #isUsableAdmin(token: KeptToken): boolean {
    return token.scope === "admin" && token.revokedAt === undefined && !isExpired(token, this.#now());
  }
}

export function isScopeWithin(needed: Scope, { scope }: Grant): boolean {
  return SCOPES.indexOf(scope) >= SCOPES.indexOf(needed);
}

/** May this document be read (and, with the scope for it, edited)? */
export function mayTouch(grant: Grant, key: DocumentKey): boolean {
  if (grant.zones === undefined && grant.pools === undefined) return true;
  const kind = kindOf(key);
  return kind !== "monitors" && grant[kind]?.includes(idOf(key)) === true;
}

/** Revoked or expired so long ago that nobody asks for it any more. */
export function isLongGone({ revokedAt, expiresAt }: Token, nowMs: number): boolean {
  return [revokedAt, expiresAt].some((at) => at !== undefined && Date.parse(at) <= nowMs - GONE_SHOWN_MS);
}

function isExpired({ expiresAt }: Token, nowMs: number): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= nowMs;
}

function sha256(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
