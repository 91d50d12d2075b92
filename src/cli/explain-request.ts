/**
 * What `windrose explain` is asked: its arguments, read and checked.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type Complain, type Question, type QuestionTexts, readQuestion } from "../explain/question.ts";
import { WindroseError } from "../lib/errors.ts";
import { SERVE_FLAGS, settingsWith } from "./client-tables.ts";
import type { CommandIo } from "./command.ts";
import type { SettingValues } from "./settings-table.ts";

export interface Request {
  readonly question: Question;
  readonly json: boolean;
  /** Of `serve`, found as `serve` finds them. */
  readonly settings: SettingValues;
}

export function readRequest(args: string[], io: CommandIo): Request | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help === true) return "help";
  const [name, type = "A", ...more] = positionals;
  if (name === undefined) throw usage("which name? give one, such as www.demo.test");
  if (more.length > 0) throw usage(`one name and one type at a time; what is "${more.join(" ")}"?`);
  const { client, resolver, "at-down": atDown, seed } = values;
  return {
    question: readQuestion({ name, type, client, resolver, atDown, seed }, complainOfFlag),
    json: values.json === true,
    settings: settingsWith(values, io.env),
  };
}

/** Name and type are arguments without a flag, and quoted well enough. */
export const complainOfFlag: Complain = (field, message) => {
  return usage(field === "name" || field === "type" ? message : `--${FLAG_OF[field]} ${message}`);
};

const FLAG_OF: Readonly<Record<keyof QuestionTexts, string>> = {
  name: "name",
  type: "type",
  client: "client",
  resolver: "resolver",
  atDown: "at-down",
  seed: "seed",
};

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        client: { type: "string" },
        resolver: { type: "string" },
        "at-down": { type: "string", multiple: true },
        seed: { type: "string" },
        json: { type: "boolean" },
        ...SERVE_FLAGS,
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(message: string): WindroseError {
  return new WindroseError("usage", message);
}
