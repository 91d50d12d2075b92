/**
 * `windrose schema`: the JSON Schema of documents, for editors.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { formatSchema } from "../documents/schema.ts";
import type { Command, CommandIo } from "./command.ts";

const USAGE = `Usage: windrose schema [--write FILE]

Prints the JSON Schema of documents. An editor with YAML support uses it where a file begins with

  # yaml-language-server: $schema=./schema.json

  --write FILE   write it to a file instead
  --help         this help
`;

export const command: Command = {
  name: "schema",
  summary: "print the JSON Schema of documents, for editors",
  usage: USAGE,
  async run(args, io) {
    let file: string | undefined;
    try {
      const { values } = parseArgs({
        args,
        options: { write: { type: "string" }, help: { type: "boolean", short: "h" } },
      });
      if (values.help === true) {
        io.stdout.write(USAGE);
        return 0;
      }
      file = values.write;
    } catch (error) {
      io.stderr.write(`windrose schema: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
      return 2;
    }
    if (file === undefined) {
      io.stdout.write(formatSchema());
      return 0;
    }
    return writeSchema(file, io);
  },
};

async function writeSchema(file: string, io: CommandIo): Promise<number> {
  try {
    await writeFile(file, formatSchema());
  } catch (error) {
    io.stderr.write(`Cannot write "${file}": ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  io.stderr.write(`wrote ${file}\n`);
  return 0;
}
