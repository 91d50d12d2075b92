/**
 * `geo`: keeps the candidates that serve the client most specifically, by what their `serves` says.
 *
 *   198.51.100.0/24  ►  AS64500  ►  US-CA  ►  US  ►  north-america  ►  "*"
 *   the longest first
 *
 * Only candidates still standing count: when all that serve a country are down, the members for its continent
 * answer, and so on. Where nobody serves the client, all candidates stay.
 *
 * A place is looked up only when a member of the pool serves by that kind of place and nothing more specific
 * matched, so the scope of an answer by network is not narrowed by what countries there are.
 *
 * @module
 */
import { Type } from "typebox";
import type { ClientPlace } from "../../geo/client-place.ts";
import { formatContinent, formatCountry, formatSubdivision } from "../../geo/place-codes.ts";
import { formatServedPlace, type ServedPlace } from "../../geo/served-place.ts";
import type { ClientNetwork } from "../../lib/client-network.ts";
import {
  blockInIPv4,
  blockInIPv6,
  type ServedNetworks,
  segmentOfIPv4,
  segmentOfIPv6,
} from "../served-networks.ts";
import { type CodeTable, membersServing, type ServedPlaces, servedPlacesOf } from "../served-places.ts";
import type { MemberSpec } from "../spec.ts";
import { type Candidates, stepType } from "../step.ts";
import type { StepTrace } from "../trace.ts";

/** What matched. */
const Level = {
  None: 0,
  All: 1,
  Continent: 2,
  Country: 3,
  Subdivision: 4,
  AS: 5,
  /** And the length in bits of the client's family. */
  Network: 6,
} as const;

/** In `marks`: what of a member is known while the step runs. */
const OUT = 0;
const CANDIDATE = 1;
const SERVES = 2;

export const geo = stepType({
  name: "geo",
  summary: "By place: the most specific `serves` that matches the client",
  optionsSchema: Type.Object({}, { additionalProperties: false }),
  compile(options, members) {
    const places = servedPlacesOf(members);
    const marks = new Uint8Array(members.length);
    return {
      type: "geo",
      options,
      remembers: false,
      run(candidates, request, _memory, trace) {
        if (candidates.count === 1) {
          trace?.why.push(`only ${candidates.nameAt(0)} is left; nothing is asked about the client`);
          return;
        }
        const { indexes } = candidates;
        for (let place = 0; place < candidates.count; place++) marks[indexes[place]!] = CANDIDATE;
        const level = match(places, marks, request.client);
        if (trace !== null) traceMatch(trace, members, marks, candidates, level, request.client);
        let kept = 0;
        for (let place = 0; place < candidates.count; place++) {
          const index = indexes[place]!;
          if (level === Level.None || marks[index] === SERVES) indexes[kept++] = index;
          marks[index] = OUT;
        }
        candidates.count = kept;
      },
    };
  },
});

/** Marks the candidates that serve the client most specifically. How specifically that is. */
function match(places: ServedPlaces, marks: Uint8Array, client: ClientPlace): number {
  const { ipv4, ipv6, as, subdivision, country, continent, all } = places;
  if (ipv4 !== null || ipv6 !== null) {
    const length = markNetworks(ipv4, ipv6, marks, client.network);
    if (length >= 0) return Level.Network + length;
  }
  if (as !== null && markCode(as, client.asNumber(), marks)) return Level.AS;
  if (subdivision !== null && markCode(subdivision, client.subdivision(), marks)) return Level.Subdivision;
  if (country !== null || continent !== null) {
    if (country !== null && markCode(country, client.country(), marks)) return Level.Country;
    if (continent !== null && markCode(continent, client.continent(), marks)) return Level.Continent;
  }
  return mark(all, marks) ? Level.All : Level.None;
}

function markCode(table: CodeTable, code: number, marks: Uint8Array): boolean {
  return mark(membersServing(table, code), marks);
}

