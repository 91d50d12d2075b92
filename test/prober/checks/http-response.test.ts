import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BODY_OCTETS_MAX,
  HttpResponseReader,
  type ReadState,
} from "../../../src/prober/checks/http-response.ts";

/** Feeds it in pieces of such sizes, to the end of the connection. */
function read(octets: Buffer, sizes: readonly number[]): { state: ReadState; reader: HttpResponseReader } {
  const reader = new HttpResponseReader("GET");
  let at = 0;
  for (let i = 0; at < octets.length; i++) {
    const size = sizes[i % sizes.length]!;
    const state = reader.feed(octets.subarray(at, at + size));
    at += size;
    if (state !== "more") return { state, reader };
  }
  return { state: reader.end(), reader };
}

const piece = fc.constantFrom(
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 99999\r\n",
  "Transfer-Encoding: chunked\r\n",
  "X: y\r\n",
  "\r\n",
  "\n",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "hello",
  "\0",
);
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

/** What is quoted of something that is not HTTP is what came by then. */
function said(state: ReadState): ReadState {
  return typeof state === "string" ? state : { fault: state.fault.replace(/ begins with .*/, "") };
}

test("the pieces that it comes in do not matter, whatever it is", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), sizes, (pieces, cut) => {
      const octets = Buffer.from(pieces.join(""), "latin1");
      const whole = read(octets, [octets.length || 1]);
      const parts = read(octets, cut);
      expect(said(parts.state)).toEqual(said(whole.state));
      expect(parts.reader.status).toBe(whole.reader.status);
      if (whole.state === "done") expect(parts.reader.body.octets).toEqual(whole.reader.body.octets);
    }),
  );
});

test("any octets end in a state, and no more than 64 KiB of a body is kept", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), sizes, (tail, cut) => {
      const octets = Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n"), tail]);
      const { state } = read(octets, cut);
      expect(state === "done" || (typeof state === "object" && state.fault !== "")).toBe(true);
    }),
  );
  const long = Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), Buffer.alloc(3 * BODY_OCTETS_MAX)]);
  const { state, reader } = read(long, [1460]);
  expect(state).toBe("done");
  expect(reader.body.length).toBe(BODY_OCTETS_MAX);
});

test("a chunked body of any chunks is put together", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 })), sizes, (chunks, cut) => {
      const framed = chunks.flatMap((chunk) => [
        Buffer.from(`${chunk.length.toString(16)}\r\n`),
        chunk,
        Buffer.from("\r\n"),
      ]);
      const head = Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
      const { state, reader } = read(Buffer.concat([head, ...framed, Buffer.from("0\r\n\r\n")]), cut);
      expect(state).toBe("done");
      expect(reader.body.octets).toEqual(Buffer.concat(chunks));
    }),
  );
});
