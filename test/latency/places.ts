/**
 * Clients, samples and tables for tests of round-trip times.
 *
 * @module
 */
import { ClientPlace } from "../../src/geo/client-place.ts";
import { countryCode } from "../../src/geo/place-codes.ts";
import { RegionEstimates } from "../../src/latency/estimates.ts";
import { emptyLatencyTable, ingestGrowing } from "../../src/latency/grow.ts";
import type { Ingested, Sample } from "../../src/latency/ingest.ts";
import type { LatencyTable } from "../../src/latency/latency-table.ts";
import { parseAddress } from "../../src/lib/address.ts";

export const WEEK_S = 7 * 86_400;
/** 2026-01-01. */
export const NOW_S = 1_767_225_600;

/** A client whose AS and country are given rather than looked up. */
class KnownPlace extends ClientPlace {
  readonly #as: number;
  readonly #country: number;

  constructor(as: number, country: number) {
    super();
    this.#as = as;
    this.#country = country;
  }

  override asNumber(): number {
    return this.#as;
  }

  override country(): number {
    return this.#country;
  }
}

export interface PlaceOptions {
  readonly as?: number;
  readonly country?: string;
}

/** `198.51.100.0/24`, or an address; of AS and country as given. */
export function placeOf(text: string, { as = 0, country }: PlaceOptions = {}): ClientPlace {
  const place = new KnownPlace(as, country === undefined ? 0 : countryCode(country));
  const [address, length] = text.split("/");
  const octets = parseAddress(address!)!;
  const family = octets.length === 4 ? 4 : 6;
  place.network.set(family, octets, 0, Number(length ?? 8 * octets.length), "ecs");
  return place;
}

export function sampleOf(
  network: string,
  region: string,
  rttMs: number,
  more: Partial<Sample> & PlaceOptions = {},
): Sample {
  const { as, country, ...rest } = more;
  const place = placeOf(network, {
    ...(as === undefined ? {} : { as }),
    ...(country === undefined ? {} : { country }),
  });
  return { client: place, region, rttMs, count: 1, atS: NOW_S, ...rest };
}

/** A table that grows as it needs to; what its owner does. */
export class Owner {
  table: LatencyTable;

  constructor(regions: readonly string[] = [], expiryS = WEEK_S) {
    this.table = emptyLatencyTable(regions, expiryS);
  }

  add(sample: Sample, nowS = NOW_S): Ingested {
    const { table, ingested } = ingestGrowing(this.table, sample, nowS);
    this.table = table;
    return ingested;
  }

  /** By region, `MS@LEVEL`; `-` where nothing is known. And the scope. */
  ask(place: ClientPlace, samplesMin = 1): string {
    const estimates = new RegionEstimates(this.table.regions);
    estimates.begin(true);
    place.network.scopePrefixLength = 0;
    estimates.find(this.table, place, samplesMin);
    const found = estimates.regions.map((_, region) => {
      const level = estimates.levels[region]!;
      return level < 0 ? "-" : `${Math.round(estimates.ms[region]! * 100) / 100}@${level}`;
    });
    return `${found.join(" ")} /${place.network.scopePrefixLength}`;
  }
}
