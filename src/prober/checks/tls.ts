/**
 * Checks of type tls: a handshake, and a look at the certificate. See connection.ts, which does both.
 *
 * @module
 */
import type { MonitorDocument } from "../../documents/configuration.ts";
import type { MonitorText } from "../../documents/schema.ts";
import { runAttempt } from "./attempt.ts";
import type { Check, CheckOptions, CheckResult, CheckTarget } from "./check.ts";
import { openConnection, type TlsSettings, tlsSettings } from "./connection.ts";

type TlsText = Extract<MonitorText, { type: "tls" }>;

const HTTPS_PORT = 443;

export class TlsCheck implements Check {
  readonly #monitor: MonitorDocument;
  readonly #port: number;
  readonly #tls: TlsSettings;

  constructor(monitor: MonitorDocument, text: TlsText) {
    this.#monitor = monitor;
    this.#port = text.port ?? HTTPS_PORT;
    this.#tls = tlsSettings(text, []);
  }

  run(target: CheckTarget, options: CheckOptions): Promise<CheckResult> {
    return runAttempt(this.#monitor, options, (attempt) => {
      openConnection(attempt, target, this.#port, this.#tls, () => attempt.succeed());
    });
  }
}
