/**
 * What every command of `windrose` is: a name, its help, and a function from arguments to an
 * exit code (0 done, 1 fault found, 2 wrong usage). Input and output come in from outside, so
 * that a test runs a command without a process. Each command is one file here that exports
 * `command`; main.ts holds the table.
 *
 * @module
 */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { WindroseError } from "../lib/errors.ts";

export interface CommandIo {
  stdout: { write(s: string): unknown };
  stderr: { write(s: string): unknown };
  env: NodeJS.ProcessEnv;
}

export interface Command {
  name: string;
  /** One line, for the list that `windrose --help` prints. */
  summary: string;
  /** The whole help of the command, for `windrose COMMAND --help`. */
  usage: string;
  /** `args` are those after the command's name. Resolves to the exit code. */
  run(args: string[], io: CommandIo): Promise<number>;
}

/**
 * Tells what an operator did wrong, in a line or two, and answers the exit code. What we did wrong is thrown on, to
 * end the process with its stack.
 */
export function tellError(command: string, error: unknown, io: CommandIo): 1 | 2 {
  if (!(error instanceof WindroseError)) throw error;
  io.stderr.write(`windrose ${command}: ${error.message}\n`);
  if (error.code !== "usage") return 1;
  io.stderr.write(`windrose ${command} --help lists all\n`);
  return 2;
}

const HELP = { help: { type: "boolean", short: "h" } } as const;

type Flags<Options extends NonNullable<ParseArgsConfig["options"]>> = ReturnType<
  typeof parseArgs<{ args: string[]; allowPositionals: true; options: Options & typeof HELP }>
>;

/** The flags and other words of a command line; --help is always one. Throws WindroseError "usage". */
export function readFlags<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  args: string[],
  options: Options,
): Flags<Options> {
  try {
    return parseArgs({ args, allowPositionals: true, options: { ...options, ...HELP } });
  } catch (cause) {
    throw new WindroseError("usage", cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
