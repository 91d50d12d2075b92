/**
 * POST /v1/monitors/{monitor}/try: runs a check once, from this node, and shows everything. It counts for nothing.
 *
 * Whoever could have any address checked could look around in the network of this node. So the address is one that the monitor
 * checks anyway, in a pool of the token's; those of scope admin may name any. Few at once, and few in a minute.
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import type { MonitorDocument } from "../../documents/configuration.ts";
import { endpointKey } from "../../health/opinion.ts";
import { formatAddress, parseAddress } from "../../lib/address.ts";
import { tryMonitor } from "../../prober/try-monitor.ts";
import { documentKey } from "../../store/document-key.ts";
import type { Documents } from "../../sync/editor.ts";
import type { ApiContext } from "../context.ts";
import { existingBody, keyOf } from "../documents.ts";
import { requireDocument } from "../edit.ts";
import { Problem } from "../problem.ts";
import { RateWindow } from "../rate-window.ts";
import { isScopeWithin, mayTouch } from "../tokens.ts";
import { isForAll, poolsOf } from "./endpoint-pools.ts";
import { requireMember } from "./members.ts";

/** On this node. Each takes a socket and up to a timeout of the monitor. */
const AT_ONCE_MAX = 8;
/** With one token. */
const PER_MINUTE_MAX = 60;
const MINUTE_MS = 60_000;

const TryBody = Type.Object(
  {
    pool: Type.Optional(Type.String({ description: "With member: each address of this member." })),
    member: Type.Optional(Type.String({ errorMessage: "the name of a member" })),
    address: Type.Optional(
      Type.String({
        description: "Instead: one that the monitor checks in some pool; for tokens of scope admin, any.",
        errorMessage: "an IPv4 or IPv6 address",
      }),
    ),
  },
  { additionalProperties: false, errorMessage: "a map with pool and member, or address" },
);

interface TryText {
  readonly pool?: string;
  readonly member?: string;
  readonly address?: string;
}

export function registerTry(app: FastifyInstance, { editor, now }: ApiContext): void {
  const windows = new RateWindow(PER_MINUTE_MAX, MINUTE_MS);
  let running = 0;

  app.post(
    "/v1/monitors/:monitor/try",
    {
      schema: {
        summary: "Run a check once, and show everything",
        tags: ["health"],
        params: Type.Object({ monitor: Type.String({ description: "Id of the monitor." }) }),
        body: TryBody,
      },
    },
    async (request, reply) => {
      const { monitor: id } = request.params as { monitor: string };
      const { documents } = editor;
      const key = keyOf("monitors", id);
      const monitor = documents.configuration.monitors.get(id);
      if (monitor === undefined) {
        if (isForAll(request.caller!)) await existingBody(documents, key); // with the nearest name
        throw new Problem("document-unknown", `there is no monitor "${id}"`);
      }
      const addresses = addressesOf(request, documents, monitor);
      const { id: token } = request.caller!;
      const waitMs = windows.waitMs(token, now());
      if (waitMs > 0) throw tooMany("as many checks as one token has in a minute were run", waitMs);
      if (running + addresses.length > AT_ONCE_MAX)
        throw tooMany("as many checks are being run as this node takes", 1000);
      for (const _ of addresses) windows.count(token, now());
      running += addresses.length;
      const left = new AbortController();
      reply.raw.once("close", () => left.abort());
      try {
        const results = addresses.map(async (address) => {
          const target = { address: formatAddress(address), family: address.length === 4 ? 4 : 6 } as const;
          return { ...target, ...(await tryMonitor(monitor, target, left.signal)) };
        });
        return { monitor: id, type: monitor.type, results: await Promise.all(results) };
      } finally {
        running -= addresses.length;
      }
    },
  );
}

function tooMany(what: string, waitMs: number): Problem {
  const seconds = Math.ceil(waitMs / 1000);
  return new Problem("rate-limited", `${what}; wait ${seconds === 1 ? "a second" : `${seconds} seconds`}`, {
    headers: { "retry-after": String(seconds) },
  });
}

function addressesOf(request: FastifyRequest, now: Documents, monitor: MonitorDocument): Uint8Array[] {
  const { pool, member, address } = request.body as TryText;
  if (address !== undefined && pool === undefined && member === undefined)
    return [allowedAddress(request, now, monitor, address)];
  if (address !== undefined || pool === undefined || member === undefined)
    throw badBody("", "say whom to check: pool and member, or address alone");
  requireDocument(request, keyOf("pools", pool));
  const found = requireMember(now, { pool, member });
  if (now.configuration.pools.get(pool)!.monitor !== monitor.id)
    throw badBody("/pool", `the pool "${pool}" does not have the monitor "${monitor.id}"`);
  const addresses = found.kind === "endpoint" ? [found.ipv4, found.ipv6] : [];
  if (addresses.length === 0) throw badBody("/member", `"${member}" of "${pool}" has no address to check`);
  return addresses.filter((each) => each !== null);
}

function allowedAddress(
  { caller }: FastifyRequest,
  { configuration }: Documents,
  monitor: MonitorDocument,
  text: string,
): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw badBody("/address", `"${text}" is no IPv4 or IPv6 address`);
  const pools = poolsOf(configuration, endpointKey(monitor.id, formatAddress(address)));
  if (isScopeWithin("admin", caller!) || pools.some((pool) => mayTouch(caller!, documentKey("pools", pool))))
    return address;
  const message = `"${text}" is no address that "${monitor.id}" checks in a pool of this token; only admins may try others`;
  throw new Problem("endpoint-forbidden", message, { errors: [{ pointer: "/address", message }] });
}

function badBody(pointer: string, message: string): Problem {
  return new Problem("body-invalid", message, { errors: [{ pointer, message }] });
}
