/**
 * A trace as a tree for people. All that it says is in the trace; nothing is decided here.
 *
 *   A from pool web: 192.0.2.10 (eu-1)
 *   ├─ pool web is up: 2 of 2 members are up, min-up is 1
 *   │  ├─ members
 *   │  │  ├─ eu  pool eu  up  weight 1  stands
 *   │  │  └─ us  pool us  up  weight 1  stands
 *   │  ├─ step proximity: eu us → eu us
 *   │  │  ├─ eu  distance 780 km   stays
 *   │  │  └─ us  distance 6120 km  stays
 *   │  └─ kept eu: 192.0.2.10
 *   │     └─ pool eu is up: …
 *   └─ depends on 198.51.100.0/22: step proximity of pool web looked that closely
 *
 * @module
 */
import { type Branch, branch, formatTree } from "../lib/tree.ts";
import type { ChoiceTrace, KeptTrace, MemberTrace, PoolTrace, StepTrace, Trace } from "./trace.ts";

/** Rows longer than this have what became of the member in a line of its own; the tree needs some columns too. */
const ROW_COLUMNS_MAX = 90;

/** Lines without a final newline; empty when nothing was chosen. */
export function formatTrace(trace: Trace): string {
  return trace.choices.map((choice) => formatTree(choiceBranch(choice))).join("\n");
}

function choiceBranch(choice: ChoiceTrace): Branch {
  const answers = choice.answers.map(({ member, answer }) => `${answer} (${member})`).join(", ");
  const text = `${choice.asked} from pool ${choice.pool.pool}: ${answers || "NODATA"}`;
  return branch(text, [
    ...(choice.degraded ? [branch("DEGRADED: a pool on the way was down")] : []),
    poolBranch(choice.pool),
    branch(
      choice.lookedAt === null
        ? "the same for every client: nothing depended on where it is"
        : `depends on ${choice.lookedAt}: ${narrowestStep(choice)}`,
    ),
  ]);
}

/** Which step looked at as much of the client as the choice did. */
function narrowestStep({ pool, scopePrefixLength }: ChoiceTrace): string {
  const found = stepsBelow(pool).find(({ step }) => step.scopePrefixLength === scopePrefixLength);
  if (found === undefined) return "as much of the client was looked at";
  return `step ${found.step.step} of pool ${found.pool} looked that closely`;
}

function stepsBelow(pool: PoolTrace): { step: StepTrace; pool: string }[] {
  const below = [...pool.kept.map((kept) => kept.pool), pool.lastResort].filter((each) => each !== null);
  return [...pool.steps.map((step) => ({ step, pool: pool.pool })), ...below.flatMap(stepsBelow)];
}

function poolBranch(pool: PoolTrace): Branch {
  return branch(`pool ${pool.pool} is ${pool.verdict}`, [
    branch("members", memberBranches(pool.members)),
    ...pool.steps.map(stepBranch),
    ...pool.kept.map(keptBranch),
    ...(pool.lastResort === null ? [] : [poolBranch(pool.lastResort)]),
  ]);
}

function memberBranches(members: readonly MemberTrace[]): Branch[] {
  const rows = members.map((member) => [
    member.member,
    member.kind === "endpoint" ? member.answers.join(" ") : `${member.kind} ${member.answers.join(" ")}`,
    member.health === "up" ? "up" : "DOWN",
    `weight ${formatNumber(member.weight)}`,
    member.stands ? member.why : `out: ${member.why}`,
  ]);
  return alignColumns(rows).map((text) => branch(text));
}

function stepBranch(step: StepTrace): Branch {
  const options = Object.entries(step.options).map(([key, value]) => `${key} ${formatOption(value)}`);
  const name = options.length === 0 ? step.step : `${step.step} (${options.join(", ")})`;
  return branch(`step ${name}: ${step.considered.join(" ")} → ${step.kept.join(" ")}`, [
    ...candidateBranches(step),
    ...step.draws.map((draw) =>
      branch(`drew ${formatNumber(draw.drawn)} of ${formatNumber(draw.total)}: ${draw.member}`),
    ),
    ...step.why.map((why) => branch(why)),
  ]);
}

/** A row for each member of which the step has something to say: its numbers, and whether it stays. */
function candidateBranches(step: StepTrace): Branch[] {
  const keys = [...new Set(step.numbers.flatMap(({ values }) => Object.keys(values)))];
  const numbers = new Map(step.numbers.map(({ member, values }) => [member, values]));
  const dropped = new Map(step.dropped.map(({ member, why }) => [member, why]));
  // Those with numbers in the step's own order, the others behind them.
  const members = [...new Set([...numbers.keys(), ...dropped.keys()])];
  const rows = members.map((member) => {
    const values = numbers.get(member);
    const cells = keys.map((key) => {
      const value = values?.[key];
      return value === undefined ? "" : `${key} ${formatNumber(value)}`;
    });
    return [member, ...cells];
  });
  const fates = members.map((member) => {
    const why = dropped.get(member);
    return why !== undefined ? `out: ${why}` : dropped.size > 0 ? "stays" : "";
  });
  const whole = alignColumns(rows.map((row, i) => [...row, fates[i]!]));
  if (whole.every((text) => text.length <= ROW_COLUMNS_MAX)) return whole.map((text) => branch(text));
  return alignColumns(rows).map((text, i) => branch(text, fates[i] === "" ? [] : [branch(fates[i]!)]));
}

function keptBranch(kept: KeptTrace): Branch {
  const result = kept.added.length > 0 ? `kept ${kept.member}: ${kept.added.join(", ")}` : "";
  return branch(
    result || `passed over ${kept.member}: ${kept.passedOver}`,
    kept.pool === null ? [] : [poolBranch(kept.pool)],
  );
}

function alignColumns(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .filter((_, column) => widths[column]! > 0)
      .join("  ")
      .trimEnd(),
  );
}

/** At most three decimals, as few as are needed. */
function formatNumber(value: number | string): string {
  return typeof value === "string" ? value : String(Math.round(value * 1000) / 1000);
}

function formatOption(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
