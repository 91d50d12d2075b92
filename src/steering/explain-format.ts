/**
 * A trace as a tree for people. All that it says is in the trace; nothing is decided here.
 *
 *   A from pool web: 192.0.2.10 (eu-1)
 *   └─ pool web is up: 2 of 2 members are up, min-up is 1
 *      ├─ members
 *      │  ├─ eu  pool eu  up  weight 1  stands
 *      │  └─ us  pool us  up  weight 1  stands
 *      ├─ step failover: eu us → eu us
 *      │  └─ in the order written eu is first of those that stand
 *      └─ kept eu: 192.0.2.10
 *         └─ pool eu is up: …
 *
 * @module
 */
import type { ChoiceTrace, KeptTrace, MemberTrace, PoolTrace, StepTrace, Trace } from "./trace.ts";

interface Node {
  readonly text: string;
  readonly children: readonly Node[];
}

/** Lines without a final newline; empty when nothing was chosen. */
export function formatTrace(trace: Trace): string {
  return trace.choices.flatMap((choice) => linesOf(choiceNode(choice))).join("\n");
}

function choiceNode(choice: ChoiceTrace): Node {
  const answers = choice.answers.map(({ member, answer }) => `${answer} (${member})`).join(", ");
  const text = `${choice.asked} from pool ${choice.pool.pool}: ${answers || "NODATA"}`;
  return node(text, [
    ...(choice.degraded ? [node("DEGRADED: a pool on the way was down")] : []),
    poolNode(choice.pool),
    node(
      choice.scopePrefixLength === 0
        ? "holds for every client: nothing depended on where it is"
        : `holds for the client's network of /${choice.scopePrefixLength}`,
    ),
  ]);
}

function poolNode(pool: PoolTrace): Node {
  return node(`pool ${pool.pool} is ${pool.verdict}`, [
    node("members", memberNodes(pool.members)),
    ...pool.steps.map(stepNode),
    ...pool.kept.map(keptNode),
    ...(pool.lastResort === null ? [] : [poolNode(pool.lastResort)]),
  ]);
}

function memberNodes(members: readonly MemberTrace[]): Node[] {
  const rows = members.map((member) => [
    member.member,
    member.kind === "endpoint" ? member.answers.join(" ") : `${member.kind} ${member.answers.join(" ")}`,
    member.health === "up" ? "up" : "DOWN",
    `weight ${formatNumber(member.weight)}`,
    member.stands ? member.why : `out: ${member.why}`,
  ]);
  return alignColumns(rows).map((text) => node(text));
}

function stepNode(step: StepTrace): Node {
  const options = Object.entries(step.options).map(([key, value]) => `${key} ${String(value)}`);
  const name = options.length === 0 ? step.step : `${step.step} (${options.join(", ")})`;
  return node(`step ${name}: ${step.considered.join(" ")} → ${step.kept.join(" ")}`, [
    ...step.numbers.map(({ member, values }) => {
      const numbers = Object.entries(values).map(([key, value]) => `${key} ${formatNumber(value)}`);
      return node(`${member}: ${numbers.join(", ")}`);
    }),
    ...step.draws.map((draw) =>
      node(`drew ${formatNumber(draw.drawn)} of ${formatNumber(draw.total)}: ${draw.member}`),
    ),
    ...step.dropped.map(({ member, why }) => node(`dropped ${member}: ${why}`)),
    ...step.why.map((why) => node(why)),
  ]);
}

function keptNode(kept: KeptTrace): Node {
  const result = kept.added.length > 0 ? `kept ${kept.member}: ${kept.added.join(", ")}` : "";
  return node(
    result || `passed over ${kept.member}: ${kept.passedOver}`,
    kept.pool === null ? [] : [poolNode(kept.pool)],
  );
}

function node(text: string, children: readonly Node[] = []): Node {
  return { text, children };
}

function linesOf({ text, children }: Node): string[] {
  const below = children.flatMap((child, i) => {
    const isLast = i === children.length - 1;
    return linesOf(child).map(
      (line, j) => (j === 0 ? (isLast ? "└─ " : "├─ ") : isLast ? "   " : "│  ") + line,
    );
  });
  return [text, ...below];
}

function alignColumns(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

/** At most three decimals, as few as are needed. */
function formatNumber(value: number | string): string {
  return typeof value === "string" ? value : String(Math.round(value * 1000) / 1000);
}
