/**
 * Checks what is asked against the schemas of the routes, with the checker of documents, so that a fault reads the
 * same wherever it is written. Unknown fields are faults. Numbers and flags of a query are converted.
 *
 * @module
 */
import type { FastifySchemaCompiler } from "fastify";
import type { TSchema } from "typebox";
import { SchemaChecker } from "../documents/schema-faults.ts";
import { Problem, type ProblemCode, type ProblemItem, pointerOf } from "./problem.ts";

/** A mark in a schema of a body that is documents: its faults are `documents-invalid`. */
export const DOCUMENT_BODY = { "x-windrose-document": true } as const;

export const compileRequestSchema: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const checker = new SchemaChecker(schema);
  if (httpPart === "body") {
    const code: ProblemCode = "x-windrose-document" in schema ? "documents-invalid" : "body-invalid";
    return (body: unknown) => {
      // A master file is no JSON; its route reads it.
      if (typeof body === "string") return { value: body };
      const faults = checker.faults(body);
      return faults.length === 0 ? { value: body } : { error: bodyProblem(code, faults) };
    };
  }
  const types = typesOf(schema);
  return (values: Record<string, unknown>) => {
    const value = convert(values, types);
    const faults = checker.faults(value);
    if (faults.length === 0) return { value };
    const errors = faults.map(({ path, message }) => ({ pointer: `?${path[0] ?? ""}`, message }));
    return { error: new Problem("request-invalid", errors[0]!.message, { errors }) };
  };
};

export function bodyProblem(
  code: ProblemCode,
  faults: readonly { readonly path: readonly (string | number)[]; readonly message: string }[],
): Problem {
  const errors: ProblemItem[] = faults.map(({ path, message }) => ({
    pointer: pointerOf(path),
    message: message.replace(/^the file /, "the body "),
  }));
  const others = errors.length === 1 ? "" : `, and ${errors.length - 1} more`;
  return new Problem(code, `${errors[0]!.message}${others}`, { errors });
}

function typesOf(schema: TSchema): ReadonlyMap<string, unknown> {
  const { properties = {} } = schema as { properties?: Readonly<Record<string, { type?: unknown }>> };
  return new Map(Object.entries(properties).map(([name, { type }]) => [name, type]));
}

/** What cannot be converted stays a text, which the checker then refuses. */
function convert(values: Readonly<Record<string, unknown>>, types: ReadonlyMap<string, unknown>): object {
  return Object.fromEntries(
    Object.entries(values).map(([name, text]) => {
      const type = types.get(name);
      if (type === "integer" && typeof text === "string" && /^-?[0-9]{1,15}$/.test(text))
        return [name, Number(text)];
      // `?dry-run` alone is as good as `?dry-run=true`.
      if (type === "boolean" && (text === "" || text === "true" || text === "1")) return [name, true];
      if (type === "boolean" && (text === "false" || text === "0")) return [name, false];
      return [name, text];
    }),
  );
}
