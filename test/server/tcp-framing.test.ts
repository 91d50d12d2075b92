import fc from "fast-check";
import { expect, test } from "vitest";
import type { Datagram } from "../../src/server/client.ts";
import { TcpFraming } from "../../src/server/tcp-framing.ts";
import { framed } from "./harness.ts";

const newQuery = (): Datagram => ({ octets: new Uint8Array(0), length: 0 });

test("TcpFraming yields the same messages however the stream is split", () => {
  const messages = fc.array(fc.uint8Array({ minLength: 12, maxLength: 300 }), { maxLength: 12 });
  const cuts = fc.array(fc.nat(4000), { maxLength: 30 });
  fc.assert(
    fc.property(messages, cuts, fc.boolean(), (sent, at, releases) => {
      const stream = framed(...sent);
      const edges = [...new Set([0, ...at.map((cut) => cut % (stream.length + 1)), stream.length])].sort(
        (a, b) => a - b,
      );
      const framing = new TcpFraming();
      const query = newQuery();
      const got: Uint8Array[] = [];
      for (let i = 1; i < edges.length; i++) {
        // A copy that is wiped afterwards: nothing may refer to a segment that was released.
        const segment = stream.slice(edges[i - 1], edges[i]);
        framing.push(segment);
        while (framing.next(query) === "message") got.push(query.octets.slice(0, query.length));
        if (releases) {
          framing.release();
          segment.fill(0xff);
        }
      }
      expect(got).toEqual(sent);
      expect(framing.next(query)).toBe("empty");
    }),
  );
});

test("TcpFraming yields a message of 65,535 octets that comes octet by octet", () => {
  const sent = Uint8Array.from({ length: 65_535 }, (_, i) => i & 0xff);
  const stream = framed(sent);
  const framing = new TcpFraming();
  const query = newQuery();
  for (let i = 0; i < stream.length - 1; i++) {
    framing.push(stream.subarray(i, i + 1));
    if (i % 1000 === 0) expect(framing.next(query)).toBe("partial");
    framing.release();
  }
  framing.push(stream.subarray(-1));
  expect(framing.next(query)).toBe("message");
  expect(query.octets).toEqual(sent);
});

test.each([0, 1, 11])("TcpFraming calls a length of %i malformed before its octets come", (length) => {
  const framing = new TcpFraming();
  framing.push(Uint8Array.of(0, length));
  expect(framing.next(newQuery())).toBe("malformed");
});

test("TcpFraming says partial for half a length and for a length alone", () => {
  const framing = new TcpFraming();
  framing.push(Uint8Array.of(0));
  expect(framing.next(newQuery())).toBe("partial");
  framing.push(Uint8Array.of(12));
  expect(framing.next(newQuery())).toBe("partial");
});
