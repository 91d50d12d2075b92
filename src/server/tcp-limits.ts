/**
 * What one TCP client, and all of them together, may take. Every limit is a setting
 * (docs/reference/settings.md); these are the defaults and their reasons.
 *
 * @module
 */
export interface TcpLimits {
  /** In all, over every address that is listened on. */
  readonly connectionsMax: number;
  /** From one IPv4 address or one IPv6 /64. */
  readonly connectionsPerClientMax: number;
  /** Replies of one connection that have not left yet. */
  readonly inFlightMax: number;
  /** Octets of replies of one connection that have not left yet, give or take one reply. */
  readonly queuedOctetsMax: number;
  /** With nothing to do; what RFC 7828's option tells clients. */
  readonly idleTimeoutMs: number;
  /** From the first octet of a message to its last. */
  readonly messageTimeoutMs: number;
  /** For a client that does not read, from when we stopped reading too. */
  readonly writeTimeoutMs: number;
}

export const TCP_LIMITS: TcpLimits = {
  // At the worst some 200 KiB each (replies queued, a segment not yet answered): 200 MiB.
  connectionsMax: 1000,
  // A busy resolver keeps a few; a large NAT a few dozen. Nobody gets more than a tenth of all.
  connectionsPerClientMax: 100,
  inFlightMax: 256,
  queuedOctetsMax: 64 * 1024,
  // RFC 7766 section 6.2.3 wants a few seconds. A resolver that sends a query every few seconds
  // keeps its connection; one that is gone costs us a descriptor for no longer.
  idleTimeoutMs: 10_000,
  // A message fits a few segments: two retransmissions of each at ordinary round-trip times.
  messageTimeoutMs: 5000,
  writeTimeoutMs: 5000,
};
