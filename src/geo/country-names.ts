/**
 * Countries by their English names, as Unicode's CLDR has them: for explanations, and for faults that offer the code.
 *
 * @module
 */
import { nearestWord } from "../lib/nearest.ts";
import { allCountries } from "./place-codes.ts";

/** Made when a name is first wanted. */
let names: Intl.DisplayNames | undefined;

/** Of an ISO 3166-1 code; the code itself where it has no name. */
export function nameOfCountry(code: string): string {
  names ??= new Intl.DisplayNames(["en"], { type: "region" });
  return names.of(code) ?? code;
}

/** The code of the country that somebody calls so, or nearly so; undefined when nobody would. */
export function countryCalled(text: string): string | undefined {
  if (text.toUpperCase() === "UK") return "GB";
  if (text.length < NAME_LENGTH_MIN) return undefined;
  const codes = new Map(allCountries().map((code) => [nameOfCountry(code), code]));
  const near = nearestWord(text, codes.keys());
  return near === undefined ? undefined : codes.get(near);
}

/** Shorter texts are codes with a slip in them. Chad is the shortest name. */
const NAME_LENGTH_MIN = 4;
