import { describe, expect, test } from "vitest";
import { isSamePacket, PacketGuard } from "../../src/server/packet-guard.ts";
import { Rcode } from "../../src/wire/dns-codes.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/message.ts";
import { parseName } from "../../src/wire/name.ts";
import { RRType } from "../../src/wire/rr-type.ts";

function query(name: string, id = 1): Uint8Array {
  return encodeMessage({ id, rd: true, question: [{ name: parseName(name), type: RRType.A }] });
}

const datagram = (octets: Uint8Array, length = octets.length) => ({ octets, length });

describe("PacketGuard", () => {
  test("refuses nothing at first, and nothing for one kill", () => {
    const guard = new PacketGuard();
    const packet = query("bad.test.");
    expect(guard.isRefused(datagram(packet))).toBe(false);
    guard.know([{ packet, kills: 1 }]);
    expect(guard.isRefused(datagram(packet))).toBe(false);
  });

  test("refuses what killed twice, whatever its ID is, and nothing else", () => {
    const guard = new PacketGuard();
    guard.know([
      { packet: query("bad.test."), kills: 2 },
      { packet: query("once.test."), kills: 1 },
      { packet: query("worse.test."), kills: 7 },
    ]);
    const refused = (octets: Uint8Array) => guard.isRefused(datagram(octets));
    expect(refused(query("bad.test.", 0x4711))).toBe(true);
    expect(refused(query("worse.test.", 2))).toBe(true);
    expect(refused(query("once.test."))).toBe(false);
    expect(refused(query("bas.test."))).toBe(false);
    expect(refused(query("bad.test.").slice(0, -1))).toBe(false);
  });

  test("looks at the octets of the packet alone, not at what is behind them in the buffer", () => {
    const guard = new PacketGuard();
    const packet = query("bad.test.");
    guard.know([{ packet, kills: 2 }]);
    const buffer = new Uint8Array(4096).fill(0xaa);
    buffer.set(packet);
    expect(guard.isRefused(datagram(buffer, packet.length))).toBe(true);
    expect(guard.isRefused(datagram(buffer, packet.length + 1))).toBe(false);
  });

  test("know() takes the place of what was known", () => {
    const guard = new PacketGuard();
    guard.know([{ packet: query("bad.test."), kills: 2 }]);
    guard.know([]);
    expect(guard.isRefused(datagram(query("bad.test.")))).toBe(false);
  });

  test("refuse() writes a header with REFUSED, the ID and RD, and no more", () => {
    const out = new Uint8Array(4096).fill(0xff);
    const length = new PacketGuard().refuse(datagram(query("bad.test.", 0x1234)), out);
    expect(length).toBe(12);
    const reply = decodeMessage(out.slice(0, length));
    expect(reply).toMatchObject({
      id: 0x1234,
      qr: true,
      rd: true,
      aa: false,
      tc: false,
      rcode: Rcode.REFUSED,
    });
    expect(reply).toMatchObject({ question: [], answer: [], authority: [], additional: [] });
  });

  test("refuse() is silent where there is no header to answer", () => {
    expect(new PacketGuard().refuse(datagram(new Uint8Array(11)), new Uint8Array(4096))).toBe(0);
  });
});

test("isSamePacket() leaves the ID out, also of packets shorter than one", () => {
  const same = (a: number[], b: number[]) => isSamePacket(Uint8Array.from(a), datagram(Uint8Array.from(b)));
  expect(same([1, 2, 3], [9, 9, 3])).toBe(true);
  expect(same([1, 2, 3], [1, 2, 4])).toBe(false);
  expect(same([1], [2])).toBe(true);
  expect(same([], [])).toBe(true);
  expect(same([1], [])).toBe(false);
});
