/**
 * Reads Prometheus text as strictly as its checkers do, for tests.
 *
 * @module
 */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** By the sample's name with its labels, as written. */
  readonly samples: Map<string, number>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/;

/** Throws for what a checker would complain of. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no line feed");
  const families = new Map<string, Family>();
  let current: Family | undefined;
  let help: [string, string] | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") {
      if (!NAME.test(name) || rest === "") throw new Error(`bad help: ${line}`);
      help = [name, rest];
      continue;
    }
    if (kind === "TYPE") {
      if (help?.[0] !== name) throw new Error(`TYPE without HELP: ${line}`);
      if (families.has(name)) throw new Error(`second TYPE of ${name}`);
      if (rest === "counter" && !name.endsWith("_total")) throw new Error(`counter without _total: ${name}`);
      if (rest !== "counter" && name.endsWith("_total")) throw new Error(`${rest} with _total: ${name}`);
      current = { name, type: rest, help: help[1], samples: new Map() };
      families.set(name, current);
      continue;
    }
    const [, sample = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    if (current === undefined || sample === "") throw new Error(`no sample: ${line}`);
    const base = current.type === "histogram" ? sample.replace(/_(bucket|sum|count)$/, "") : sample;
    if (base !== current.name) throw new Error(`a sample of ${sample} among those of ${current.name}`);
    const number = value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value);
    if (Number.isNaN(number)) throw new Error(`no number: ${line}`);
    if (current.type !== "gauge" && number < 0) throw new Error(`below zero: ${line}`);
    const key = labels === "" ? sample : `${sample}{${labels}}`;
    if (current.samples.has(key)) throw new Error(`twice: ${key}`);
    current.samples.set(key, number);
  }
  for (const family of families.values()) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function checkHistogram({ name, samples }: Family): void {
  const buckets = [...samples].filter(([key]) => key.startsWith(`${name}_bucket`));
  const bounds = buckets.map(([key]) => /le="([^"]+)"/.exec(key)![1]!);
  const numbers = bounds.map((bound) => (bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound)));
  if (bounds.at(-1) !== "+Inf") throw new Error(`${name} has no bucket +Inf`);
  for (let i = 1; i < buckets.length; i++) {
    if (!(numbers[i]! > numbers[i - 1]!)) throw new Error(`${name}: bounds do not grow`);
    if (buckets[i]![1] < buckets[i - 1]![1]) throw new Error(`${name}: buckets shrink`);
  }
  if (samples.get(`${name}_count`) !== buckets.at(-1)![1]) throw new Error(`${name}: count is not +Inf`);
  if (!samples.has(`${name}_sum`)) throw new Error(`${name} has no sum`);
}
