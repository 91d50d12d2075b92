/**
 * Round-trip times between networks of clients and regions:
 *
 *   POST /v1/rtt    samples that somebody else has measured: beacons in browsers, own telemetry
 *   GET  /v1/rtt    estimates: of one network as its clients go by them, or of all that were measured
 *
 * As with a file of them, samples that are wrong are told and left out, and the others count: who sends thousands measured by others
 * should not lose them for one.
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { LENGTH_MIN } from "../../latency/ingest.ts";
import { SampleLines } from "../../latency/sample-lines.ts";
import { formatAddress, parseAddress, parsePrefix } from "../../lib/address.ts";
import { nearestWord } from "../../lib/nearest.ts";
import type { RttSample } from "../../store/live/live-exchange.ts";
import type { RoundTripEstimate, RoundTripsFace } from "../../sync/latency/round-trips.ts";
import type { ApiContext } from "../context.ts";
import { badParameter } from "../documents.ts";
import { isForAll } from "../live/endpoint-pools.ts";
import { PageQuery, type PageRequest, pageOf } from "../paging.ts";
import { Problem, type ProblemItem, pointerOf } from "../problem.ts";

const tags = ["latency"];

const SAMPLES_MAX = 10_000;
/** Some 150 octets each are enough. */
const BODY_OCTETS_MAX = 4 * 1024 * 1024;
/** Of wrong samples; whoever sends many will see what is wrong with these. */
const ERRORS_SHOWN = 100;
/** Samples that were just measured, by a clock that runs ahead. */
const AHEAD_S_MAX = 60;

const SamplesBody = Type.Object(
  {
    samples: Type.Array(
      // Not by a schema, which would refuse all for one.
      Type.Unknown({
        description:
          "network: CIDR, or an address. region: of pools. rttMs: 0 to 60,000. count: how many measurements it is the mean of, 1 without. at: when, ISO 8601 or seconds since 1970; now without.",
        examples: [{ network: "198.51.100.0/24", region: "eu-west", rttMs: 23.4, count: 3 }],
      }),
      { minItems: 1, maxItems: SAMPLES_MAX, errorMessage: `a list of 1 to ${SAMPLES_MAX} samples` },
    ),
  },
  { additionalProperties: false, errorMessage: "a map with samples" },
);

const EstimatesQuery = Type.Object(
  {
    ...PageQuery,
    network: Type.Optional(
      Type.String({ description: "A network in CIDR form, or an address: what clients there go by." }),
    ),
    region: Type.Optional(Type.String({ description: "Only estimates from this region." })),
  },
  { additionalProperties: false },
);

interface EstimatesQueryValues extends PageRequest {
  readonly network?: string;
  readonly region?: string;
}

export function registerRoundTrips(app: FastifyInstance, { roundTrips }: ApiContext): void {
  if (roundTrips === undefined) return;

  app.get(
    "/v1/rtt",
    {
      schema: {
        summary: "Round-trip times by network and region",
        description:
          "With network: what clients there go by, also where that is of a wider network. Without: the networks that were measured since this node started.",
        tags,
        querystring: EstimatesQuery,
      },
    },
    async (request) => {
      const query = request.query as EstimatesQueryValues;
      const { network, region } = query;
      const isWanted = (estimate: RoundTripEstimate) => region === undefined || estimate.region === region;
      if (network === undefined) {
        const ids = roundTrips.measured(region).sort();
        const own = (one: RoundTripEstimate) => isWanted(one) && one.source !== null;
        return pageOf(ids, query, (id) => ({ network: id, estimates: roundTrips.estimates(id).filter(own) }));
      }
      const text = canonical(network);
      if (text === undefined)
        throw badParameter(
          "network",
          `"${network}" is no network; write one as in 198.51.100.0/24, without bits beyond its length, or an address`,
        );
      return { network: text, estimates: roundTrips.estimates(text).filter(isWanted) };
    },
  );

  app.post(
    "/v1/rtt",
    {
      // Measured all the time by programs: only refusals are in the audit.
      config: { audited: "refusals" },
      bodyLimit: BODY_OCTETS_MAX,
      schema: { summary: "Report measured round-trip times", tags, body: SamplesBody },
    },
    async (request) => {
      requireAll(request);
      const { samples } = request.body as { samples: unknown[] };
      const reader = new SampleReader(roundTrips);
      const taken: RttSample[] = [];
      const errors: ProblemItem[] = [];
      for (const [index, one] of samples.entries()) {
        const read = reader.read(one);
        if (typeof read === "string") errors.push({ pointer: pointerOf(["samples", index]), message: read });
        else taken.push(read);
      }
      const shown = errors.slice(0, ERRORS_SHOWN);
      if (taken.length === 0) {
        const others = errors.length === 1 ? "" : `, and ${errors.length - 1} more`;
        throw new Problem("body-invalid", `no sample is good: ${errors[0]!.message}${others}`, {
          errors: shown,
        });
      }
      roundTrips.share(taken);
      return { taken: taken.length, refused: errors.length, errors: shown };
    },
  );
}

