/**
 * The messages of grpc.health.v1, as protocol buffers in gRPC's frames: one text goes out, one number comes back.
 *
 *   00  00 00 00 05   0a 03 61 62 63      not compressed, 5 octets: field 1, text "abc"
 *   00  00 00 00 02   08 01               field 1, number 1: SERVING
 *
 * @module
 */

/** Of HealthCheckResponse.ServingStatus. */
export const SERVING_STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

const FRAME_OCTETS = 5;

/** HealthCheckRequest in a frame. */
export function encodeHealthRequest(service: string): Buffer {
  const text = Buffer.from(service);
  const message = text.length === 0 ? [] : [0x0a, ...varint(text.length), ...text]; // proto3 leaves out what is empty
  const frame = Buffer.alloc(FRAME_OCTETS + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, FRAME_OCTETS);
  return frame;
}

/** The status of a HealthCheckResponse in a frame; what is wrong with it, in words, where it is none. */
export function decodeHealthResponse(octets: Uint8Array): number | string {
  if (octets.length < FRAME_OCTETS) return "the reply has no message";
  if (octets[0] !== 0) return "the reply is compressed, which nobody asked for";
  const end = FRAME_OCTETS + new DataView(octets.buffer, octets.byteOffset).getUint32(1);
  if (end > octets.length) return "the reply is shorter than it says";
  let status = 0; // proto3: what is left out is 0
  for (let at = FRAME_OCTETS; at < end; ) {
    const tag = readVarint(octets, at, end);
    if (tag === undefined) return "the reply is no message of grpc.health.v1";
    at = tag.next;
    const field = skipField(octets, at, end, tag.value & 7);
    if (field === undefined) return "the reply is no message of grpc.health.v1";
    if (tag.value === 0x08) status = field.value;
    at = field.next;
  }
  return status;
}

interface Varint {
  readonly value: number;
  readonly next: number;
}

/** The value is that of wire type 0. Fields that we do not know are passed over. */
function skipField(octets: Uint8Array, at: number, end: number, wireType: number): Varint | undefined {
  const first = wireType === 0 || wireType === 2 ? readVarint(octets, at, end) : { value: 0, next: at };
  if (first === undefined) return undefined;
  const octetsOf: Readonly<Record<number, number>> = { 0: 0, 1: 8, 2: first.value, 5: 4 };
  const more = octetsOf[wireType];
  if (more === undefined || more < 0 || first.next + more > end) return undefined;
  return { value: first.value, next: first.next + more };
}

function readVarint(octets: Uint8Array, at: number, end: number): Varint | undefined {
  let value = 0;
  for (let i = 0; i < 10 && at + i < end; i++) {
    const octet = octets[at + i]!;
    value += (octet & 0x7f) * 2 ** (7 * i);
    if (octet < 0x80) return { value, next: at + i + 1 };
  }
  return undefined;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
