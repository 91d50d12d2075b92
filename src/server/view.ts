/**
 * What one worker answers from: the current snapshot, who this server says it is, and the
 * scratch space of a query. One view for each thread; respond() is not re-entrant in it.
 *
 * @module
 */
import { ClientPlace } from "../geo/client-place.ts";
import type { Random } from "../lib/random.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { Picks, type SteerRequest } from "../steering/choose.ts";
import { Draws } from "../steering/draws.ts";
import type { Trace } from "../steering/trace.ts";
import { NAME_OCTETS_MAX } from "../wire/name.ts";
import { NameKey } from "../wire/name-key.ts";
import { Query } from "../wire/query.ts";
import { LookupResult } from "../zone/lookup.ts";
import { ChaosAnswers, type Identity } from "./chaos.ts";
import { Counters } from "./counters.ts";
import type { DemandCounters } from "./demand.ts";
import type { LookupTrace } from "./lookup-trace.ts";
import { RecentLookups } from "./recent-lookups.ts";
import { ReplyWriter } from "./reply-writer.ts";

export interface ViewOptions {
  readonly snapshot: Snapshot;
  /** Where this thread counts; a block of its own when left out. */
  readonly counters?: Counters;
  /** Where this thread counts who asks; nowhere when left out. */
  readonly demand?: DemandCounters;
  readonly random: Random;
  readonly identity: Identity;
  /** What edns-tcp-keepalive tells clients; the TCP server closes idle connections after the same time. */
  readonly tcpIdleTimeoutMs: number;
  /** Called when answering failed by a fault of ours; the client gets SERVFAIL. */
  readonly onFailure: (error: unknown, query: Uint8Array) => void;
}

/**
 * CNAMEs and DNAMEs that one reply follows. BIND 9.20 stops after as many restarts; what
 * is longer ends there, and the resolver asks on.
 */
export const CHAIN_LINKS_MAX = 11;

/** Enough for a host name of 63 octets; it must fit into every reply beside the question. */
const NSID_OCTETS_MAX = 64;

export class View {
  /** Replaced whole by the next generation's, between two queries. */
  snapshot: Snapshot;
  /** Replaced by a larger block when zones or members outgrow it. */
  counters: Counters;
  readonly chaos: ChaosAnswers;
  /** What NSID answers (RFC 5001); empty = the option is left out. */
  readonly nsid: Uint8Array;
  /** In units of 100 ms (RFC 7828 section 3.1). */
  readonly keepaliveTimeout: number;
  readonly onFailure: (error: unknown, query: Uint8Array) => void;
  readonly demand: DemandCounters | null;
  /** Steered answers until the next that counts as demand; below 0 it is due. */
  demandIn = 0;
  /** Set by explain: what is decided is written down here too. */
  trace: Trace | null = null;
  /** Set by explain: each look-up in a zone is written down here. */
  lookups: LookupTrace[] | null = null;

  readonly query = new Query();
  readonly reply = new ReplyWriter();
  readonly found = new LookupResult();
  readonly recent = new RecentLookups();
  readonly picks = new Picks();
  readonly request: SteerRequest;
  /** Length of the special-purpose network that ECS named, and that therefore does not count; 0 = it does. */
  ecsSpecialLength = 0;
  /** The name that a CNAME led to. */
  readonly target = new NameKey();
  readonly targetOctets = new Uint8Array(NAME_OCTETS_MAX + 1);
  /** Hashes of the names that a chain came by, to end where it would go round. */
  readonly visited = new Int32Array(CHAIN_LINKS_MAX + 1);
  /** The DNAMEs in the reply: zone number, RRset, and where it stands in the message. */
  readonly dnames = new Int32Array(3 * (CHAIN_LINKS_MAX + 1));
  dnameCount = 0;

  constructor(options: ViewOptions) {
    const { snapshot } = options;
    this.snapshot = snapshot;
    this.counters = options.counters ?? Counters.make(snapshot.next.zone, snapshot.next.slot);
    this.demand = options.demand ?? null;
    this.chaos = new ChaosAnswers(options.identity);
    this.nsid = new TextEncoder().encode(options.identity.id ?? "").slice(0, NSID_OCTETS_MAX);
    this.keepaliveTimeout = Math.min(0xffff, Math.round(options.tcpIdleTimeoutMs / 100));
    this.onFailure = options.onFailure;
    this.request = {
      family: 4,
      random: options.random,
      draws: new Draws(),
      live: snapshot.live,
      client: new ClientPlace(),
      latency: snapshot.clientTables.latency,
    };
  }
}
