/**
 * What operators do wrong becomes one of these: a sentence that says what we were doing,
 * quotes the values and says what would be right; a stable code; the values as fields.
 * What strangers send (packets) is data and never becomes an error.
 *
 * @module
 */
import type { ErrorCode } from "./error-codes.ts";

export class WindroseError extends Error {
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, fields: Record<string, unknown> & { cause?: unknown } = {}) {
    const { cause, ...rest } = fields;
    super(message, cause === undefined ? undefined : { cause });
    this.name = "WindroseError";
    this.code = code;
    this.fields = rest;
  }
}

/**
 * Text that should be DNS data in presentation form and is not. `offset` is where in the
 * text the trouble starts (UTF-16 units from 0), so that whoever knows where the text came
 * from can point at line and column.
 */
export class PresentationError extends WindroseError {
  readonly offset: number;

  constructor(message: string, offset = 0) {
    super("presentation-invalid", message, { offset });
    this.name = "PresentationError";
    this.offset = offset;
  }
}

/** Says that a case cannot happen; the compiler checks that it is true. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
