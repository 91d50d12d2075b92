/**
 * Why an answer is not what was expected: of the sentences of the trace, which explain prints all, those that
 * decided. Where the expected member fell, and where another was put first.
 *
 * @module
 */
import { slotKey } from "../snapshot/snapshot.ts";
import type { KeptTrace, PoolTrace, StepTrace } from "../steering/trace.ts";

/** `leads` says whether a member, as pool/member, is or leads to what was expected. */
export function whyOf(top: PoolTrace, leads: (member: string) => boolean): string {
  const sentences: string[] = [];
  for (let next: PoolTrace | null = top; next !== null; ) {
    const trace: PoolTrace = next;
    const { pool, mode, verdict, members, lastResort }: PoolTrace = trace;
    const isExpected = ({ member }: { member: string }) => leads(slotKey(pool, member));
    const kept: KeptTrace | undefined = trace.kept.find(({ added }) => added.length > 0);
    const isOnTheWay = kept !== undefined && isExpected(kept);
    if (mode !== "normal") sentences.push(`pool ${pool} is ${verdict}`);
    const reasons = reasonsOf(trace, isExpected, isOnTheWay);
    if (reasons.length > 0) sentences.push(`in pool ${pool} ${reasons.join(", ")}`);
    // Below the point where the answer went another way, nothing can bring it back.
    const isAstray: boolean = kept !== undefined && !isOnTheWay && members.some(isExpected);
    next = isAstray ? null : (lastResort ?? kept?.pool ?? null);
  }
  return sentences.join("; ");
}

function reasonsOf(
  { members, steps }: PoolTrace,
  isExpected: (of: { member: string }) => boolean,
  isOnTheWay: boolean,
): string[] {
  const reasons: string[] = [];
  for (const member of members)
    if (!member.stands && isExpected(member)) reasons.push(`${member.member} is out: ${member.why}`);
  // A step that changed nothing decided where another than expected was first before it.
  const decisive =
    steps.findLast(hasDecided) ?? (isOnTheWay || reasons.length > 0 ? undefined : steps.at(-1));
  for (const step of steps) {
    const fallen = step.dropped.filter(isExpected);
    for (const { member, why } of fallen) reasons.push(`${step.step} dropped ${member}: ${why}`);
    if (step === decisive && fallen.length === 0) reasons.push(...wordsOf(step));
  }
  return reasons;
}

/** Did the step change which members are in the running, or their order? */
function hasDecided({ considered, kept }: StepTrace): boolean {
  return considered.length !== kept.length || considered.some((member, place) => member !== kept[place]);
}

function wordsOf({ step, why, draws, kept }: StepTrace): string[] {
  if (why.length > 0) return why.map((sentence) => `${step}: ${sentence}`);
  const [draw] = draws;
  if (draw !== undefined)
    return [`${step} drew ${shown(draw.drawn)} of ${shown(draw.total)}: ${draw.member}`];
  return kept[0] === undefined ? [] : [`${step} put ${kept[0]} first`];
}

function shown(value: number): number {
  return Math.round(1000 * value) / 1000;
}
