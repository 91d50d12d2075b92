import { expect, test } from "vitest";
import { type Failure, guardRespond } from "../../src/server/guard.ts";
import { message } from "./harness.ts";

const client = { family: 4 as const, address: new Uint8Array(16), port: 5300, transport: "udp" as const };

function failing(): never {
  throw new Error("a fault of ours");
}

test("guardRespond() hands on what respond() says", () => {
  const guarded = guardRespond(() => 42, failing);
  expect(guarded({ octets: message(1), length: 16 }, client, new Uint8Array(512))).toBe(42);
});

test("guardRespond() answers SERVFAIL with ID, opcode and RD of the query when respond() throws", () => {
  const octets = message(0xbeef);
  octets[2] = (4 << 3) | 0x01 | 0x06; // NOTIFY, RD, and AA and TC, which are not copied
  const out = new Uint8Array(512).fill(0xff);
  const length = guardRespond(failing, () => {})({ octets, length: 16 }, client, out);
  expect([...out.subarray(0, length)]).toEqual([
    0xbe,
    0xef,
    0x80 | (4 << 3) | 0x01,
    2,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
});

test("guardRespond() stays silent when what failed is a response or has no header", () => {
  const guarded = guardRespond(failing, () => {});
  const response = message(1);
  response[2]! |= 0x80;
  expect(guarded({ octets: response, length: 16 }, client, new Uint8Array(512))).toBe(0);
  expect(guarded({ octets: response, length: 11 }, client, new Uint8Array(512))).toBe(0);
});

test("guardRespond() reports once a second, with the query and the count since", () => {
  let nowMs = 0;
  const reports: Failure[] = [];
  const guarded = guardRespond(
    failing,
    (failure) => reports.push(failure),
    () => nowMs,
  );
  const ask = () => guarded({ octets: message(7), length: 16 }, client, new Uint8Array(512));
  ask();
  ask();
  ask();
  expect(reports.map((report) => report.count)).toEqual([1]);
  expect(reports[0]!.query).toEqual(message(7));
  nowMs = 1000;
  ask();
  expect(reports.map((report) => report.count)).toEqual([1, 3]);
});
