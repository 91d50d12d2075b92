/**
 * Against endpoints that speak DNS by dns2, a codec of other hands, and against some that do not.
 *
 * @module
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Packet } from "dns2";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MonitorText } from "../../../src/documents/schema.ts";
import { decodeMessage, type Message } from "../../../src/wire/message.ts";
import { parseName, ROOT } from "../../../src/wire/name.ts";
import { check, Endpoints, said, say } from "../../support/bad-endpoints.ts";

type DnsText = Extract<MonitorText, { type: "dns" }>;
/** The datagrams that a query gets. */
type Answer = (query: Buffer) => Uint8Array[];

let endpoints: Endpoints;
let sockets: Socket[];

beforeEach(() => {
  endpoints = new Endpoints();
  sockets = [];
});
afterEach(async () => {
  await endpoints.close();
  for (const socket of sockets) socket.close();
});

async function udp(answer: Answer, host = "127.0.0.1"): Promise<number> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  sockets.push(socket);
  socket.on("message", (query, from) => {
    for (const octets of answer(query)) socket.send(octets, from.port, from.address);
  });
  socket.bind(0, host);
  await once(socket, "listening");
  return socket.address().port;
}

function tcp(answer: Answer, cut = 0): Promise<number> {
  return endpoints.tcp((socket) => {
    socket.once("data", (piece) => {
      for (const octets of answer(piece.subarray(2))) {
        const framed = Buffer.concat([Uint8Array.of(octets.length >> 8, octets.length & 255), octets]);
        socket.end(framed.subarray(0, framed.length - cut));
      }
    });
  });
}

/** A reply by dns2, with addresses of that name. */
function addresses(...all: string[]): Answer {
  return (query) => {
    const reply = Packet.createResponseFromRequest(Packet.parse(query));
    for (const address of all) {
      reply.answers.push({
        name: "www.example.test",
        type: Packet.TYPE.A,
        class: 1,
        ttl: 30,
        address,
      } as never);
    }
    return [reply.toBuffer()];
  };
}

function changed(answer: Answer, change: (reply: Uint8Array) => void): Answer {
  return (query) => {
    const replies = answer(query);
    for (const octets of replies) change(octets);
    return replies;
  };
}

/** Flips one bit of one octet. */
function bit(at: number, mask: number): (reply: Uint8Array) => void {
  return (reply) => {
    reply[at] = reply[at]! ^ mask;
  };
}

const QUERY = { type: "dns", name: "www.example.test" } as const;

async function ask(answer: Answer, text: Partial<DnsText> = {}, timeoutMs = 5000): Promise<string> {
  const port = text.transport === "tcp" ? await tcp(answer) : await udp(answer);
  return say({ ...QUERY, port, ...text } as DnsText, { timeoutMs });
}

describe.each(["udp", "tcp"] as const)("over %s", (transport) => {
  test("RCODE and answer decide", async () => {
    const answer = addresses("192.0.2.1", "192.0.2.2");
    expect(await ask(answer, { transport })).toBe("ok");
    expect(await ask(answer, { transport, expect: { answer: "192.0.2.2" } })).toBe("ok");
    expect(await ask(answer, { transport, expect: { answer: "192.0.2.3" } })).toBe(
      'answer has A "192.0.2.1, 192.0.2.2", wanted 192.0.2.3',
    );
    expect(await ask(addresses(), { transport, expect: { answer: "192.0.2.3" } })).toBe(
      "no A in the answer, wanted 192.0.2.3",
    );
    const refusing = changed(addresses(), (reply) => {
      reply[3] = 5;
    });
    expect(await ask(refusing, { transport })).toBe("REFUSED, wanted NOERROR");
    expect(await ask(refusing, { transport, expect: { rcode: "REFUSED" } })).toBe("ok");
  });

  test("silence is given up in time", async () => {
    expect(await ask(() => [], { transport }, 80)).toBe("reply timed out after 80 ms");
  });
});

test.each(["www.example.test", "WWW.Example.test.", ".", "a\\.b.example.test", "\\255\\000.example.test"])(
  "asks for %s as it is written, with a new id each time",
  async (name) => {
    const queries: Message[] = [];
    const port = await udp((query) => {
      const message = decodeMessage(query);
      if ("malformed" in message) throw new Error(message.malformed);
      queries.push(message);
      query[2]! |= 0x80;
      return [query];
    });
    for (let i = 0; i < 5; i++) expect(await say({ type: "dns", port, name, rrtype: "CAA" })).toBe("ok");
    for (const { question, rd } of queries) {
      expect({ rd, question }).toEqual({
        rd: true,
        question: [{ name: parseName(name, ROOT), type: 257, class: 1 }],
      });
    }
    expect(new Set(queries.map(({ id }) => id)).size).toBeGreaterThan(1);
  },
);

