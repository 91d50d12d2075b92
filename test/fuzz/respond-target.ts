/**
 * respond() under fuzz: every packet over UDP or TCP, from IPv4 or IPv6, against a small set of
 * zones that has something of everything. The oracle is reply-oracle.ts; here is also what the
 * reply alone cannot show: octets written where none belong, or left from the reply before.
 *
 * @module
 */
import { type Random, randomBelow } from "../../src/lib/random.ts";
import { type Client, type Respond, TCP_REPLY_OCTETS_MAX } from "../../src/server/client.ts";
import { decodeMessage } from "../../src/wire/message.ts";
import type { Target } from "./campaign.ts";
import { judgeReply, replyOctetsMax } from "./reply-oracle.ts";

/** Octets behind the longest reply that must stay as they were. */
const GUARD_OCTETS = 64;
const GUARD = 0xa5;
const OTHER_GUARD = 0x5a;

/** `respond` is ours, or one that is broken on purpose: an oracle that never fails proves nothing. */
export function makeRespondTarget(respond: Respond): Target {
  const out = new Uint8Array(TCP_REPLY_OCTETS_MAX + GUARD_OCTETS).fill(GUARD);
  const other = new Uint8Array(TCP_REPLY_OCTETS_MAX);
  const room = out.subarray(0, TCP_REPLY_OCTETS_MAX);
  return {
    name: "respond",
    check(packet, random) {
      const client = makeClient(random);
      const { transport } = client;
      const query = decodeMessage(packet);
      const max = replyOctetsMax(query, transport);
      // A transport's buffer is longer than the message in it; what is beyond must not matter.
      const octets = new Uint8Array(packet.length + 32).fill(random.u32() & 0xff);
      octets.set(packet);
      const length = respond({ octets, length: packet.length }, client, room);
      if (!Number.isInteger(length) || length < 0 || length > max)
        return `returned ${length}, at most ${max} may be`;
      const reply = out.slice(0, length);
      const isOverrun = out.subarray(max, max + GUARD_OCTETS).some((octet) => octet !== GUARD);
      out.fill(GUARD, 0, isOverrun ? out.length : max);
      if (isOverrun) return `wrote beyond the ${max} octets that a reply may have`;
      const wrong = judgeReply(packet, query, reply, transport);
      if (wrong !== undefined) return wrong;
      return randomBelow(random, 8) === 0 ? findUnwritten(octets, packet.length, client, reply) : undefined;
    },
  };

  /**
   * An octet that is GUARD after a run over GUARD and OTHER_GUARD after one over OTHER_GUARD was
   * not written: the next client would see the reply before.
   */
  function findUnwritten(
    octets: Uint8Array,
    packetLength: number,
    client: Client,
    reply: Uint8Array,
  ): string | undefined {
    other.fill(OTHER_GUARD, 0, reply.length);
    const length = respond({ octets, length: packetLength }, client, other);
    // Steered names draw again and may come out longer or shorter; then nothing can be compared.
    if (length !== reply.length) return undefined;
    const at = reply.findIndex((octet, i) => octet === GUARD && other[i] === OTHER_GUARD);
    return at < 0 ? undefined : `octet ${at} of the reply was not written`;
  }
}

function makeClient(random: Random): Client {
  return {
    family: randomBelow(random, 2) === 0 ? 4 : 6,
    address: Uint8Array.from({ length: 16 }, () => random.u32() & 0xff),
    port: 1 + randomBelow(random, 65_535),
    transport: randomBelow(random, 4) === 0 ? "tcp" : "udp",
  };
}
