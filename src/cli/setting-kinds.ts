/**
 * The kinds of values that settings have. Each turns the text of a flag, a variable or a
 * YAML scalar into a value, or throws a WrongValue that says what would be right.
 *
 * @module
 */
import { DURATION_PATTERN, formatDuration, parseDuration } from "../documents/duration.ts";
import { parsePrefix, prefixMeant } from "../lib/address.ts";
import { nearestWord } from "../lib/nearest.ts";
import { type ListenAddress, parseListenAddress } from "../server/listen-address.ts";

/** The message is the second half of a sentence: `"x" is not …; write …`. */
export class WrongValue extends Error {}

export type Kind<Value> = (text: string) => Value;

export function someText(text: string): string {
  if (text.trim() === "") throw new WrongValue("the value is empty; give one, or leave the setting out");
  return text;
}

/** Null for the word `none` and for nothing at all. */
export function textOrNone(text: string): string | null {
  return text === "" || text === "none" ? null : text;
}

export function oneOf<const Word extends string>(...words: Word[]): Kind<Word> {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const nearest = nearestWord(text, words);
    const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
    throw new WrongValue(`"${text}" is none of ${words.join(", ")}${hint}`);
  };
}

/** YAML reads on and off as texts, and true and false as its own words for them. */
export function onOff(text: string): boolean {
  if (text === "on" || text === "true") return true;
  if (text === "off" || text === "false") return false;
  throw new WrongValue(`"${text}" is neither on nor off`);
}

export function wholeNumber(min: number, max: number): Kind<number> {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value;
    throw new WrongValue(`"${text}" is not a whole number from ${min} to ${max}`);
  };
}

/** In milliseconds. */
export function duration(minMs: number, maxMs: number): Kind<number> {
  const pattern = new RegExp(DURATION_PATTERN);
  return (text) => {
    const ms = pattern.test(text) ? parseDuration(text) : Number.NaN;
    if (ms >= minMs && ms <= maxMs) return ms;
    throw new WrongValue(
      `"${text}" is not a time from ${formatDuration(minMs)} to ${formatDuration(maxMs)}; write one as in 500ms, 10s or 2m`,
    );
  };
}

export function httpUrl(text: string): string {
  const trimmed = text.trim();
  const { protocol } = URL.parse(trimmed) ?? {};
  if (protocol === "https:" || protocol === "http:") return trimmed;
  throw new WrongValue(`"${trimmed}" is no URL; write one as in https://hooks.example.com/windrose`);
}

/** In CIDR form. */
export function network(text: string): string {
  const trimmed = text.trim();
  if (parsePrefix(trimmed) !== undefined) return trimmed;
  const meant = prefixMeant(trimmed);
  const hint = meant === undefined ? "write one as in 198.51.100.0/24" : `did you mean ${meant}?`;
  throw new WrongValue(`"${trimmed}" is no network; ${hint}`);
}

export function listenAddress(text: string): ListenAddress {
  const parsed = parseListenAddress(text.trim());
  if (typeof parsed === "string") throw new WrongValue(parsed);
  return parsed;
}

/** Null for the word `none`. */
export function listenAddressOrNone(text: string): ListenAddress | null {
  return text === "none" ? null : listenAddress(text);
}
