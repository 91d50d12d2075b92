/**
 * Whose clients a member serves: what `serves` may hold.
 *
 *   198.51.100.0/24, 2001:db8::/32   a network        AS64500          an autonomous system
 *   US-CA                            a subdivision    FR               a country
 *   europe, continent:EU             a continent      "*"              everybody
 *
 * Two letters are always a country. Four codes of continents (AF, AS, NA, SA) are countries too, so continents are written out.
 *
 * @module
 */
import { formatAddress, parseAddress, parsePrefix, prefixMeant } from "../lib/address.ts";
import { nearestWord } from "../lib/nearest.ts";
import { countryCalled } from "./country-names.ts";
import {
  allContinents,
  allCountries,
  continentCode,
  countryCode,
  formatContinent,
  formatCountry,
  formatSubdivision,
  subdivisionCode,
} from "./place-codes.ts";
import { subdivisionFault } from "./places.ts";

export type ServedPlace =
  | { readonly kind: "network"; readonly address: Uint8Array; readonly length: number }
  | { readonly kind: "as"; readonly number: number }
  /** `code` as countryCode(), subdivisionCode() and continentCode() make it. */
  | { readonly kind: "subdivision" | "country" | "continent"; readonly code: number }
  | { readonly kind: "all" };

const FORMS =
  'wanted a country (FR), a subdivision (US-CA), a continent (europe), an AS (AS64500), a network (198.51.100.0/24) or "*"';
const AS_NUMBER_MAX = 0xffff_ffff;

/** The fault is a sentence without a full stop: what is wrong; what would be right. */
export function parseServedPlace(text: string): ServedPlace | { readonly fault: string } {
  if (text === "*") return { kind: "all" };
  if (text.includes("/")) return parseNetwork(text);
  const address = parseAddress(text);
  if (address !== undefined) return { kind: "network", address, length: 8 * address.length };
  const as = /^AS([0-9]+)$/i.exec(text);
  if (as !== null) {
    const number = Number(as[1]);
    if (number >= 1 && number <= AS_NUMBER_MAX) return { kind: "as", number };
    return { fault: `"${text}" is no AS; their numbers are 1 to ${AS_NUMBER_MAX}` };
  }
  if (/^[A-Za-z]{2}$/.test(text)) return parseCountry(text);
  if (/^[A-Za-z]{2}-/.test(text)) return parseSubdivision(text);
  const continent = continentCode(text);
  if (continent !== 0) return { kind: "continent", code: continent };
  const near = nearestWord(text, allContinents()) ?? countryCalled(text);
  return {
    fault: `"${text}" is no place that can be served; ${near === undefined ? FORMS : `did you mean ${near}?`}`,
  };
}

/** As a document would have it. */
export function formatServedPlace(place: ServedPlace): string {
  switch (place.kind) {
    case "all":
      return "*";
    case "network":
      return `${formatAddress(place.address)}/${place.length}`;
    case "as":
      return `AS${place.number}`;
    case "country":
      return formatCountry(place.code);
    case "subdivision":
      return formatSubdivision(place.code);
    case "continent":
      return formatContinent(place.code);
  }
}

function parseNetwork(text: string): ServedPlace | { readonly fault: string } {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return { kind: "network", ...prefix };
  const meant = prefixMeant(text);
  const hint =
    meant === undefined
      ? "wanted one like 198.51.100.0/24 or 2001:db8::/32"
      : `it has bits beyond its length; did you mean ${meant}?`;
  return { fault: `"${text}" is no network; ${hint}` };
}

function parseCountry(text: string): ServedPlace | { readonly fault: string } {
  const code = countryCode(text);
  if (code !== 0) return { kind: "country", code };
  const continent = continentCode(`continent:${text}`);
  if (continent !== 0) {
    return { fault: `"${text}" is no country; for the continent write ${formatContinent(continent)}` };
  }
  const near = countryCalled(text) ?? nearestWord(text, allCountries());
  return {
    fault: `"${text}" is no country (ISO 3166-1)${near === undefined ? "" : `; did you mean ${near}?`}`,
  };
}

function parseSubdivision(text: string): ServedPlace | { readonly fault: string } {
  const fault = subdivisionFault(text);
  const code = subdivisionCode(text);
  if (fault === undefined && code !== 0) return { kind: "subdivision", code };
  return { fault: fault ?? `"${text}" is no subdivision (ISO 3166-2); wanted one like US-CA` };
}
