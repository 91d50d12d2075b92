/**
 * LOC (RFC 1876): where on Earth something is.
 *
 *   version 1 | size 1 | horizontal precision 1 | vertical precision 1
 *   latitude 4 | longitude 4    thousandths of a second of arc, 2^31 is the equator, Greenwich
 *   altitude 4                  centimetres above 100 km below the WGS 84 ellipsoid
 *
 * Sizes are one digit and a power of ten: 0x23 is 2·10^3 cm, 20 m. Text may say 25 m; like
 * the reference code of RFC 1876 appendix A we keep the first digit, because master files
 * with such sizes have always loaded.
 *
 * @module
 */
import { OctetWriter } from "../octet-writer.ts";
import type { RdataCodec } from "./codec.ts";
import { formatGenericRdata } from "./generic.ts";
import type { TokenReader } from "./token-reader.ts";

const OCTETS = 16;
const EQUATOR = 2 ** 31;
const ALTITUDE_BASE_CM = 10_000_000;
const ALTITUDE_CM_MAX = 0xffff_ffff - ALTITUDE_BASE_CM;
/** 90 000 km, the most that 0x99 says. */
const SIZE_CM_MAX = 9_000_000_000;
const DEFAULT_SIZE_CM = 100; // RFC 1876 section 3: 1 m, 10 km, 10 m
const DEFAULT_HORIZONTAL_CM = 1_000_000;
const DEFAULT_VERTICAL_CM = 1000;

export const LOC: RdataCodec = {
  mayCompress: false,

  parse(reader) {
    const latitude = takeAngle(reader, "latitude", 90, "N", "S");
    const longitude = takeAngle(reader, "longitude", 180, "E", "W");
    const altitude = takeCentimetres(reader, "altitude", -ALTITUDE_BASE_CM, ALTITUDE_CM_MAX);
    const sizes = [
      takeSize(reader, "size", DEFAULT_SIZE_CM),
      takeSize(reader, "horizontal precision", DEFAULT_HORIZONTAL_CM),
      takeSize(reader, "vertical precision", DEFAULT_VERTICAL_CM),
    ];
    reader.requireEnd();
    const out = new OctetWriter();
    out.u8(0);
    for (const size of sizes) out.u8(size);
    out.u32(EQUATOR + latitude);
    out.u32(EQUATOR + longitude);
    out.u32(ALTITUDE_BASE_CM + altitude);
    return out.toOctets();
  },

  format(rdata) {
    if (rdata[0] !== 0) return formatGenericRdata(rdata);
    const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.length);
    return [
      formatAngle(view.getUint32(4) - EQUATOR, "N", "S"),
      formatAngle(view.getUint32(8) - EQUATOR, "E", "W"),
      `${((view.getUint32(12) - ALTITUDE_BASE_CM) / 100).toFixed(2)}m`,
      ...[...rdata.subarray(1, 4)].map(formatSize),
    ].join(" ");
  },

  decode(message, offset, end) {
    const rdata = message.slice(offset, end);
    // RFC 1876 section 2: nothing is known of versions other than 0, so they are opaque.
    if (rdata.length > 0 && rdata[0] !== 0) return rdata;
    if (rdata.length !== OCTETS || !rdata.subarray(1, 4).every(isSize)) return null;
    const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.length);
    const isOnEarth =
      Math.abs(view.getUint32(4) - EQUATOR) <= 90 * 3_600_000 &&
      Math.abs(view.getUint32(8) - EQUATOR) <= 180 * 3_600_000;
    return isOnEarth ? rdata : null;
  },

  nameOffsets: () => [],
};

/** `42 21 54.5 N`, minutes and seconds may be left out; in thousandths of a second of arc. */
function takeAngle(
  reader: TokenReader,
  field: string,
  degreesMax: number,
  plus: string,
  minus: string,
): number {
  const first = reader.peek();
  const numbers: number[] = [];
  const patterns = [/^[0-9]{1,3}$/, /^[0-9]{1,2}$/, /^[0-9]{1,2}(?:\.[0-9]{1,3})?$/];
  for (;;) {
    const token = reader.take(field);
    const letter = token.text.toUpperCase();
    if (letter === plus || letter === minus) {
      const [degrees = Number.NaN, minutes = 0, seconds = 0] = numbers;
      const angle = degrees * 3_600_000 + minutes * 60_000 + Math.round(seconds * 1000);
      const isRight = minutes < 60 && seconds < 60 && angle <= degreesMax * 3_600_000;
      if (!isRight) {
        throw reader.error(
          first!,
          `the ${field} of LOC is out of range; 0 to ${degreesMax} degrees, below 60 minutes and seconds, is right`,
        );
      }
      return letter === plus ? angle : -angle;
    }
    if (patterns[numbers.length]?.test(token.text) !== true) {
      throw reader.error(
        token,
        `"${token.text}" has no place in the ${field} of LOC; degrees, minutes, seconds and ${plus} or ${minus} do`,
      );
    }
    numbers.push(Number(token.text));
  }
}

/** Metres with up to two decimals and perhaps an `m`, in centimetres. */
function takeCentimetres(reader: TokenReader, field: string, min: number, max: number): number {
  const token = reader.take(field);
  const match = /^([+-]?[0-9]{1,9}(?:\.[0-9]{1,2})?)m?$/i.exec(token.text);
  const centimetres = match === null ? Number.NaN : Math.round(Number(match[1]) * 100);
  if (!(centimetres >= min && centimetres <= max)) {
    throw reader.error(
      token,
      `"${token.text}" is no ${field} of LOC; metres from ${(min / 100).toFixed(2)}m to ${(max / 100).toFixed(2)}m are`,
    );
  }
  return centimetres;
}

function takeSize(reader: TokenReader, field: string, defaultCentimetres: number): number {
  if (reader.isAtEnd) return encodeSize(defaultCentimetres);
  return encodeSize(takeCentimetres(reader, field, 0, SIZE_CM_MAX));
}

function encodeSize(centimetres: number): number {
  let digit = centimetres;
  let exponent = 0;
  for (; digit >= 10; exponent++) digit = Math.floor(digit / 10);
  return (digit << 4) | exponent;
}

function isSize(octet: number): boolean {
  const [digit, exponent] = [octet >> 4, octet & 15];
  return octet === 0 || (digit >= 1 && digit <= 9 && exponent <= 9);
}

function formatSize(octet: number): string {
  const centimetres = (octet >> 4) * 10 ** (octet & 15);
  return `${centimetres % 100 === 0 ? centimetres / 100 : (centimetres / 100).toFixed(2)}m`;
}

function formatAngle(thousandths: number, plus: string, minus: string): string {
  const size = Math.abs(thousandths);
  const degrees = Math.floor(size / 3_600_000);
  const minutes = Math.floor(size / 60_000) % 60;
  const seconds = ((size % 60_000) / 1000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${thousandths < 0 ? minus : plus}`;
}