/** Estimates steer the clients of all pools. */
function requireAll({ caller }: FastifyRequest): void {
  if (caller === null || isForAll(caller)) return;
  throw new Problem(
    "document-forbidden",
    "round-trip times steer the clients of all pools, and this token is for some documents alone",
  );
}

function canonical(text: string): string | undefined {
  const prefix = text.includes("/") ? parsePrefix(text) : undefined;
  if (prefix !== undefined) return `${formatAddress(prefix.address)}/${prefix.length}`;
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
}

/** Reads samples as the file of them has them, and says what is wrong with one. */
class SampleReader {
  readonly #roundTrips: RoundTripsFace;
  readonly #lines = new SampleLines();
  readonly #nowMs: number;

  constructor(roundTrips: RoundTripsFace) {
    this.#roundTrips = roundTrips;
    this.#nowMs = roundTrips.nowMs();
  }

  read(value: unknown): RttSample | string {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return "a sample is a map with network, region and rttMs";
    const why = this.#lines.readRecord(value as Record<string, unknown>);
    if (why !== true) return why;
    const { address, length, region, rttMs, atS, count } = this.#lines.line;
    const { rules, regions, expiryMs } = this.#roundTrips;
    const network = `${formatAddress(address)}/${length}`;
    if (!rules.counts(address, length))
      return `${network} is of special use, private or for documentation, say; allow it with --rtt-allow where your clients are in it`;
    if (isTooWide(address, length))
      return `${network} is too wide to say anything; the widest are /8 of IPv4 and /24 of IPv6`;
    if (!regions.has(region)) return unknownRegion(region, regions);
    const atMs = atS === null ? this.#nowMs : Math.round(1000 * atS);
    if (atMs > this.#nowMs + 1000 * AHEAD_S_MAX)
      return `${new Date(atMs).toISOString()} has not come yet; leave "at" out for what was just measured`;
    if (atMs < this.#nowMs - expiryMs)
      return `${new Date(atMs).toISOString()} is longer ago than times count (--rtt-expiry)`;
    return { network, region, rttMs, count, atMs: Math.min(atMs, this.#nowMs), source: "posted" };
  }
}

function isTooWide(address: Uint8Array, length: number): boolean {
  return length < (address.length === 4 ? LENGTH_MIN.ipv4 : LENGTH_MIN.ipv6);
}

/** A table has room for 64, and each takes memory in every row of it: none for what nobody can use. */
function unknownRegion(region: string, regions: ReadonlySet<string>): string {
  const nearest = nearestWord(region, regions);
  if (nearest !== undefined) return `no member stands in the region "${region}"; did you mean "${nearest}"?`;
  const known =
    regions.size === 0 ? "none has a region" : `the regions are ${[...regions].sort().join(", ")}`;
  return `no member stands in the region "${region}"; ${known}`;
}
