/**
 * Asks the API of a running server, for commands: where it is and with which token by --url and --token, or by WINDROSE_URL and
 * WINDROSE_TOKEN. What goes wrong becomes a WindroseError that says it in one line.
 *
 * @module
 */
import { WindroseError } from "../lib/errors.ts";

/** For parseArgs(). */
export const API_FLAGS = {
  url: { type: "string" },
  token: { type: "string" },
} as const;

export const API_FLAGS_HELP = `  --url URL       the server's API (WINDROSE_URL; http://127.0.0.1:8053)
  --token TOKEN   (WINDROSE_TOKEN, where it is not seen in a list of processes)`;

/** As `serve` listens without being told otherwise. */
const DEFAULT_URL = "http://127.0.0.1:8053";

/** A plan over many names takes some seconds; a server that does not answer within this is gone. */
const TIMEOUT_MS = 60_000;

export interface ApiAnswer {
  readonly status: number;
  /** As JSON says. */
  readonly body: unknown;
}

export interface ApiRequest {
  /** Left out where undefined. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON by POST; without, it is GET. */
  readonly body?: unknown;
  /** Statuses that are an answer besides 2xx. */
  readonly accept?: readonly number[];
}

export class ApiClient {
  readonly #url: URL;
  readonly #token: string | undefined;

  /** Throws WindroseError "usage" for what is no URL. */
  constructor(flags: { url?: string | undefined; token?: string | undefined }, env: NodeJS.ProcessEnv) {
    const text = flags.url ?? (env.WINDROSE_URL || DEFAULT_URL);
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol))
      throw new WindroseError("usage", `--url "${text}" is no URL; write one as in ${DEFAULT_URL}`);
    // What follows is below it, also where a proxy has it under a path.
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    this.#url = url;
    this.#token = flags.token ?? (env.WINDROSE_TOKEN || undefined);
  }

  /** Rejects with WindroseError "api-unreachable" or "api-refused". `path` begins with a slash. */
  async ask(path: string, { query = {}, body, accept = [] }: ApiRequest = {}): Promise<ApiAnswer> {
    const url = new URL(path.slice(1), this.#url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const response = await this.#send(url, body);
    const text = await response.text().catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    const answer = { status: response.status, body: parseJson(text) };
    if (response.ok || accept.includes(response.status)) {
      if (answer.body === undefined)
        throw this.#unreachable("its answer is no JSON; is this Windrose's API?");
      return answer;
    }
    const { code, detail, errors } = (answer.body ?? {}) as {
      code?: string;
      detail?: string;
      errors?: unknown;
    };
    throw new WindroseError(
      "api-refused",
      `The API at ${this.#url} refused: ${detail ?? `status ${response.status}`}${code === undefined ? "" : ` (${code})`}`,
      { status: response.status, problem: code, errors },
    );
  }

  async #send(url: URL, body: unknown): Promise<Response> {
    try {
      return await fetch(url, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          accept: "application/json",
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(why: unknown): WindroseError {
    const cause = why instanceof Error ? ((why.cause as Error | undefined) ?? why) : undefined;
    const reason =
      cause === undefined ? String(why) : cause.message || String((cause as { code?: string }).code);
    return new WindroseError("api-unreachable", `Cannot ask the API at ${this.#url}: ${reason}`, {
      url: String(this.#url),
      cause,
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
