/**
 * A regular expression of an operator, run on text of a stranger, in bounded time.
 *
 * JavaScript's matcher backtracks: `(a+)+$` takes longer than the age of the world on some texts, and nothing else runs meanwhile.
 * So a match that could take long runs under a limit of V8, which costs some 300 µs, for it needs a thread to keep the time. Most
 * patterns cannot take long on most bodies, and those run as they are.
 *
 * @module
 */
import { createContext, Script } from "node:vm";

/** Half of the jitter that checks may start with: nothing else runs while a pattern does. */
const MATCH_MS_MAX = 25;
/** Some ns each, so this is a few milliseconds at worst. */
const STEPS_MAX = 200_000;

const bench: { pattern: RegExp; text: string } = { pattern: /x/u, text: "" };
const context = createContext(bench);
const script = new Script("pattern.test(text)");

export class BoundedPattern {
  readonly source: string;
  readonly #pattern: RegExp;
  readonly #shape: Shape | null;

  /** Throws a SyntaxError for what is no pattern; documents are checked for that before. */
  constructor(source: string) {
    this.source = source;
    this.#pattern = new RegExp(source, "u");
    this.#shape = shapeOf(source);
  }

  /** Whether it matches; "too-slow" when that cannot be said in MATCH_MS_MAX. */
  test(text: string): boolean | "too-slow" {
    if (stepsMax(this.#shape, text.length) <= STEPS_MAX) return this.#pattern.test(text);
    bench.pattern = this.#pattern;
    bench.text = text;
    try {
      return script.runInContext(context, { timeout: MATCH_MS_MAX }) as boolean;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      return "too-slow";
    } finally {
      bench.text = "";
    }
  }
}

/** What of a pattern multiplies the ways in which it can match. */
interface Shape {
  /** Of repetitions, each up to the length of the text. */
  readonly repeats: number;
  /** Of choices between two ways. */
  readonly choices: number;
  readonly length: number;
}

/**
 * How many steps a match can take at most: it begins anywhere, and each repetition may be of any length. Null is a pattern in which a
 * group is repeated or referred to, where no such bound holds.
 */
function stepsMax(shape: Shape | null, length: number): number {
  if (shape === null) return Number.POSITIVE_INFINITY;
  return shape.length * 2 ** shape.choices * (length + 1) ** (shape.repeats + 1);
}

function shapeOf(source: string): Shape | null {
  // Escapes and classes are one character each; what begins a group counts nothing.
  const plain = source
    .replace(/\\[1-9k]/g, "\u0001")
    .replace(/\\(?:[pPu]\{[^}]*\}|.)/gu, "x")
    .replace(/\[[^\]]*\]/g, "x")
    .replace(/\(\?(?:<[=!]|[=!:]|<[^>]*>|[a-z-]*:)/g, "(");
  if (plain.includes("\u0001") || /\)[*+{]/.test(plain)) return null;
  const repeats = plain.match(/[*+]|\{/g)?.length ?? 0;
  const choices = plain.match(/[?|]/g)?.length ?? 0;
  return { repeats, choices, length: source.length };
}
