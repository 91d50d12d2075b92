/**
 * What is wrong with a value that does not fit the schema, for people: one line for each
 * mistake, with the nearest known key, what was found, and what is wanted. The checker that TypeBox
 * compiles says only that something is wrong, and its errors list every branch of every union.
 *
 * This walks schema and value together and knows the keywords that schema.ts uses. In a union
 * it follows the branch that the value most likely meant.
 *
 * @module
 */
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { nearestWord } from "../lib/nearest.ts";
import type { Part, Path } from "./source.ts";

export interface SchemaFault {
  readonly path: Path;
  readonly part: Part;
  /** `what is wrong; what would be right`, without a full stop. */
  readonly message: string;
}

/** A compiled schema. `faults()` is empty exactly when the value fits. */
export class SchemaChecker {
  readonly #schema: Schema;
  readonly #isValid: (value: unknown) => boolean;

  constructor(schema: TSchema) {
    this.#schema = schema as Schema;
    const validator = Compile(schema);
    this.#isValid = (value) => validator.Check(value);
  }

  faults(value: unknown): SchemaFault[] {
    if (this.#isValid(value)) return [];
    const walker = new Walker();
    walker.check(this.#schema, value, [], undefined);
    if (walker.faults.length > 0) return walker.faults;
    // A keyword that the walker does not know: better a plain line than none.
    return [
      {
        path: [],
        part: "value",
        message: `these documents do not fit the schema; compare them with ${JSON.stringify(this.#schema.title ?? "the reference")}`,
      },
    ];
  }
}

/** The JSON Schema keywords that schema.ts uses. */
interface Schema {
  readonly type?: "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";
  readonly title?: string;
  readonly description?: string;
  readonly errorMessage?: string;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly items?: Schema | readonly Schema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
}

class Walker {
  readonly faults: SchemaFault[] = [];

  #add(path: Path, part: Part, message: string): void {
    this.faults.push({ path, part, message });
  }

  /** `wanted` is what the union around has to say, where the schema itself says nothing. */
  check(schema: Schema, value: unknown, path: Path, wanted: string | undefined): void {
    if (schema.anyOf !== undefined) this.#checkUnion(schema, schema.anyOf, value, path, wanted);
    else if (!hasType(schema, value)) this.#mismatch(schema, value, path, wanted);
    else if (Array.isArray(value)) this.#checkList(schema, value, path, wanted);
    else if (isMap(value)) this.#checkMap(schema, value, path);
    else if (!fitsScalar(schema, value)) this.#mismatch(schema, value, path, wanted);
  }

  #mismatch(schema: Schema, value: unknown, path: Path, wanted: string | undefined): void {
    const names = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
    if (names !== undefined && typeof value === "string" && schema.title !== undefined) {
      this.#add(path, "value", unknownWord(schema.title, value, names.map(String)));
      return;
    }
    const words = wanted ?? wantedOf(schema);
    this.#add(
      path,
      "value",
      `${label(path)} is ${describe(value)}; wanted ${words}${hintOnQuotes(schema, value)}`,
    );
  }

  #checkList(schema: Schema, list: readonly unknown[], path: Path, wanted: string | undefined): void {
    if (list.length < (schema.minItems ?? 0) || list.length > (schema.maxItems ?? Infinity)) {
      const found =
        list.length === 0
          ? "an empty list"
          : list.length === 1
            ? "a list of one"
            : `a list of ${list.length}`;
      this.#add(path, "value", `${label(path)} is ${found}; wanted ${wanted ?? wantedOf(schema)}`);
      return;
    }
    const { items } = schema;
    for (const [index, item] of list.entries()) {
      const itemSchema = isSchemaList(items) ? items[index] : items;
      const itemWanted = isSchemaList(items) ? wanted : undefined;
      if (itemSchema !== undefined) this.check(itemSchema, item, [...path, index], itemWanted);
    }
  }

  #checkMap(schema: Schema, map: Readonly<Record<string, unknown>>, path: Path): void {
    const properties = schema.properties ?? {};
    const patterns = Object.entries(schema.patternProperties ?? {}).map(
      ([pattern, value]) => [new RegExp(pattern, "u"), value] as const,
    );
    for (const [key, value] of Object.entries(map)) {
      const at = [...path, key];
      const { propertyNames } = schema;
      if (propertyNames !== undefined && !fitsScalar(propertyNames, key)) {
        this.#add(at, "key", `"${shorten(key)}" cannot be a key here; wanted ${wantedOf(propertyNames)}`);
        continue;
      }
      const known = Object.hasOwn(properties, key)
        ? properties[key]
        : patterns.find(([pattern]) => pattern.test(key))?.[1];
      if (known !== undefined) this.check(known, value, at, undefined);
      else if (schema.additionalProperties === false)
        this.#add(at, "key", this.#unknownKey(key, properties, at));
    }
    for (const key of schema.required ?? []) {
      if (Object.hasOwn(map, key)) continue;
      const what = wantedOf(properties[key] ?? {});
      this.#add(path, "key", `${label(path)} has no ${key}; add ${key}: ${what}`);
    }
  }

  #unknownKey(key: string, properties: Readonly<Record<string, Schema>>, path: Path): string {
    const known = Object.keys(properties);
    const above = path.at(-2);
    if (known.length === 0 && typeof above === "string") {
      return `${above} takes no options; leave "${shorten(key)}" out`;
    }
    return unknownWord("key", key, known);
  }

  #checkUnion(
    schema: Schema,
    branches: readonly Schema[],
    value: unknown,
    path: Path,
    around: string | undefined,
  ): void {
    if (branches.some((branch) => fits(branch, value))) return;
    const isQuotedNumber =
      typeof value === "string" && branches.some((branch) => hintOnQuotes(branch, value) !== "");
    const wanted =
      isQuotedNumber && schema.errorMessage !== undefined
        ? `${schema.errorMessage}${WITHOUT_QUOTES}`
        : (schema.errorMessage ?? around);
    const words = branches.map((branch) => branch.const);
    if (!words.includes(undefined)) {
      const title = schema.title ?? "value";
      this.#mismatch({ enum: words, title }, value, path, `one of ${words.join(", ")}`);
      return;
    }
    const alike = branches.filter((branch) => hasType(branch, value));
    if (alike.length === 1) {
      // The union speaks for its scalars and for the length of its lists; a map's own keys speak for themselves.
      this.check(withTitle(alike[0]!, schema.title), value, path, wanted);
    } else if (alike.length > 1 && isMap(value)) this.#checkVariants(schema, alike, value, path);
    else this.#mismatch(branches.find((branch) => branch.type === "string") ?? schema, value, path, wanted);
  }

  /** Several kinds of map: told apart by `type: KIND`, or by the one key that they have. */
  #checkVariants(
    schema: Schema,
    branches: readonly Schema[],
    map: Readonly<Record<string, unknown>>,
    path: Path,
  ): void {
    const kindOf = (branch: Schema) => branch.properties?.type?.const;
    if (Object.hasOwn(map, "type")) {
      const branch = branches.find((candidate) => kindOf(candidate) === map.type);
      if (branch !== undefined) this.#checkMap(branch, map, path);
      else {
        const kinds = branches.map(kindOf).filter((kind) => kind !== undefined);
        this.#mismatch(
          { enum: kinds, title: schema.title ?? "type" },
          map.type,
          [...path, "type"],
          `one of ${kinds.join(", ")}`,
        );
      }
      return;
    }
    const byKey = branches.filter((branch) => kindOf(branch) === undefined);
    const branch = byKey.find((candidate) => candidate.required?.some((key) => Object.hasOwn(map, key)));
    const [key] = Object.keys(map);
    const named = Object.keys(map).filter((name) =>
      byKey.some((candidate) => candidate.required?.includes(name)),
    );
    if (named.length > 1) {
      this.#add(
        path,
        "value",
        `${label(path)} is one map with ${named.join(" and ")}; wanted a list, with a map for each`,
      );
      return;
    }
    if (branch !== undefined) this.#checkMap(branch, map, path);
    else if (byKey.length > 0 && key !== undefined) {
      this.#add(
        [...path, key],
        "key",
        unknownWord(
          schema.title ?? "key",
          key,
          byKey.flatMap((candidate) => candidate.required ?? []),
        ),
      );
    } else if (byKey.length > 0) this.#mismatch(schema, map, path, undefined);
    else {
      const kinds = branches.map(kindOf).join(", ");
      this.#add(path, "key", `${label(path)} has no type; add type: one of ${kinds}`);
    }
  }
}

