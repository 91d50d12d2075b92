/**
 * Cuts master-file text (RFC 1035 section 5.1) into entries and entries into tokens.
 *
 *   www 300 IN TXT ( "a b"  ; a comment
 *                    c\;d )            one entry: www, 300, IN, TXT, `a b` (quoted), c\;d
 *
 * An entry is a line, or several where parentheses are open. Comments, blanks and quotes
 * are dealt with here; escapes stay as they are, for only the reader of a token knows
 * whether `\.` is a dot within a label. Reading never throws: an entry that cannot be cut
 * carries a fault, and the next line starts afresh.
 *
 * Quotes also open behind `=` within a word, for the `alpn="h2,h3"` of RFC 9460 appendix A.
 *
 * @module
 */
import { PresentationError } from "../lib/errors.ts";

/** A word of an entry. */
export interface Token {
  /** As written, escapes kept, quotes removed. */
  readonly text: string;
  /** True when the whole token stood in quotes: `"@"` is a string, `@` may be the origin. */
  readonly quoted: boolean;
  /** Where it starts in the source text, at its quote if it has one; UTF-16 units. */
  readonly offset: number;
}

/** One master-file entry. */
export interface Entry {
  readonly tokens: readonly Token[];
  /** The line starts with a blank: the owner is that of the entry before. */
  readonly startsWithBlank: boolean;
  /** Of the first token, or of the fault when there is none. */
  readonly offset: number;
  /** Why the entry is not whole; its tokens are those before the fault. */
  readonly fault?: { readonly message: string; readonly offset: number };
}

/** The entries of a text that have tokens or a fault; blank lines and comments are passed over. */
export function* lexEntries(text: string): Generator<Entry, void, undefined> {
  const scanner = new Scanner(text, false);
  while (!scanner.isAtEnd) {
    const entry = scanner.readEntry();
    if (entry !== undefined) yield entry;
  }
}

/**
 * The tokens of one record's rdata that does not stand in a master file. Line breaks are
 * blanks. A comment is refused: in `v=DKIM1; k=rsa` all behind the semicolon would be lost
 * without a word. Throws a PresentationError.
 */
export function lexRdata(text: string): readonly Token[] {
  const scanner = new Scanner(text, true);
  const entry = scanner.readEntry();
  if (entry?.fault !== undefined) throw new PresentationError(entry.fault.message, entry.fault.offset);
  return entry?.tokens ?? [];
}

const BYTE_ORDER_MARK = "\ufeff";

class Scanner {
  readonly #text: string;
  readonly #isRdata: boolean;
  #at: number;
  #fault: Entry["fault"];

  constructor(text: string, isRdata: boolean) {
    this.#text = text;
    this.#isRdata = isRdata;
    this.#at = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  readEntry(): Entry | undefined {
    const first = this.#text[this.#at];
    const startsWithBlank = first === " " || first === "\t";
    const tokens: Token[] = [];
    this.#fault = undefined;
    this.#readTokens(tokens);
    const fault = this.#fault as Entry["fault"]; // set by the call, which the compiler cannot see
    if (fault !== undefined) {
      this.#skipLine();
      return { tokens, startsWithBlank, offset: tokens[0]?.offset ?? fault.offset, fault };
    }
    return tokens.length === 0 ? undefined : { tokens, startsWithBlank, offset: tokens[0]!.offset };
  }

  /** Reads to the end of the entry, past its line break, or up to a fault. */
  #readTokens(tokens: Token[]): void {
    const opened: number[] = []; // offsets of the parentheses that are open
    for (; this.#at < this.#text.length && this.#fault === undefined; ) {
      const char = this.#text[this.#at]!;
      if (char === "\n") {
        this.#at++;
        if (opened.length === 0 && !this.#isRdata) return;
      } else if (char === " " || char === "\t" || char === "\r") {
        this.#at++;
      } else if (char === ";") {
        if (this.#isRdata) {
          this.#fail('";" starts a comment, and the rest would be lost; put the text in quotes or write \\;');
        } else this.#skipComment();
      } else if (char === "(") {
        opened.push(this.#at++);
      } else if (char === ")") {
        if (opened.pop() === undefined) this.#fail('")" closes nothing; remove it or open with "("');
        else this.#at++;
      } else {
        const token = char === '"' ? this.#readQuoted() : this.#readWord();
        if (token !== undefined) tokens.push(token);
      }
    }
    const unclosed = opened.at(-1);
    if (this.#fault === undefined && unclosed !== undefined) {
      this.#fail('"(" is never closed; add ")" where the record ends', unclosed);
    }
  }

  #readQuoted(): Token | undefined {
    const offset = this.#at;
    const text = this.#readToQuote();
    return text === undefined ? undefined : { text, quoted: true, offset };
  }

  #readWord(): Token | undefined {
    const offset = this.#at;
    let text = "";
    let start = offset;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (char === "\\") {
        if (!this.#skipEscape()) return undefined;
      } else if (char === '"' && this.#text[this.#at - 1] === "=" && this.#at > offset) {
        text += this.#text.slice(start, this.#at);
        const quoted = this.#readToQuote();
        if (quoted === undefined) return undefined;
        text += quoted;
        start = this.#at;
        break;
      } else if (WORD_ENDS.has(char)) break;
      else this.#at++;
    }
    return { text: text + this.#text.slice(start, this.#at), quoted: false, offset };
  }

  /** From an opening quote to behind the closing one; what is between, or undefined and a fault. */
  #readToQuote(): string | undefined {
    const opening = this.#at++;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (char === '"') return this.#text.slice(opening + 1, this.#at++);
      if (char === "\n") break;
      if (char === "\\") {
        if (!this.#skipEscape()) return undefined;
      } else this.#at++;
    }
    this.#fail("the quote is not closed on its line; close it, or write \\010 for a line break", opening);
    return undefined;
  }

  /** A backslash and what it escapes; whether `\DDD` is well-formed is the token's reader's to say. */
  #skipEscape(): boolean {
    const next = this.#text[this.#at + 1];
    if (next === undefined || next === "\n" || next === "\r") {
      this.#fail("a backslash at the end of a line escapes nothing; use parentheses to continue a record");
      return false;
    }
    this.#at += 2;
    return true;
  }

  #skipComment(): void {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #skipLine(): void {
    this.#skipComment();
    this.#at++;
  }

  #fail(message: string, offset = this.#at): void {
    this.#fault = { message, offset };
  }
}

const WORD_ENDS = new Set([" ", "\t", "\r", "\n", ";", "(", ")", '"']);