function mark(members: readonly number[], marks: Uint8Array): boolean {
  let found = false;
  for (let i = 0; i < members.length; i++) {
    const index = members[i]!;
    if (marks[index] === OUT) continue;
    marks[index] = SERVES;
    found = true;
  }
  return found;
}

/**
 * The longest networks around the client first, of either family: those of IPv4 count as many bits more as stand in front
 * of the IPv4 address. Gives the length of those that candidates serve; -1 when there are none.
 */
function markNetworks(
  ipv4: ServedNetworks | null,
  ipv6: ServedNetworks | null,
  marks: Uint8Array,
  network: ClientNetwork,
): number {
  let node4 = ipv4 === null ? -1 : lookUpIPv4(ipv4, network);
  let node6 = ipv6 === null || network.family === 4 ? -1 : lookUpIPv6(ipv6, network);
  while (node4 >= 0 || node6 >= 0) {
    const length4 = node4 < 0 ? -1 : network.ipv4Offset + ipv4!.lengths[node4]!;
    const length6 = node6 < 0 ? -1 : ipv6!.lengths[node6]!;
    let found = false;
    if (length4 >= length6) {
      found = mark(ipv4!.members[node4]!, marks);
      node4 = ipv4!.parent[node4]!;
    }
    if (length6 >= length4) {
      found = mark(ipv6!.members[node6]!, marks) || found;
      node6 = ipv6!.parent[node6]!;
    }
    if (found) return Math.max(length4, length6);
  }
  return -1;
}

/** The longest network around the client's IPv4 address; -1 when there is none. */
function lookUpIPv4(networks: ServedNetworks, network: ClientNetwork): number {
  if (!network.hasIPv4) {
    // It is no form that holds an IPv4 address: true of as much as is special, or ordinary, around it.
    network.lookAt(Math.max(1, network.specialLength()));
    return -1;
  }
  const segment = segmentOfIPv4(networks, network.ipv4);
  network.lookAtIPv4(blockInIPv4(networks, segment, network.ipv4));
  return networks.top[segment]!;
}

function lookUpIPv6(networks: ServedNetworks, network: ClientNetwork): number {
  const segment = segmentOfIPv6(networks, network.words);
  network.lookAt(blockInIPv6(networks, segment, network.words));
  return networks.top[segment]!;
}

function traceMatch(
  trace: StepTrace,
  members: readonly MemberSpec[],
  marks: Uint8Array,
  candidates: Candidates,
  level: number,
  client: ClientPlace,
): void {
  const { indexes, names, count } = candidates;
  const matched = describe(level, client);
  const why = level === Level.All ? "serves other clients" : `does not serve ${matched}`;
  for (let place = 0; place < count; place++) {
    const index = indexes[place]!;
    trace.numbers.push({ member: names[index]!, values: { serves: format(members[index]!.serves) } });
    if (level !== Level.None && marks[index] !== SERVES) {
      trace.dropped.push({ member: names[index]!, why });
    }
  }
  trace.why.push(
    level === Level.None
      ? "no candidate serves this client, so all stay; one that serves * would be kept"
      : `the most specific that candidates serve of this client is ${matched}`,
  );
}

function describe(level: number, client: ClientPlace): string {
  switch (level) {
    case Level.None:
      return "";
    case Level.All:
      return "*";
    case Level.Continent:
      return `continent ${formatContinent(client.continent())}`;
    case Level.Country:
      return `country ${formatCountry(client.country())}`;
    case Level.Subdivision:
      return `subdivision ${formatSubdivision(client.subdivision())}`;
    case Level.AS:
      return `AS${client.asNumber()}`;
    default:
      return client.network.format(level - Level.Network);
  }
}

/** Thousands of networks are too many to print. */
const SHOWN_MAX = 4;

function format(serves: readonly ServedPlace[]): string {
  if (serves.length === 0) return "nothing said";
  const shown = serves.slice(0, SHOWN_MAX).map(formatServedPlace).join(" ");
  return serves.length > SHOWN_MAX ? `${shown} and ${serves.length - SHOWN_MAX} more` : shown;
}
