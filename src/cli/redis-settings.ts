/**
 * Where Redis is and how to be let in, from settings, variables and files.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { WindroseError } from "../lib/errors.ts";
import type { SettingValues } from "./settings-table.ts";

/** Not settings, for a flag can be read by every user of the machine. */
const PASSWORD = "WINDROSE_REDIS_PASSWORD";
const PASSWORD_FILE = "WINDROSE_REDIS_PASSWORD_FILE";

export interface RedisAccess {
  readonly url: string;
  readonly password?: string;
  /** PEM. */
  readonly ca?: string;
}

/** Undefined where Redis is not asked for. Throws WindroseError "settings-invalid" for a file that cannot be read. */
export function redisAccess(
  { redis, redisCa }: Pick<SettingValues, "redis" | "redisCa">,
  env: NodeJS.ProcessEnv,
): RedisAccess | undefined {
  if (redis === null) return undefined;
  const password = passwordFrom(env);
  return {
    url: redis,
    ...(password === undefined ? {} : { password }),
    ...(redisCa === null ? {} : { ca: readText(redisCa, "--redis-ca") }),
  };
}

function passwordFrom(env: NodeJS.ProcessEnv): string | undefined {
  const { [PASSWORD]: text = "", [PASSWORD_FILE]: file = "" } = env;
  if (text !== "" && file !== "") {
    throw new WindroseError("settings-invalid", `Both ${PASSWORD} and ${PASSWORD_FILE} are set; set one`);
  }
  if (text !== "") return text;
  return file === "" ? undefined : readText(file, PASSWORD_FILE).split(/\r?\n/, 1)[0]!;
}

function readText(file: string, askedBy: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WindroseError("settings-invalid", `Cannot use ${askedBy}: ${why}`, { file, cause });
  }
}
