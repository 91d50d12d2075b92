/**
 * Runs the examples of docs/reference/explain.md: its documents, its commands, and what it says they print.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/cli/explain.ts";
import { matchesOutput, parseTour } from "../repo/tour.ts";
import { readText } from "../repo/tree.ts";

const page = readText("docs/reference/explain.md");
const { steps } = parseTour(page);

let dir = "";

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "windrose-explain-page-"));
  writeFileSync(join(dir, "page.yaml"), /^```yaml\n([\s\S]*?)^```$/m.exec(page)![1]!);
});

afterAll(() => rmSync(dir, { recursive: true }));

async function run(args: string[]): Promise<string> {
  let out = "";
  const write = (text: string) => (out += text);
  await command.run(args, { stdout: { write }, stderr: { write }, env: { WINDROSE_ZONES: dir } });
  return out;
}

describe("docs/reference/explain.md", () => {
  test.each(steps)("$command", async ({ command: line, output }) => {
    const [program, name, ...args] = line.split(" ");
    expect([program, name]).toEqual(["windrose", "explain"]);
    const printed = await run(args);
    if (!matchesOutput(output, printed)) expect(printed.trimEnd()).toBe(output.join("\n"));
  });

  test("has an example that prints text", () => {
    expect(steps.length).toBeGreaterThan(0);
  });

  test("names every key of --json, and no other", async () => {
    const printed = await run([..."www.example.test --client 8.8.8.8 --json --at-down eu/eu-2".split(" ")]);
    const explanation = JSON.parse(printed);
    const rows = [...page.matchAll(/^\| (`.*?) \| (.*) \|$/gm)].map(([, keys, text]) => `${keys} ${text}`);
    const explained = (key: string) =>
      rows.some((row) => row.includes(`\`${key}\``) || row.includes(`\`${key}[]\``));
    for (const key of Object.keys(explanation)) {
      if (key !== "client" && key !== "trace") expect([key, explained(key)]).toEqual([key, true]);
    }
    for (const key of Object.keys(explanation.client)) {
      expect([key, explained(`client.${key}`)]).toEqual([key, true]);
    }
    const [choice] = explanation.trace.choices;
    const { reply } = explanation;
    const parts = [
      explanation.lookups[0],
      choice,
      choice.pool,
      choice.pool.members[0],
      choice.pool.steps[0],
      choice.pool.kept[0],
      reply,
      reply.answer[0],
      reply.ecs,
    ];
    for (const key of new Set(parts.flatMap((part) => Object.keys(part)))) {
      expect([key, explained(key)]).toEqual([key, true]);
    }
  });
});