/** Nobody reads a list of all pools of a large configuration. */
const KNOWN_SHOWN_MAX = 40;

/** `unknown key "wieght"; did you mean "weight"? known keys: …` */
export function unknownWord(what: string, word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  const hint = nearest === undefined ? "" : ` did you mean "${nearest}"?`;
  const sorted = [...known].sort();
  const list =
    sorted.length > KNOWN_SHOWN_MAX ? `${sorted.slice(0, KNOWN_SHOWN_MAX).join(", ")}, …` : sorted.join(", ");
  return `unknown ${what} "${shorten(word)}";${hint} known ${what}s: ${list}`;
}

function fits(schema: Schema, value: unknown): boolean {
  const walker = new Walker();
  walker.check(schema, value, [], undefined);
  return walker.faults.length === 0;
}

function withTitle(schema: Schema, title: string | undefined): Schema {
  return title === undefined || schema.enum === undefined ? schema : { ...schema, title };
}

const WITHOUT_QUOTES = " (without quotes)";

/** YAML's way to confuse: quotes make a text of a number, and without them a text may be a number. */
function hintOnQuotes(schema: Schema, value: unknown): string {
  const isNumeric = schema.type === "integer" || schema.type === "number";
  if (isNumeric && typeof value === "string" && /^-?[0-9.]+$/.test(value)) return WITHOUT_QUOTES;
  return schema.type === "string" && schema.pattern === undefined && typeof value === "number"
    ? ` (in quotes: "${value}")`
    : "";
}

