/**
 * What is known of a client's place. One for each thread; each datum is looked up when a step asks for it, and at most
 * once for each query. Every look-up tells the client's network how much of it the datum depended on.
 *
 * @module
 */
import { ClientNetwork } from "../lib/client-network.ts";
import {
  COUNTRY_CODES,
  continentOf,
  formatContinent,
  formatCountry,
  formatSubdivision,
} from "./place-codes.ts";
import { type PlaceData, type PlaceDatum, POINT_LENGTH } from "./place-data.ts";
import { FoundPlace, findIPv4, findIPv6, type PlaceTable, UNKNOWN } from "./place-table.ts";

const NOT_YET = -1;

/** For explanations. Null = not known. */
export interface PlaceDescription {
  readonly source: "ecs" | "resolver";
  /** In CIDR form. */
  readonly network: string;
  /** It is in a special-purpose network, which is nobody's place. */
  readonly isSpecial: boolean;
  /** As documents have it, such as europe. */
  readonly continent: string | null;
  readonly country: string | null;
  readonly subdivision: string | null;
  readonly asNumber: number | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** `country`: they are where the people of its country are. */
  readonly locatedBy: "coordinates" | "country" | null;
  /** What each datum was looked up in. */
  readonly sources: readonly {
    readonly file: string;
    readonly databaseType: string;
    readonly builtMs: number;
  }[];
}

export class ClientPlace {
  readonly network = new ClientNetwork();
  /** Where places are looked up; null = nowhere. */
  data: PlaceData | null = null;
  /** Set by locate(): degrees, and the unit vector. */
  latitude = Number.NaN;
  longitude = Number.NaN;
  x = 0;
  y = 0;
  z = 0;
  locatedBy: "coordinates" | "country" = "country";
  readonly #found = new FoundPlace();
  #country = NOT_YET;
  #subdivision = NOT_YET;
  #asNumber = NOT_YET;
  #isLocated: boolean | null = null;

  /** `network` holds another client from now on. */
  begin(data: PlaceData | null): void {
    this.data = data;
    this.#country = NOT_YET;
    this.#subdivision = NOT_YET;
    this.#asNumber = NOT_YET;
    this.#isLocated = null;
  }

  /** countryCode(); 0 = not known. */
  country(): number {
    const code = this.#countryOrContinent();
    return code < COUNTRY_CODES ? code : UNKNOWN;
  }

  /** continentCode(), which may be known where the country is not; 0 = not known. */
  continent(): number {
    return continentOf(this.#countryOrContinent());
  }

  /** subdivisionCode(); 0 = not known. */
  subdivision(): number {
    if (this.#subdivision === NOT_YET) this.#subdivision = this.#lookUp("subdivision");
    return this.#subdivision;
  }

  /** 0 = not known. */
  asNumber(): number {
    if (this.#asNumber === NOT_YET) this.#asNumber = this.#lookUp("asNumber");
    return this.#asNumber;
  }

  /** Finds the client's coordinates, or those of its country. False when neither is known. */
  locate(): boolean {
    this.#isLocated ??= this.#locate();
    return this.#isLocated;
  }

  /** All that is known, whether a step asked for it or not. Looks at the network as steps do, so it is to be the last. */
  describe(): PlaceDescription {
    const { network, data } = this;
    const [country, subdivision, asNumber] = [this.country(), this.subdivision(), this.asNumber()];
    const continent = this.continent();
    const isLocated = this.locate();
    return {
      source: network.source,
      network: network.format(),
      isSpecial: network.specialLength() > 0,
      continent: continent === UNKNOWN ? null : formatContinent(continent),
      country: country === UNKNOWN ? null : formatCountry(country),
      subdivision: subdivision === UNKNOWN ? null : formatSubdivision(subdivision),
      asNumber: asNumber === UNKNOWN ? null : asNumber,
      latitude: isLocated ? this.latitude : null,
      longitude: isLocated ? this.longitude : null,
      locatedBy: isLocated ? this.locatedBy : null,
      sources: data?.sources ?? [],
    };
  }

  #countryOrContinent(): number {
    if (this.#country === NOT_YET) this.#country = this.#lookUp("country");
    return this.#country;
  }

  #locate(): boolean {
    const { data } = this;
    if (data === null) return false;
    const index = this.#lookUp("coordinates");
    if (index !== UNKNOWN) {
      this.locatedBy = "coordinates";
      this.#takePoint(data.points, index);
      return true;
    }
    const country = this.country();
    if (country === UNKNOWN) return false;
    this.locatedBy = "country";
    this.#takePoint(data.countryPoints, country);
    return !Number.isNaN(this.latitude);
  }

  #takePoint(points: Float64Array, index: number): void {
    const at = POINT_LENGTH * index;
    this.latitude = points[at]!;
    this.longitude = points[at + 1]!;
    this.x = points[at + 2]!;
    this.y = points[at + 3]!;
    this.z = points[at + 4]!;
  }

  #lookUp(datum: PlaceDatum): number {
    const table: PlaceTable | null = this.data === null ? null : this.data[datum];
    if (table === null) return UNKNOWN;
    const { network } = this;
    // A special-purpose network is nobody's place, whatever a file says of it.
    const special = network.specialLength();
    if (special > 0) {
      network.lookAt(special);
      return UNKNOWN;
    }
    const found = this.#found;
    // Even where a table says the same of everyone, special networks and the other family differ: so at least one bit.
    if (network.hasIPv4) {
      findIPv4(table, network.ipv4, found);
      network.lookAtIPv4(Math.max(1, found.scopePrefixLength));
    } else {
      findIPv6(table, network.words[0]!, network.words[1]!, found);
      network.lookAt(Math.max(1, found.scopePrefixLength));
    }
    return found.value;
  }
}
