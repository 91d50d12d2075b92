/**
 * The webhooks of `serve`: where incidents are announced.
 *
 * @module
 */
import type { Logger } from "pino";
import { showIncident } from "../api/live/show.ts";
import type { Configuration } from "../documents/configuration.ts";
import type { HealthFace } from "../sync/health/health-face.ts";
import { Webhooks } from "../sync/health/webhooks.ts";
import { secretFrom } from "./secrets.ts";
import type { SettingValues } from "./settings-table.ts";
import { readVersion } from "./version.ts";

const SECRET = "WINDROSE_WEBHOOK_SECRET";

export interface WebhookParts {
  readonly health: HealthFace;
  readonly configuration: () => Configuration;
  readonly node: () => string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
}

/** Undefined where no URL is given. Throws WindroseError "settings-invalid" for a secret that cannot be read. */
export function startWebhooks(
  { webhook: urls }: Pick<SettingValues, "webhook">,
  { health, configuration, node, env, log }: WebhookParts,
): Webhooks | undefined {
  if (urls.length === 0) return undefined;
  const secret = secretFrom(env, SECRET) ?? null;
  if (secret === null) {
    log.warn(`webhooks are not signed, so anybody could send such; set ${SECRET}, or ${SECRET}_FILE`);
  }
  const webhooks = new Webhooks({
    urls,
    secret,
    node,
    userAgent: `windrose/${readVersion()}`,
    show: showIncident,
    isObserved: (monitor) => configuration().monitors.get(monitor)?.observe ?? false,
    log,
  });
  health.onChange((changes) => webhooks.announce(changes));
  return webhooks;
}