function hasType(schema: Schema, value: unknown): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((branch) => hasType(branch, value));
  switch (schema.type ?? typeof (schema.enum?.[0] ?? schema.const)) {
    case "string":
      return typeof value === "string";
    case "integer":
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isMap(value);
    default:
      return true;
  }
}

function fitsScalar(schema: Schema, value: unknown): boolean {
  if (schema.const !== undefined && value !== schema.const) return false;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  if (typeof value === "string") {
    return (
      value.length >= (schema.minLength ?? 0) &&
      (schema.pattern === undefined || new RegExp(schema.pattern, "u").test(value))
    );
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value) || (schema.type === "integer" && !Number.isInteger(value))) return false;
    if (value <= (schema.exclusiveMinimum ?? -Infinity)) return false;
    return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
  }
  return true;
}

function wantedOf(schema: Schema): string {
  if (schema.errorMessage !== undefined) return schema.errorMessage;
  if (schema.enum !== undefined) return `one of ${schema.enum.join(", ")}`;
  if (schema.const !== undefined) return String(schema.const);
  switch (schema.type) {
    case "integer":
    case "number": {
      const what = schema.type === "integer" ? "a whole number" : "a number";
      return schema.minimum === undefined ? what : `${what} from ${schema.minimum} to ${schema.maximum}`;
    }
    case "boolean":
      return "true or false";
    case "array":
      return (schema.minItems ?? 0) > 0 ? "a list with something in it" : "a list";
    case "object":
      return "a map";
    default:
      return "a text";
  }
}

function isSchemaList(items: Schema | readonly Schema[] | undefined): items is readonly Schema[] {
  return Array.isArray(items);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (typeof value === "string") return value === "" ? "an empty text" : `the text "${shorten(value)}"`;
  if (typeof value === "number")
    return Number.isNaN(value)
      ? "not a number (.nan)"
      : Number.isFinite(value)
        ? `the number ${value}`
        : "infinite (.inf)";
  if (typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "a map";
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** What to call the thing at a path: its key, or its place in a list. */
function label(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return "the file";
  if (typeof last === "string")
    return /^[a-z-]+$/.test(last) && path.length !== 2 ? last : `"${shorten(last)}"`;
  const list = path.slice(0, -1).findLast((step) => typeof step === "string");
  return `item ${last + 1} of ${list ?? "the list"}`;
}
