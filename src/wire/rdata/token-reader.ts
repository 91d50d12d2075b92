/**
 * Reads the tokens of one record's rdata in turn, and knows how to point at the one that is
 * wrong.
 *
 * @module
 */
import { PresentationError } from "../../lib/errors.ts";
import type { Token } from "../lexer.ts";
import { type Name, parseName } from "../name.ts";

export class TokenReader {
  /** The mnemonic of the type that is read, for messages. */
  readonly type: string;
  readonly #tokens: readonly Token[];
  readonly #origin: Name | undefined;
  #index = 0;

  constructor(type: string, tokens: readonly Token[], origin: Name | undefined) {
    this.type = type;
    this.#tokens = tokens;
    this.#origin = origin;
  }

  get isAtEnd(): boolean {
    return this.#index >= this.#tokens.length;
  }

  /** The next token without taking it. */
  peek(): Token | undefined {
    return this.#tokens[this.#index];
  }

  /** Takes the next token, which is the field `field`. */
  take(field: string): Token {
    const token = this.#tokens[this.#index];
    if (token === undefined) {
      throw new PresentationError(
        `${this.type} ends before its ${field}; add the ${field}`,
        this.#endOffset(),
      );
    }
    this.#index++;
    return token;
  }

  /** Takes all tokens that are left, at least one. */
  takeRest(field: string): Token[] {
    const tokens = [this.take(field)];
    while (!this.isAtEnd) tokens.push(this.take(field));
    return tokens;
  }

  takeName(field: string): Name {
    const token = this.take(field);
    return this.within(token, () => parseName(token.text, this.#origin));
  }

  /** Throws when a token is left over. */
  requireEnd(): void {
    const extra = this.peek();
    if (extra !== undefined) throw this.error(extra, `${this.type} ends before "${extra.text}"; remove it`);
  }

  /** Runs a parser of the token's text; offsets of its errors become offsets in the source. */
  within<T>(token: Token, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof PresentationError)) throw error;
      throw this.error(token, `${this.type}: ${error.message}`, error.offset);
    }
  }

  /** An error that points into `token`, `inner` characters behind its start. */
  error(token: Token, message: string, inner = 0): PresentationError {
    return new PresentationError(message, token.offset + (token.quoted ? 1 : 0) + inner);
  }

  #endOffset(): number {
    const last = this.#tokens.at(-1);
    return last === undefined ? 0 : last.offset + last.text.length + (last.quoted ? 2 : 0);
  }
}
