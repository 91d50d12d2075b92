/**
 * JSON merge patch (RFC 7396): a null takes away, an object is merged, everything else replaces.
 *
 * @module
 */
import { Problem } from "./problem.ts";

/** Neither argument is changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, mergePatch(result.get(key), value));
  }
  // As entries: an owner may be called __proto__.
  return Object.fromEntries(result);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same; throws Problem "body-invalid" for a patch that nests deeper than anything that it could be for. */
export function patched(target: unknown, patch: unknown): unknown {
  try {
    return mergePatch(target, patch);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem("body-invalid", "the patch nests too deep; documents need a dozen levels", {
      errors: [{ pointer: "", message: "the patch nests too deep" }],
    });
  }
}
