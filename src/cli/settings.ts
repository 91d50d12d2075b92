/**
 * Reads settings: a flag wins over a WINDROSE_* variable, that over windrose.yaml, that over the
 * default. A list is taken whole from the strongest place that has it, never pieced together.
 *
 * An empty variable counts as not set, for that is what container tools make of an unset one;
 * unknown WINDROSE_* variables are left alone, for Kubernetes makes some up for a service that
 * is called windrose. Unknown flags and keys are errors.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import { describeYamlError } from "../documents/source.ts";
import { WindroseError } from "../lib/errors.ts";
import { nearestWord } from "../lib/nearest.ts";
import { formatListenAddress, isWildcard, type ListenAddress } from "../server/listen-address.ts";
import { WrongValue } from "./setting-kinds.ts";
import { NONE, SETTINGS, type Setting, type SettingValues, variableOf } from "./settings-table.ts";

const CONFIG_FLAG = "config";
const CONFIG_FILE = "windrose.yaml";
const FLAGS = new Map<string, Setting<unknown>>(Object.values(SETTINGS).map((one) => [one.flag, one]));

/** What one place says about one setting. */
interface Given {
  readonly texts: readonly string[];
  /** For messages: `--dns`, `WINDROSE_DNS`, `windrose.yaml:3:6: dns`. */
  readonly source: string;
}

/** Texts by flag. */
type Place = Map<string, Given>;

/** Throws a WindroseError, "usage" or "settings-invalid", that quotes what is wrong. */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): SettingValues | "help" {
  const flags = readFlags(args);
  if (flags === "help") return "help";
  const variables = readVariables(env);
  const config = flags.get(CONFIG_FLAG) ?? variables.get(CONFIG_FLAG);
  const file = config === undefined ? readFile(CONFIG_FILE) : readFile(config.texts.at(-1)!, config.source);
  const places = [flags, variables, file];
  const values = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, one]) => [name, readValue(one, places)]),
  ) as unknown as SettingValues;
  checkAddresses(values.dns);
  return values;
}

function readValue(one: Setting<unknown>, places: readonly Place[]): unknown {
  const given = places.map((place) => place.get(one.flag)).find((found) => found !== undefined);
  const texts = given?.texts ?? [typeof one.default === "string" ? one.default : one.default()];
  if ("isList" in one && one.default === NONE && texts.length === 1 && texts[0] === NONE) return [];
  try {
    return "isList" in one ? texts.map((text) => one.parse(text)) : one.parse(texts.at(-1)!);
  } catch (error) {
    if (!(error instanceof WrongValue)) throw error;
    throw new WindroseError("settings-invalid", `Cannot use ${given?.source ?? one.flag}: ${error.message}`, {
      setting: one.flag,
    });
  }
}

function readFlags(args: readonly string[]): Place | "help" {
  const place: Place = new Map();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--help" || arg === "-h") return "help";
    const [, flag, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (flag === undefined) {
      throw new WindroseError(
        "usage",
        `Unknown argument "${arg}"; serve takes flags only, as in --zones DIR`,
        { arg },
      );
    }
    if (flag !== CONFIG_FLAG && !FLAGS.has(flag)) throw unknownFlag(flag);
    const text = inline ?? args[++i];
    if (text === undefined || (inline === undefined && text.startsWith("--"))) {
      throw new WindroseError("usage", `--${flag} needs a value, as in --${flag} ${placeholderOf(flag)}`, {
        flag,
      });
    }
    add(place, flag, [text], `--${flag}`);
  }
  return place;
}

function placeholderOf(flag: string): string {
  return FLAGS.get(flag)?.placeholder ?? "FILE";
}

function unknownFlag(flag: string): WindroseError {
  const nearest = nearestWord(flag, [...FLAGS.keys(), CONFIG_FLAG, "help"]);
  const hint = nearest === undefined ? "--help lists all flags" : `did you mean --${nearest}?`;
  return new WindroseError("usage", `Unknown flag --${flag}; ${hint}`, { flag });
}

function readVariables(env: NodeJS.ProcessEnv): Place {
  const place: Place = new Map();
  for (const flag of [...FLAGS.keys(), CONFIG_FLAG]) {
    const text = env[variableOf(flag)];
    if (text === undefined || text === "") continue;
    add(place, flag, "isList" in (FLAGS.get(flag) ?? {}) ? text.split(",") : [text], variableOf(flag));
  }
  return place;
}

/** The settings of a YAML file; none when it is not there and nobody asked for it. */
function readFile(file: string, askedBy?: string): Place {
  const place: Place = new Map();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (askedBy === undefined && (cause as NodeJS.ErrnoException).code === "ENOENT") return place;
    throw new WindroseError(
      "settings-invalid",
      `Cannot read settings from "${file}"${askedBy === undefined ? "" : ` (${askedBy})`}: ${(cause as Error).message}`,
      { file, cause },
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const fault = (offset: number, message: string) =>
    new WindroseError("settings-invalid", `${at(offset)}: ${message}`, { file });

  const error = document.errors[0];
  if (error !== undefined) throw fault(error.pos[0], describeYamlError(error));
  if (document.contents === null) return place;
  if (!isMap(document.contents)) throw fault(0, `settings are keys with values, as in "zones: ./zones"`);
  for (const { key, value } of document.contents.items as Pair<Node, Node | null>[]) {
    const flag = String(key);
    const offset = key.range?.[0] ?? 0;
    const known = FLAGS.get(flag);
    if (known === undefined) throw fault(offset, unknownKey(flag));
    const items = isSeq(value) && "isList" in known ? value.items : [value];
    const texts = items.map((item) => {
      // The source rather than the value: 1e3 and 0x10 are for the kind of the setting to refuse.
      if (isScalar(item) && item.value !== null) return item.source ?? String(item.value);
      throw fault(offset, `"${flag}" needs a value, as in "${flag}: ${known.placeholder}"`);
    });
    if (texts.length === 0)
      throw fault(offset, `"${flag}" is an empty list; name at least one, or leave it out`);
    const paths =
      known.isPath === true
        ? texts.map((path) => (path === NONE ? path : resolve(dirname(file), path)))
        : texts;
    add(place, flag, paths, `${at(offset)}: ${flag}`);
  }
  return place;
}

function unknownKey(key: string): string {
  const nearest = nearestWord(key, FLAGS.keys());
  const hint = nearest === undefined ? "" : `did you mean "${nearest}"? `;
  return `unknown key "${key}"; ${hint}known keys: ${[...FLAGS.keys()].sort().join(", ")}`;
}

function add(place: Place, flag: string, texts: readonly string[], source: string): void {
  place.set(flag, { texts: [...(place.get(flag)?.texts ?? []), ...texts], source });
}

/** Two that cover each other would fail when they are bound, with a message that blames another program. */
function checkAddresses(addresses: readonly ListenAddress[]): void {
  for (const [i, one] of addresses.entries()) {
    for (const other of addresses.slice(0, i)) {
      if (one.port === 0 || one.port !== other.port || one.family !== other.family) continue;
      const isSame = one.address === other.address;
      if (!isSame && !isWildcard(one) && !isWildcard(other)) continue;
      const message = isSame
        ? `${formatListenAddress(one)} is given twice; give it once`
        : `${formatListenAddress(one)} and ${formatListenAddress(other)} overlap; leave out the narrower one`;
      throw new WindroseError("settings-invalid", `Cannot use dns: ${message}`, { setting: "dns" });
    }
  }
}
