/**
 * The outermost frame around a query. The query path never throws; should it do so all the
 * same, that is a fault of ours in one answer, and must cost neither the server nor the
 * other names of the zone: the client gets SERVFAIL and asks another server.
 *
 * @module
 */
import { Rcode } from "../wire/dns-codes.ts";
import { type Client, type Datagram, HEADER_OCTETS, type Respond } from "./client.ts";

/** One query can be sent again a hundred thousand times a second; its log line cannot. */
const REPORT_INTERVAL_MS = 1000;

export interface Failure {
  readonly error: unknown;
  /** The query, so that the failure can be repeated. */
  readonly query: Uint8Array;
  readonly transport: Client["transport"];
  /** Failures since the last report, this one included. */
  readonly count: number;
}

export function guardRespond(
  respond: Respond,
  report: (failure: Failure) => void,
  nowMs: () => number = () => performance.now(),
): Respond {
  let reportedMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  return function guarded(query: Datagram, client: Client, out: Uint8Array): number {
    try {
      return respond(query, client, out);
    } catch (error) {
      count++;
      if (nowMs() - reportedMs >= REPORT_INTERVAL_MS) {
        reportedMs = nowMs();
        report({ error, query: query.octets.slice(0, query.length), transport: client.transport, count });
        count = 0;
      }
      return servfail(query, out);
    }
  };
}

/** A header alone: after a failure nothing in the query but its first octets is to be relied on. */
function servfail(query: Datagram, out: Uint8Array): number {
  const { octets, length } = query;
  if (length < HEADER_OCTETS || (octets[2]! & 0x80) !== 0) return 0; // QR: never reply to a reply
  out.fill(0, 0, HEADER_OCTETS);
  out[0] = octets[0]!;
  out[1] = octets[1]!;
  out[2] = 0x80 | (octets[2]! & 0x79); // QR, with the opcode and RD of the query
  out[3] = Rcode.SERVFAIL;
  return HEADER_OCTETS;
}
