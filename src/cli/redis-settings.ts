/**
 * Where Redis is and how to be let in, from settings, variables and files.
 *
 * @module
 */
import { readText, secretFrom } from "./secrets.ts";
import type { SettingValues } from "./settings-table.ts";

const PASSWORD = "WINDROSE_REDIS_PASSWORD";

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
  const password = secretFrom(env, PASSWORD);
  return {
    url: redis,
    ...(password === undefined ? {} : { password }),
    ...(redisCa === null ? {} : { ca: readText(redisCa, "--redis-ca") }),
  };
}
