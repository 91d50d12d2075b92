import { expect, test } from "vitest";
import { createLogger } from "../../src/cli/logger.ts";

function written(isTTY: boolean, level = "info"): string[] {
  const lines: string[] = [];
  const log = createLogger({
    level,
    fields: { region: "eu-west" },
    to: { write: (line) => lines.push(line), isTTY },
  });
  log.debug({ a: 1 }, "looked");
  log.info({ address: "127.0.0.1:53" }, "listening");
  return lines;
}

test("createLogger() writes one JSON object in a line, with the fields of every line", () => {
  const lines = written(false);
  expect(lines.length).toBe(1);
  expect(lines[0]!.endsWith("}\n")).toBe(true);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 30,
    region: "eu-west",
    address: "127.0.0.1:53",
    msg: "listening",
  });
});

test("createLogger() writes for people on a terminal", () => {
  const [line] = written(true);
  expect(line).toContain("listening");
  expect(line).not.toContain('"msg"');
});

test("createLogger() keeps to the level", () => {
  expect(written(false, "debug").length).toBe(2);
  expect(written(false, "silent")).toEqual([]);
});
