/**
 * Incidents over a restart: `incidents.json` in the data folder, as IncidentLog lists them. Written some seconds after a
 * change, and at the end. What cannot be read or written costs the history, and nothing else.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Incident, IncidentLog } from "../../health/incident.ts";
import { writeDurably } from "../../lib/durable-file.ts";

const NAME = "incidents.json";
/** A storm of incidents writes the file once in so long. */
const WRITE_MS = 5000;

export class IncidentFile {
  /** What was in it at the start. */
  readonly loaded: readonly Incident[];
  readonly #path: string | null;
  readonly #log: Logger;
  #isChanged = false;
  #writtenMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string | null, loaded: readonly Incident[], log: Logger) {
    this.#path = path;
    this.loaded = loaded;
    this.#log = log;
  }

  /** Never rejects: a file that is damaged is logged, and counts as none. */
  static async open(dataDir: string | null, log: Logger): Promise<IncidentFile> {
    if (dataDir === null) return new IncidentFile(null, [], log);
    const path = join(dataDir, NAME);
    return new IncidentFile(path, await load(path, log), log);
  }

  changed(): void {
    this.#isChanged = true;
  }

  /** To be called often; writes where there is something new, and it is time to. */
  write(incidents: IncidentLog): void {
    if (performance.now() - this.#writtenMs >= WRITE_MS) void this.#write(incidents);
  }

  async close(incidents: IncidentLog): Promise<void> {
    await this.#write(incidents);
  }

  #write(incidents: IncidentLog): Promise<void> {
    const path = this.#path;
    if (!this.#isChanged || path === null) return this.#writing;
    this.#isChanged = false;
    this.#writtenMs = performance.now();
    const text = `${JSON.stringify({ format: 1, incidents: incidents.list() })}\n`;
    this.#writing = this.#writing
      .then(() => writeDurably(path, text))
      .catch((error: unknown) => this.#log.warn({ err: error }, "cannot keep incidents over a restart"));
    return this.#writing;
  }
}

async function load(path: string, log: Logger): Promise<Incident[]> {
  try {
    const value = JSON.parse(await readFile(path, "utf8")) as { incidents?: unknown };
    if (Array.isArray(value?.incidents)) return value.incidents.filter(isIncident);
    log.warn({ path }, "the file is damaged and counts as empty");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      log.warn({ path, err: error }, "the file cannot be read and counts as empty");
  }
  return [];
}

/** We wrote it; but a version before this one may have. */
function isIncident(value: unknown): value is Incident {
  if (typeof value !== "object" || value === null) return false;
  const { id, endpoint, verdictMs, applied, evidence } = value as Record<string, unknown>;
  const isNamed = typeof id === "string" && typeof endpoint === "string" && typeof verdictMs === "number";
  return isNamed && typeof applied === "object" && applied !== null && Array.isArray(evidence);
}
