/**
 * What the API answers when it does not do what it was asked: application/problem+json (RFC 9457) with a stable
 * `code`. Programs match on the code, people read `detail`. docs/reference/problems.md explains each, and a test
 * keeps the two lists equal.
 *
 *   what went wrong ─► Problem ─► { type, title, status, code, detail, errors: [{ pointer, message }], … }
 *
 * @module
 */
import { STATUS_CODES } from "node:http";
import { WindroseError } from "../lib/errors.ts";
import type { Fault } from "../lib/fault.ts";

/** Codes and their statuses. A code is never renamed or given a second meaning. */
export const PROBLEMS = {
  "request-malformed": 400,
  "request-invalid": 400,
  "body-not-json": 400,
  "body-not-utf8": 400,
  "token-missing": 401,
  "token-invalid": 401,
  "token-expired": 401,
  "token-revoked": 401,
  "scope-insufficient": 403,
  "document-forbidden": 403,
  "endpoint-forbidden": 403,
  "route-unknown": 404,
  "document-unknown": 404,
  "member-unknown": 404,
  "name-unknown": 404,
  "rrset-unknown": 404,
  "change-unknown": 404,
  "incident-unknown": 404,
  "order-unknown": 404,
  "token-unknown": 404,
  "method-not-allowed": 405,
  "not-acceptable": 406,
  "request-timeout": 408,
  "rrset-exists": 409,
  "rrset-differs": 409,
  "pool-in-use": 409,
  "monitor-in-use": 409,
  "member-is-pool": 409,
  "revert-conflict": 409,
  "change-not-kept": 409,
  "token-last": 409,
  "idempotency-in-flight": 409,
  "precondition-failed": 412,
  "body-too-large": 413,
  "media-type-unsupported": 415,
  "body-invalid": 422,
  "documents-invalid": 422,
  "master-file-invalid": 422,
  "idempotency-reused": 422,
  "precondition-required": 428,
  "rate-limited": 429,
  "tries-exhausted": 429,
  "headers-too-large": 431,
  "internal-error": 500,
  "store-unavailable": 503,
  "edit-unsettled": 503,
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** One thing that is wrong with what was sent. */
export interface ProblemItem {
  /** RFC 6901, into the body that was sent; of a query or path `?name`. Left out where nothing smaller is meant than all of it. */
  readonly pointer?: string;
  readonly message: string;
  /** Where the text is a master file, or where a file of documents has the fault. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The document that has the fault, where it is another one than was sent: `zones/example.com`. */
  readonly document?: string;
}

export interface ProblemMore {
  readonly errors?: readonly ProblemItem[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly ProblemItem[];
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  /** `detail` is a sentence without a full stop: what is wrong; what would be right. */
  constructor(code: ProblemCode, detail: string, more: ProblemMore = {}) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "Problem";
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
    this.members = more.members ?? {};
  }

  get status(): number {
    return PROBLEMS[this.code];
  }

  /** The body of the answer. */
  toJSON(): Record<string, unknown> {
    return {
      type: `urn:windrose:problem:${this.code}`,
      title: STATUS_CODES[this.status],
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(this.errors.length === 0 ? {} : { errors: this.errors }),
      ...this.members,
    };
  }
}

/** How long a client should wait before it asks a store that is away again. */
const STORE_RETRY_S = 5;

/** What is told of any error; what is not ours to tell becomes `internal-error`. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof WindroseError) return ofWindroseError(error);
  const code = (error as { code?: unknown } | null)?.code;
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new Problem("body-too-large", "the body is larger than this route takes; send less at once", {
        headers: { connection: "close" },
      });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
    case "FST_ERR_CTP_EMPTY_TYPE":
      return new Problem(
        "media-type-unsupported",
        "this route does not take a body of this Content-Type; send application/json",
      );
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new Problem("request-malformed", "the body is not as long as Content-Length says");
    case "FST_ERR_BAD_URL":
      return new Problem("request-malformed", "the path is not well percent-encoded; write % as %25");
    default:
      return new Problem("internal-error", "something went wrong here; the log of this node says what", {
        cause: error,
      });
  }
}

function ofWindroseError(error: WindroseError): Problem {
  switch (error.code) {
    case "documents-invalid":
      return new Problem("documents-invalid", error.message, {
        errors: faultsOf(error).map(itemOfFault),
        cause: error,
      });
    case "store-unavailable":
      return new Problem("store-unavailable", error.message, {
        headers: { "retry-after": String(STORE_RETRY_S) },
        cause: error,
      });
    case "edit-unsettled":
      return new Problem("edit-unsettled", error.message, { headers: { "retry-after": "1" }, cause: error });
    default:
      return new Problem("internal-error", error.message, { cause: error });
  }
}

/** Of "documents-invalid": its errors, without warnings. */
export function faultsOf(error: WindroseError): Fault[] {
  const { faults } = error.fields;
  return Array.isArray(faults) ? (faults as Fault[]).filter(({ severity }) => severity === "error") : [];
}

/** The pointer leads into the body of the document that has the fault. */
export function itemOfFault(fault: Fault): ProblemItem {
  const [kind, id, ...rest] = fault.path ?? [];
  return {
    message: fault.message,
    ...(id === undefined ? {} : { document: `${kind}/${id}`, pointer: pointerOf(rest) }),
    ...(fault.path === undefined ? { file: fault.file, line: fault.line, column: fault.column } : {}),
  };
}

/** RFC 6901. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
