/**
 * Worker threads and node:dgram give the same octets for every packet: the corpus, every name and type of
 * the zones that respond() is tested with, and mutations of them all. Pools draw nothing here.
 */
import { randomInt } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { SeededRandom } from "../../src/lib/random.ts";
import { makeFuzzConfiguration } from "../fuzz/fuzz-zones.ts";
import { makePacket } from "../fuzz/mutator.ts";
import { loadSeedPackets, type SeedPacket } from "../fuzz/seed-packets.ts";
import { configurationOf } from "../support/answers.ts";
import { EXAMPLE_NAMES, EXAMPLE_POOLS, EXAMPLE_ZONES } from "./example-zones.ts";
import { LOOPBACK4, LOOPBACK6, startPlane, stopPlanes } from "./planes.ts";
import { encodeQuery, UdpClient } from "./udp-client.ts";

afterEach(stopPlanes);

const MUTATED_PACKETS = 4000;
/** Packets on their way at a time: their replies fit into a socket's default receive buffer. */
const WINDOW = 32;

const fuzzed = makeFuzzConfiguration("failover");
const configuration = configurationOf(
  [...EXAMPLE_ZONES, ...fuzzed.zones.values()],
  [...EXAMPLE_POOLS, ...fuzzed.pools.values()],
);

const TYPES = ["A", "AAAA", "NS", "SOA", "CNAME", "TXT", "MX", "DS", "ANY", "TYPE65400"];
const questions: SeedPacket[] = EXAMPLE_NAMES.flatMap((name) =>
  ["", "x.", "a.b."].flatMap((below) =>
    TYPES.map((type, i) => {
      const question = `${below}${name.replace("*.", "star.")} ${type}`;
      return { name: question, octets: encodeQuery(question, i) };
    }),
  ),
);

/** A question whose reply is known: it tells that all asked before it has been seen to. */
function sentinel(number: number): { query: Uint8Array; reply: Buffer } {
  const query = encodeQuery(`s${number}.sentinel.invalid. TXT`, number & 0xffff);
  const reply = Buffer.from(query);
  reply[2]! |= 0x80;
  reply[3]! |= 5; // REFUSED
  return { query, reply };
}

/** What comes back for each packet, in hex: one reply, none for silence. */
async function repliesTo(packets: readonly Uint8Array[], client: UdpClient): Promise<string[]> {
  const replies: string[] = [];
  for (let start = 0; start < packets.length; start += WINDOW) {
    const window = packets.slice(start, start + WINDOW);
    await new Promise<void>((resolve) => {
      let at = start;
      let collected: string[] = [];
      client.onReply = (octets) => {
        if (!sentinel(at).reply.equals(octets)) {
          collected.push(Buffer.from(octets).toString("hex"));
          return;
        }
        replies.push(collected.join(" "));
        collected = [];
        if (++at === start + window.length) resolve();
      };
      for (const [i, packet] of window.entries()) {
        client.socket.send(packet);
        client.socket.send(sentinel(start + i).query);
      }
    });
  }
  return replies;
}

test("workers and node:dgram answer the corpus, all questions and mutations of them with the same octets", async () => {
  const seed = randomInt(2 ** 32);
  console.log(`same octets: ${MUTATED_PACKETS} mutated packets, seed ${seed}`);
  const random = new SeededRandom(seed);
  const seeds = [...loadSeedPackets(), ...questions];
  const long = Uint8Array.from({ length: 5000 }, () => random.u32());
  long.set(questions[0]!.octets); // goes on behind the question
  const packets = [
    ...seeds.map(({ octets }) => octets),
    long,
    ...Array.from({ length: MUTATED_PACKETS }, () => makePacket(seeds, random)),
  ];

  const wildcard = { ...LOOPBACK4, address: "0.0.0.0" };
  const planes = {
    dgram: await startPlane(configuration, { udp: "dgram" }),
    "workers, one socket": await startPlane(configuration),
    "workers, many sockets": await startPlane(configuration, {}, [wildcard, LOOPBACK6]),
  };
  const got = new Map(
    await Promise.all(
      Object.entries(planes).map(async ([name, { port }]) => {
        const client = await UdpClient.connect(port);
        try {
          return [name, await repliesTo(packets, client)] as const;
        } finally {
          client.close();
        }
      }),
    ),
  );

  const wanted = got.get("dgram")!;
  expect(wanted).toHaveLength(packets.length);
  expect(wanted.filter((reply) => reply === "").length).toBeGreaterThan(0); // some silence
  expect(wanted.filter((reply) => reply.includes(" "))).toEqual([]); // never two replies to one query
  for (const [name, replies] of got) {
    const at = replies.findIndex((reply, i) => reply !== wanted[i]);
    const packet = at < 0 ? "" : `${name}: ${Buffer.from(packets[at]!).toString("hex")}`;
    expect([packet, replies[at]]).toEqual(["", undefined]);
  }
}, 60_000);
