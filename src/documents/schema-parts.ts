/**
 * What the schemas of documents are made of: the kinds of values that stand in more than one kind of document, each with
 * the words in which editors and our own faults say what would be right.
 *
 * @module
 */
import Type, { type TSchema } from "typebox";
import { DURATION_PATTERN } from "./duration.ts";
import { ID_PATTERN } from "./limits.ts";

export const CLOSED = { additionalProperties: false } as const;

export const ID_MESSAGE =
  "an id: 1 to 64 of A-Z a-z 0-9 _ . : -, the first and the last a letter, a digit or _";

export function record<Value extends TSchema>(value: Value, description: string, keys?: TSchema) {
  return Type.Record(
    Type.String(),
    value,
    keys === undefined ? { description } : { description, propertyNames: keys },
  );
}

export function idKeys() {
  return Type.String({ pattern: ID_PATTERN, errorMessage: ID_MESSAGE });
}

export function id(description: string) {
  return Type.String({ minLength: 1, description });
}

export function wholeNumber(minimum: number, maximum: number, description: string) {
  return Type.Integer({
    minimum,
    maximum,
    description,
    errorMessage: `a whole number from ${minimum} to ${maximum}`,
  });
}

export function text(wanted: string, description: string) {
  return Type.String({ minLength: 1, description, errorMessage: wanted });
}

export function flag(description: string) {
  return Type.Boolean({ description, errorMessage: "true or false" });
}

export function duration(description: string) {
  return Type.String({
    pattern: DURATION_PATTERN,
    description,
    errorMessage: "a duration: a whole number with ms, s, m or h, such as 10s or 800ms",
  });
}
