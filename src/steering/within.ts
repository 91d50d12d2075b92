/**
 * `within`: how near to the best a time must be to count as equal to it, in milliseconds or as a part of the best.
 *
 * @module
 */

export const WITHIN_PATTERN = "^[0-9]{1,4}(?:\\.[0-9]{1,3})?(?:ms|%)$";

export interface Within {
  readonly part: number;
  readonly ms: number;
}

/** Of a text that WITHIN_PATTERN accepts. */
export function parseWithin(text: string): Within {
  const value = Number.parseFloat(text);
  return text.endsWith("%") ? { part: value / 100, ms: 0 } : { part: 0, ms: value };
}