test("a header alone says that the server cannot, or will not", async () => {
  const answer: Answer = (query) => [Uint8Array.of(query[0]!, query[1]!, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0)];
  expect(await ask(answer)).toBe("FORMERR, wanted NOERROR");
});

test("names in the answer compare without case, texts with it", async () => {
  const answer: Answer = (query) => {
    const reply = Packet.createResponseFromRequest(Packet.parse(query));
    const base = { name: "www.example.test", class: 1, ttl: 30 };
    reply.answers.push({ ...base, type: Packet.TYPE.CNAME, domain: "A.Example.TEST" } as never);
    reply.answers.push({ ...base, type: Packet.TYPE.TXT, data: ["Hello"] } as never);
    return [reply.toBuffer()];
  };
  expect(await ask(answer, { rrtype: "CNAME", expect: { answer: "a.example.test." } })).toBe("ok");
  expect(await ask(answer, { rrtype: "TXT", expect: { answer: '"Hello"' } })).toBe("ok");
  expect(await ask(answer, { rrtype: "TXT", expect: { answer: '"hello"' } })).toMatch(/^answer has TXT/);
});

describe("a datagram that is no reply to the query is waited past", () => {
  const good = addresses("192.0.2.1");
  const bad: Record<string, [Answer, string]> = {
    "another id": [changed(good, bit(0, 1)), "another id"],
    "another question": [changed(good, bit(13, 1)), "another question"],
    "a query": [(query) => [query], "it is a query"],
    "no message": [() => [Buffer.from("garbage")], "malformed: 7 octets are no message; a header has 12"],
    "counts that lie": [
      () => [Buffer.alloc(12, 0xff)],
      "malformed: the name of a question is malformed or cut short",
    ],
  };
  test.each(Object.entries(bad))("%s", async (_, [answer, why]) => {
    expect(await ask((query) => [...answer(query), ...good(query)])).toBe("ok");
    expect(await ask(answer, {}, 80)).toBe(
      `reply timed out after 80 ms; 1 datagram came that is no reply to it (${why})`,
    );
  });
});

test("truncation is told when it may be why the answer is missing", async () => {
  const truncated = changed(addresses(), bit(2, 2));
  expect(await ask(truncated, { expect: { answer: "192.0.2.1" } })).toBe(
    "A 192.0.2.1 is not in the answer, which is truncated (TC); transport: tcp gets all of it",
  );
});

test("over TCP, what is cut short or wrong fails at once", async () => {
  const text = { ...QUERY, transport: "tcp" } as const;
  const port = await tcp(addresses("192.0.2.1"), 3);
  expect(await say({ ...text, port })).toEqual(said(/^connection closed after \d+ octets of the reply$/));
  const other = await tcp(changed(addresses(), bit(0, 1)));
  expect(await say({ ...text, port: other })).toBe("another id");
  const silent = await endpoints.tcp((socket) => socket.end());
  expect(await say({ ...text, port: silent })).toBe("connection closed after no octet of the reply");
  await endpoints.allClosed();
});

test("a UDP port where nobody listens is told by ICMP", async () => {
  const port = await udp(() => []);
  sockets.pop()!.close();
  expect(await say({ ...QUERY, port })).toBe("nobody listens on the port (ICMP port unreachable)");
});

test("an address that cannot be sent to fails in words", async () => {
  const target = { address: "255.255.255.255", family: 4 } as const;
  expect(await say({ ...QUERY, port: 53 }, { target })).toBe("the system does not permit it (EACCES)");
  expect((await check({ ...QUERY, port: 53, transport: "tcp" }, { target })).ok).toBe(false);
});

test("IPv6 works, and detail has the answer", async () => {
  const port = await udp(addresses("192.0.2.1"), "::1");
  const target = { address: "::1", family: 6 } as const;
  expect(await check({ ...QUERY, port }, { target, isDetailed: true })).toMatchObject({
    ok: true,
    detail: { rcode: "NOERROR", answer: ["www.example.test. 30 A 192.0.2.1"] },
  });
});
