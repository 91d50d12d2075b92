/**
 * 50,000 packets against each target at every `npm test`, from a new seed each time, which is
 * printed; `npm run fuzz` does a million. And the canaries: responders that are broken on purpose,
 * each in one way. An oracle that lets one of them pass proves nothing about ours.
 *
 * @module
 */
import { expect, test } from "vitest";
import { SeededRandom } from "../../src/lib/random.ts";
import type { Respond } from "../../src/server/client.ts";
import { formatFailure, runCampaign, runCase, type Target } from "./campaign.ts";
import { makeFuzzRespond } from "./fuzz-zones.ts";
import { makePacket } from "./mutator.ts";
import { makeRespondTarget } from "./respond-target.ts";
import { loadSeedPackets, parseHexPacket } from "./seed-packets.ts";
import { makeTargets } from "./targets.ts";

const CASES = 50_000;
const CANARY_CASES = 5_000;
const seed = Date.now() % 2 ** 32;
const seeds = loadSeedPackets();

function failuresOf(target: Target, cases: number): string[] {
  const { failures } = runCampaign({ target, seeds, seed, cases, failuresMax: 3 });
  return failures.map(formatFailure);
}

test.each(makeTargets(seed))(
  "$name keeps its promises for 50,000 packets",
  { timeout: 120_000 },
  (target) => {
    console.log(`${target.name}: ${CASES} cases, seed ${seed}`);
    expect(failuresOf(target, CASES)).toEqual([]);
  },
);

/** What is done to a right reply; gets the query, the reply and its length, answers the new length. */
type Damage = (query: Uint8Array, out: Uint8Array, length: number) => number;

const CANARIES: Record<string, Damage> = {
  "throws at a rare octet": (query, _, length) => {
    if (query.includes(0xff)) throw new TypeError("rare");
    return length;
  },
  "is silent about what it refuses": (_, out, length) => ((out[3]! & 15) === 5 ? 0 : length),
  "answers responses": (query, out, length) => {
    if (length > 0 || query.length < 12) return length;
    out.set(query.subarray(0, 4));
    out.fill(0, 4, 12);
    return 12;
  },
  "sends half a header": (_, __, length) => Math.min(length, 7),
  "changes the ID": (_, out, length) => {
    out[1]! ^= 1;
    return length;
  },
  "clears QR": (_, out, length) => {
    out[2]! &= 0x7f;
    return length;
  },
  "forgets the opcode": (_, out, length) => {
    out[2]! &= 0x87;
    return length;
  },
  "offers recursion": (_, out, length) => {
    out[3]! |= 0x80;
    return length;
  },
  "says SERVFAIL to type 65280": (query, out, length) => {
    if (Buffer.from(query).includes(Buffer.from([0xff, 0x00, 0, 1]))) out[3] = (out[3]! & 0xf0) | 2;
    return length;
  },
  "loses the last octet": (_, __, length) => (length > 12 ? length - 1 : length),
  "counts an additional RR too many": (_, out, length) => {
    out[11]!++;
    return length;
  },
  "lower-cases the question": (_, out, length) => {
    for (let i = 13; i < 20; i++) if (out[i]! >= 0x41 && out[i]! <= 0x5a) out[i]! |= 0x20;
    return length;
  },
  "adds an OPT that nobody asked for": (query, out, length) => {
    if (length === 0 || query[11] !== 0) return length;
    out.set([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0], length);
    out[11]!++;
    return length + 11;
  },
  "drops the OPT of a short reply": (_, out, length) => {
    const isLastRR = out[11] === 1 && out[length - 11] === 0 && out[length - 9] === 41;
    if (!isLastRR) return length;
    out[11] = 0;
    return length - 11;
  },
  "writes on behind the largest reply": (_, out, length) => {
    if (length > 0) out[1240] = 0;
    return length;
  },
};

test.each(Object.entries(CANARIES))("the oracle catches a respond() that %s", (_, damage) => {
  const right = makeFuzzRespond(new SeededRandom(seed), (error) => {
    throw error;
  });
  const broken: Respond = (query, client, out) => {
    const octets = query.octets.slice(0, query.length);
    return damage(octets, out, right(query, client, out));
  };
  expect(failuresOf(makeRespondTarget(broken), CANARY_CASES)).not.toEqual([]);
});

test("the oracle catches a respond() that leaves an octet of the reply before", () => {
  const right = makeFuzzRespond(new SeededRandom(seed), (error) => {
    throw error;
  });
  const broken: Respond = (query, client, out) => {
    const before = out.slice(0, 1300);
    const length = right(query, client, out);
    // The last octet of an SOA's MINIMUM: any value is well-formed.
    if (length > 60 && length <= before.length && out[9] === 1) out[length - 1] = before[length - 1]!;
    return length;
  };
  expect(failuresOf(makeRespondTarget(broken), CANARY_CASES)).not.toEqual([]);
});

test("runCase() makes the same packet of the same seed and number, whatever ran before", () => {
  const seen: string[] = [];
  const target: Target = {
    name: "collector",
    check(packet) {
      seen.push(Buffer.from(packet).toString("hex"));
      return undefined;
    },
  };
  runCampaign({ target, seeds, seed, cases: 400, failuresMax: 1 });
  runCase(target, seeds, seed, 399);
  expect(seen[400]).toBe(seen[399]);
});

test("makePacket() makes a thousand packets of which hardly any two are alike", () => {
  const random = new SeededRandom(seed);
  const packets = Array.from({ length: 1000 }, () => Buffer.from(makePacket(seeds, random)).toString("hex"));
  expect(new Set(packets).size).toBeGreaterThan(900);
});

test("parseHexPacket() takes white space and comments, and refuses what is not hex", () => {
  expect(parseHexPacket("; a comment\n12 34\n5678 ; another\n", "x.hex")).toEqual(
    Uint8Array.of(0x12, 0x34, 0x56, 0x78),
  );
  expect(() => parseHexPacket("12 3", "x.hex")).toThrow("x.hex: must be pairs of hex digits");
});
