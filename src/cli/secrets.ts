/**
 * Secrets from variables and files: not settings, for a flag can be read by every user of the machine.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { WindroseError } from "../lib/errors.ts";

/** That of variable NAME, or the first line of the file that NAME_FILE names; undefined where neither is set. */
export function secretFrom(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const inFile = `${name}_FILE`;
  const { [name]: text = "", [inFile]: file = "" } = env;
  if (text !== "" && file !== "") {
    throw new WindroseError("settings-invalid", `Both ${name} and ${inFile} are set; set one`);
  }
  if (text !== "") return text;
  return file === "" ? undefined : readText(file, inFile).split(/\r?\n/, 1)[0]!;
}

/** A file that a setting names. Throws WindroseError "settings-invalid". */
export function readText(file: string, askedBy: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WindroseError("settings-invalid", `Cannot use ${askedBy}: ${why}`, { file, cause });
  }
}
