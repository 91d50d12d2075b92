/**
 * `windrose COMMAND ARGUMENTS`: finds the command, runs it, and turns what operators did wrong
 * into one line and an exit code. What we did wrong is not caught here: it ends the process
 * with its stack.
 *
 * @module
 */
import { nearestWord } from "../lib/nearest.ts";
import { type Command, type CommandIo, tellError } from "./command.ts";
import { readVersion } from "./version.ts";

/** Loaded when needed, so that `windrose check` does not wait for what only `serve` uses. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

/** Resolves to the exit code: 0 done, 1 fault found (a setting with a wrong value included), 2 wrong usage. */
export async function runProgram(
  args: readonly string[],
  commands: Commands,
  io: CommandIo,
): Promise<number> {
  const [word, ...rest] = args;
  if (word === "--version" || word === "-V") {
    io.stdout.write(`windrose ${readVersion()}\n`);
    return 0;
  }
  if (word === "--help" || word === "-h" || word === "help") {
    io.stdout.write(await help(commands));
    return 0;
  }
  if (word === undefined) {
    io.stderr.write(await help(commands));
    return 2;
  }
  const load = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (load === undefined) {
    io.stderr.write(`windrose: ${unknownWord(word, Object.keys(commands))}\n`);
    return 2;
  }
  try {
    const command = await load();
    return await command.run(rest, io);
  } catch (error) {
    return tellError(word, error, io);
  }
}

function unknownWord(word: string, known: readonly string[]): string {
  const isFlag = word.startsWith("-");
  const nearest = nearestWord(word, isFlag ? ["--help", "--version"] : known);
  const hint = nearest === undefined ? "windrose --help lists all commands" : `did you mean "${nearest}"?`;
  return `unknown ${isFlag ? "flag" : "command"} "${word}"; ${hint}`;
}

async function help(commands: Commands): Promise<string> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const width = Math.max(...loaded.map(({ name }) => name.length)) + 2;
  const lines = loaded.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}\n`).join("");
  return `Usage: windrose COMMAND [ARGUMENTS]

An authoritative DNS server that decides where traffic goes, and says why.

${lines}
  --help       this help; windrose COMMAND --help tells about one command
  --version    the version

Exit codes: 0 done, 1 fault found, 2 wrong usage.
`;
}
