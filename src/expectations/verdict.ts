/**
 * Whether answers are as expected, and the sentence that says what came instead.
 *
 * @module
 */
import type { Share } from "../documents/expectations.ts";
import type { ChoiceTrace } from "../steering/trace.ts";
import type { AskingNetwork } from "./asker.ts";
import { formatNetwork } from "./clients.ts";
import { NODATA, type Origin, originsOf } from "./outcomes.ts";
import { whyOf } from "./why.ts";

export interface Trial {
  /** The question and who asks it, for messages. */
  readonly who: string;
  readonly networks: readonly AskingNetwork[];
  /** How many to look at, over all networks. */
  readonly answers: number;
  /** What led to one answer; several choices where CNAMEs led from one steered name to another. */
  readonly ask: (network: AskingNetwork) => readonly ChoiceTrace[];
  /** Is a member, as pool/member, what is expected, or on the way there? */
  readonly leads: (member: string) => boolean;
}

/** `outcomes` as written, `names` as Origin knows them. Undefined when the expectation holds. */
export function testAnswers(
  kind: "then" | "never",
  outcomes: readonly string[],
  names: readonly string[],
  { who, networks, answers, ask, leads }: Trial,
): string | undefined {
  const rounds = Math.ceil(answers / networks.length);
  let first: { network: AskingNetwork; choice: ChoiceTrace } | undefined;
  let failing = 0;
  for (const network of networks) {
    for (let round = 0; round < rounds; round++) {
      const choices = ask(network);
      if (isAsExpected(kind, names, choices)) continue;
      failing++;
      first ??= { network, choice: choices.at(-1)! };
      break;
    }
  }
  if (first === undefined) return undefined;
  const { network, choice } = first;
  const expected = `expected ${kind === "then" ? "" : "never "}${outcomes.join(" or ")}`;
  const whom =
    networks.length > 1
      ? ` for ${formatNetwork(network)} (${failing} of ${networks.length} networks fail)`
      : "";
  const why = whyOf(choice.pool, kind === "then" ? leads : () => false);
  return `${who}: ${expected}, got ${formatOrigins(originsOf(choice))}${whom}${after(why)}`;
}

function isAsExpected(
  kind: "then" | "never",
  names: readonly string[],
  choices: readonly ChoiceTrace[],
): boolean {
  const isNamed = (origin: Origin) => names.some((name) => origin.names.has(name));
  const isNodataNamed = names.includes(NODATA);
  const answers = choices.map(originsOf);
  if (kind === "never")
    return !answers.some((origins) => (origins.length === 0 ? isNodataNamed : origins.some(isNamed)));
  // Of a chain of CNAMEs, any link may be what is meant.
  return answers.some((origins) => (origins.length === 0 ? isNodataNamed : origins.every(isNamed)));
}

function formatOrigins(origins: readonly Origin[]): string {
  return origins.map(({ answer, member }) => `${answer} (${member})`).join(" and ") || NODATA;
}

/**
 * So many that a true share in the middle of the narrowest range is five standard errors from its ends, whatever
 * the share is: an error is at most 0.5/√draws. That is 250,000 for 1 percent, and 2,500 for 10.
 */
export function drawsFor(shares: readonly Share[]): number {
  const narrowest = Math.min(...shares.map(({ min, max }) => (max - min) / 100));
  return Math.ceil((5 / narrowest) ** 2);
}

/** Counts what stands first in each answer, one for each of the networks. Undefined when the expectation holds. */
export function testShares(
  shares: readonly Share[],
  names: readonly string[],
  { who, networks, ask, leads, seed }: Omit<Trial, "answers"> & { seed: number },
): string | undefined {
  const tallies = names.map((name) => new Tally(name));
  const byMember = new Map<string, number>();
  const draws = networks.length;
  for (const network of networks) {
    const choices = ask(network);
    const firsts = choices.map((choice) => originsOf(choice)[0]);
    for (const tally of tallies) tally.count(firsts, choices.at(-1)!);
    const member = firsts.at(-1)?.member ?? NODATA;
    byMember.set(member, (byMember.get(member) ?? 0) + 1);
  }
  const percentOf = (count: number) => (100 * count) / draws;
  const wrong = shares.findIndex(({ min, max }, index) => {
    const percent = percentOf(tallies[index]!.hits);
    return percent < min || percent > max;
  });
  if (wrong < 0) return undefined;
  const { outcome, min, max } = shares[wrong]!;
  const { hits, hit, miss } = tallies[wrong]!;
  const isTooFew = percentOf(hits) < min;
  const most = [...byMember].sort(([, a], [, b]) => b - a).slice(0, MEMBERS_SHOWN_MAX);
  const all = most.map(([member, count]) => `${member} ${formatPercent(percentOf(count))}`).join(", ");
  const why = whyOf((isTooFew ? miss : hit)!.pool, isTooFew ? leads : () => false);
  const got = `got ${formatPercent(percentOf(hits))} of ${draws} draws with seed ${seed}: ${all}`;
  return `${who}: expected ${min}-${max}% from ${outcome}, ${got}${after(why)}`;
}

/** How often an outcome came, with an example of either. */
class Tally {
  readonly #name: string;
  hits = 0;
  hit: ChoiceTrace | undefined;
  miss: ChoiceTrace | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  count(firsts: readonly (Origin | undefined)[], choice: ChoiceTrace): void {
    if (firsts.some((origin) => origin?.names.has(this.#name) ?? this.#name === NODATA)) {
      this.hits++;
      this.hit ??= choice;
    } else this.miss ??= choice;
  }
}

const MEMBERS_SHOWN_MAX = 8;

function formatPercent(value: number): string {
  return `${Math.round(10 * value) / 10}%`;
}

function after(why: string): string {
  return why === "" ? "" : `; ${why}`;
}
