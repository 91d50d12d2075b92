/**
 * Codes of countries, subdivisions and continents as whole numbers, the same whatever data is loaded: policies are
 * compiled without it, and compared with it by one comparison.
 *
 *   country       FR, XK                    two letters, five bits each
 *   subdivision   US-CA, GB-ENG, FR-75      its country, and up to three letters and digits behind it
 *   continent     continent:EU, europe      two letters, as a country has them
 *
 * 0 is no place. Countries are ISO 3166-1 alpha-2 with XK for Kosovo, as place data has it; subdivisions ISO 3166-2.
 *
 * @module
 */

/** By continent. One that stands on two is where most of its people are. */
const COUNTRIES: Readonly<Record<string, string>> = {
  AF: "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
  AN: "AQ BV GS HM TF",
  AS: "AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
  EU: "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
  NA: "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US VC VG VI",
  OC: "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
  SA: "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
};

/** By the names that may stand in documents. */
const CONTINENT_NAMES: Readonly<Record<string, string>> = {
  africa: "AF",
  antarctica: "AN",
  asia: "AS",
  europe: "EU",
  "north-america": "NA",
  oceania: "OC",
  "south-america": "SA",
};

const SUBDIVISION_SHIFT = 16;
/** A country's code is below this; "somewhere in a continent" is this more than the continent's. */
export const COUNTRY_CODES = 1024;

const continents = new Uint16Array(2 * COUNTRY_CODES);
for (const [continent, countries] of Object.entries(COUNTRIES)) {
  for (const country of countries.split(" ")) continents[letters(country)] = letters(continent);
  continents[somewhereIn(letters(continent))] = letters(continent);
}

/** All countries there are, in the order of continents. */
export function allCountries(): string[] {
  return Object.values(COUNTRIES).flatMap((countries) => countries.split(" "));
}

export function allContinents(): string[] {
  return Object.keys(CONTINENT_NAMES);
}

/** Of two letters, in either case; 0 when it is no country. */
export function countryCode(text: string): number {
  const code = letters(text);
  return continents[code] === 0 ? 0 : code;
}

export function formatCountry(code: number): string {
  return String.fromCharCode(64 + (code >>> 5), 64 + (code & 31));
}

/** Of a country's code and up to three letters or digits, as `US-CA`; 0 when it is none. Whether there is such a one is not checked. */
export function subdivisionCode(text: string): number {
  const match = /^([A-Za-z]{2})-([A-Za-z0-9]{1,3})$/.exec(text);
  if (match === null) return 0;
  const country = countryCode(match[1]!);
  if (country === 0) return 0;
  let rest = 0;
  for (const unit of match[2]!.toUpperCase()) rest = rest * 37 + 1 + Number.parseInt(unit, 36);
  return (country << SUBDIVISION_SHIFT) | rest;
}

export function formatSubdivision(code: number): string {
  let text = "";
  for (let rest = code & 0xffff; rest > 0; rest = Math.floor(rest / 37)) {
    text = ((rest % 37) - 1).toString(36).toUpperCase() + text;
  }
  return `${formatCountry(code >>> SUBDIVISION_SHIFT)}-${text}`;
}

/** The country that a subdivision is part of. */
export function countryOfSubdivision(code: number): number {
  return code >>> SUBDIVISION_SHIFT;
}

/** Of `europe` or `continent:EU`, in either case; 0 when it is none. */
export function continentCode(text: string): number {
  const lower = text.toLowerCase();
  const two = lower.startsWith("continent:")
    ? lower.slice("continent:".length).toUpperCase()
    : Object.hasOwn(CONTINENT_NAMES, lower)
      ? CONTINENT_NAMES[lower]!
      : "";
  return Object.hasOwn(COUNTRIES, two) ? letters(two) : 0;
}

/** The name, such as `europe`. */
export function formatContinent(code: number): string {
  const two = formatCountry(code);
  return Object.entries(CONTINENT_NAMES).find(([, each]) => each === two)?.[0] ?? two;
}

/** Stands in place data for the country where only the continent is known; 0 for 0. */
export function somewhereIn(continent: number): number {
  return continent === 0 ? 0 : COUNTRY_CODES + continent;
}

/** Of a country, or of somewhere in a continent; 0 for 0. */
export function continentOf(country: number): number {
  return continents[country] ?? 0;
}

function letters(text: string): number {
  if (text.length !== 2) return 0;
  const first = (text.charCodeAt(0) & 0xdf) - 64;
  const second = (text.charCodeAt(1) & 0xdf) - 64;
  return first < 1 || first > 26 || second < 1 || second > 26 ? 0 : (first << 5) | second;
}
