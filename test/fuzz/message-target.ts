/**
 * The message codec under fuzz: what decodes must encode, and decode again to the same.
 * And decoding must not care where in memory a message lies.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { decodeMessage, encodeMessage, type Message } from "../../src/wire/message.ts";
import type { Target } from "./campaign.ts";

export const messageTarget: Target = {
  name: "message",
  check(packet) {
    const decoded = decodeMessage(packet);
    if ("malformed" in decoded) {
      const { malformed, offset } = decoded;
      if (malformed === "" || offset < 0 || offset > packet.length) {
        return `said "${malformed}" about octet ${offset} of ${packet.length}`;
      }
      return undefined;
    }
    if (decoded.id !== ((packet[0]! << 8) | packet[1]!)) return "the ID is not the packet's";
    const octets = encode(decoded);
    // What was compressed where we do not compress may not fit any more.
    if (octets === undefined) return undefined;
    const again = decodeMessage(octets);
    if ("malformed" in again) return `its own encoding is malformed: ${again.malformed}`;
    return isDeepStrictEqual(again, decoded) ? undefined : "decode(encode(decoded)) is another message";
  },
};

/** Undefined when the message would be longer than 65,535 octets; other errors are failures. */
function encode(message: Message): Uint8Array | undefined {
  try {
    return encodeMessage(message);
  } catch (error) {
    if (error instanceof RangeError && /at most 65535/.test(error.message)) return undefined;
    throw error;
  }
}
