/**
 * Whom an explanation is for: the network that counted, why it is that one, and what the place data say of it.
 *
 * @module
 */
import { basename } from "node:path";
import { nameOfCountry } from "../geo/country-names.ts";
import { cutAddress, formatAddress } from "../lib/address.ts";
import { count } from "../lib/count.ts";
import { type Branch, branch, formatTree } from "../lib/tree.ts";
import type { View } from "../server/view.ts";
import type { Question } from "./question.ts";

const DAY_MS = 86_400_000;

export interface ClientReport {
  /** What was asked about: the network in ECS, or the resolver. */
  readonly asked: string;
  /** The network in the query's ECS; null without. */
  readonly ecs: string | null;
  readonly resolver: string;
  /** Why ECS does not count; empty where it does, and where there is none. */
  readonly ecsIgnored: string;
  /** The special-purpose network that the client is in, which has no place; null for most. */
  readonly special: string | null;
  /** The IPv4 address inside the client's IPv6 one, by which it is looked up; null for most. */
  readonly ipv4: string | null;
  /** What is known of the client that counts, which is the resolver where ECS does not. */
  readonly place: PlaceReport;
}

/** Null = not known. */
interface PlaceReport {
  readonly source: "ecs" | "resolver";
  /** In CIDR form. */
  readonly network: string;
  /** As documents have it, such as europe. */
  readonly continent: string | null;
  /** ISO 3166-1 and 3166-2. */
  readonly country: string | null;
  readonly subdivision: string | null;
  readonly asNumber: number | null;
  /** Degrees. */
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** `country`: the coordinates are those of the country, and not of the network. */
  readonly locatedBy: "coordinates" | "country" | null;
  readonly sources: readonly SourceReport[];
}

interface SourceReport {
  readonly file: string;
  readonly databaseType: string;
  /** As in 2026-11-01. */
  readonly built: string;
  readonly ageDays: number;
}

/** After setClient(). `nowMs` is for the age of the data. */
export function reportClient(view: View, { subnet, resolver }: Question, nowMs: number): ClientReport {
  const { client } = view.request;
  const { network } = client;
  const sender = formatAddress(resolver);
  const ecs = subnet === null ? null : `${formatAddress(subnet.address)}/${subnet.length}`;
  const special = network.specialLength();
  const { isSpecial: _, sources, ...place } = client.describe();
  return {
    asked: ecs ?? sender,
    ecs,
    resolver: sender,
    ecsIgnored: whyIgnored(view, subnet),
    special: special === 0 ? null : network.format(special),
    ipv4: network.family === 6 && network.hasIPv4 ? formatIPv4(network.ipv4) : null,
    place: {
      ...place,
      sources: sources.map(({ file, databaseType, builtMs }) => ({
        file,
        databaseType,
        built: new Date(builtMs).toISOString().slice(0, 10),
        ageDays: Math.max(0, Math.floor((nowMs - builtMs) / DAY_MS)),
      })),
    },
  };
}

function whyIgnored({ ecsSpecialLength }: View, subnet: Question["subnet"]): string {
  if (subnet === null) return "";
  const network = `${formatAddress(subnet.address)}/${subnet.length}`;
  if (subnet.length === 0) return `${network} asks not to be placed`;
  if (ecsSpecialLength === 0) return "";
  const block = `${formatAddress(cutAddress(subnet.address, ecsSpecialLength))}/${ecsSpecialLength}`;
  return `${network} is in the special-purpose network ${block}`;
}

function formatIPv4(address: number): string {
  return formatAddress(Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address));
}

export function formatClient(report: ClientReport): string {
  const { ipv4, special, place } = report;
  return formatTree(
    branch(headOf(report), [
      ...(ipv4 === null ? [] : [branch(`looked up by the IPv4 address in it, ${ipv4}`)]),
      ...(special === null
        ? placeBranches(place)
        : [branch(`place unknown: ${special} is a special-purpose network`)]),
    ]),
  );
}

function headOf({ ecs, resolver, ecsIgnored }: ClientReport): string {
  if (ecs === null) return `client ${resolver}: the resolver, since the query has no ECS`;
  if (ecsIgnored === "") return `client ${ecs}: by ECS, from the resolver ${resolver}`;
  return `client ${resolver}: the resolver, since ECS ${ecsIgnored}`;
}

function placeBranches(place: PlaceReport): Branch[] {
  const { continent, country, subdivision, asNumber } = place;
  const names = [
    ...(country !== null
      ? [`country ${country} (${nameOfCountry(country)})`]
      : continent !== null
        ? [`continent ${continent}`]
        : []),
    ...(subdivision === null ? [] : [`subdivision ${subdivision}`]),
    ...(asNumber === null ? [] : [`AS${asNumber}`]),
  ];
  return [
    branch(names.length === 0 ? "place unknown: the data below do not have it" : names.join(", ")),
    ...coordinateBranches(place),
    ...place.sources.map(({ file, built, ageDays }) =>
      branch(`looked up in ${basename(file)}, built ${built}, ${count(ageDays, "day")} ago`),
    ),
  ];
}

function coordinateBranches({ latitude, longitude, locatedBy }: PlaceReport): Branch[] {
  if (latitude === null || longitude === null) return [];
  const where = `${degrees(latitude, "N", "S")} ${degrees(longitude, "E", "W")}`;
  const how = locatedBy === "country" ? ", which stands for the whole country" : "";
  return [branch(`coordinates ${where}${how}`)];
}

function degrees(value: number, positive: string, negative: string): string {
  return `${Math.abs(Math.round(value * 100) / 100)}°${value < 0 ? negative : positive}`;
}
