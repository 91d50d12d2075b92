/**
 * Logs: one JSON object in a line, or the same in colours where standard error is a terminal.
 * They go to standard error, so that standard output holds only what a command is asked for.
 *
 * Lines are written at once and in order. There are few of them, none for a single query, and
 * the last ones before an exit are those that are needed.
 *
 * @module
 */
import pino, { type Logger } from "pino";
import { prettyFactory } from "pino-pretty";

export interface LoggerOptions {
  readonly level: string;
  /** Fields of every line. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly to: { write(text: string): unknown; readonly isTTY?: boolean };
}

export function createLogger({ level, fields = {}, to }: LoggerOptions): Logger {
  if (to.isTTY !== true) return pino({ level, base: fields }, { write: (line) => to.write(line) });
  const format = prettyFactory({ colorize: true, translateTime: "SYS:HH:MM:ss.l", ignore: "region" });
  return pino({ level, base: fields }, { write: (line) => to.write(format(JSON.parse(line))) });
}
