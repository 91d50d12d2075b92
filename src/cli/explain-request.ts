/**
 * What `windrose explain` is asked: its arguments, read and checked.
 *
 * @module
 */
import { type Complain, type Question, type QuestionTexts, readQuestion } from "../explain/question.ts";
import { WindroseError } from "../lib/errors.ts";
import { API_FLAGS, ApiClient } from "./api-client.ts";
import { SERVE_FLAGS, settingsWith } from "./client-tables.ts";
import { type CommandIo, readFlags } from "./command.ts";
import type { SettingValues } from "./settings-table.ts";

export interface Request {
  readonly question: Question;
  /** As they were written, for who sends them on. */
  readonly texts: QuestionTexts;
  readonly json: boolean;
  /** Of `serve`, found as `serve` finds them; or a running server, which has its own. */
  readonly from: { readonly settings: SettingValues } | { readonly api: ApiClient };
}

export function readRequest(args: string[], io: CommandIo): Request | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help === true) return "help";
  const [name, type = "A", ...more] = positionals;
  if (name === undefined) throw usage("which name? give one, such as www.demo.test");
  if (more.length > 0) throw usage(`one name and one type at a time; what is "${more.join(" ")}"?`);
  const { client, resolver, "at-down": atDown, seed } = values;
  const texts = { name, type, client, resolver, atDown, seed };
  return {
    question: readQuestion(texts, complainOfFlag),
    texts,
    json: values.json === true,
    from:
      values.url === undefined
        ? { settings: settingsWith(values, io.env) }
        : { api: new ApiClient(values, io.env) },
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
  return readFlags(args, {
    client: { type: "string" },
    resolver: { type: "string" },
    "at-down": { type: "string", multiple: true },
    seed: { type: "string" },
    json: { type: "boolean" },
    ...API_FLAGS,
    ...SERVE_FLAGS,
  });
}

function usage(message: string): WindroseError {
  return new WindroseError("usage", message);
}
