/**
 * A client beside a node, in the network namespace of it: asks by DNS every 10 ms, and says when an answer is another one than
 * before. It also fetches from the node's API, for those who stand outside.
 *
 *   node node-watcher.ts ADDRESS PORT API-URL TOKEN
 *   stdin, a line each     {"ask": ["NAME."]}        each of these every 10 ms from now on
 *                          {"get": PATH, "id": N}
 *   stdout, a line each    {"name", "addresses": [sorted], "atMs"}     atMs: ms since 1970, when the first such reply came
 *                          {"silentMs", "atMs"}      no reply came for so long, until then
 *                          {"id", "status", "body"}
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";
import { formatAddress } from "../../src/lib/address.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/message.ts";
import { parseName } from "../../src/wire/name.ts";
import { RRType } from "../../src/wire/rr-type.ts";

const ASK_EVERY_MS = 10;
/** Longer than a process waits for a core on a machine that is busy; resolvers ask again after about as long. */
const SILENT_MS = 1000;

interface Command {
  readonly ask?: readonly string[];
  readonly get?: string;
  readonly id?: number;
}

const [, , address, port, api, token] = process.argv;
const socket = createSocket("udp4");
/** By name, its last answer. */
const answers = new Map<string, string>();
/** By id, what was asked. */
const asked: string[] = [];
let names: readonly string[] = [];
let nextId = 0;
let repliedMs = Date.now();

function say(line: object): void {
  console.log(JSON.stringify(line));
}

function ask(): void {
  if (names.length === 0) repliedMs = Date.now();
  for (const name of names) {
    const id = nextId++ & 0xffff;
    asked[id] = name;
    socket.send(encodeMessage({ id, question: [{ name: parseName(name), type: RRType.A }] }));
  }
}

socket.on("error", () => {}); // refused while nobody listens: that is silence
socket.on("message", (octets) => {
  const atMs = Date.now();
  const message = decodeMessage(octets);
  if ("malformed" in message || message.rcode !== 0) return;
  if (atMs - repliedMs > SILENT_MS) say({ silentMs: atMs - repliedMs, atMs });
  repliedMs = atMs;
  const name = asked[message.id];
  if (name === undefined || !names.includes(name)) return;
  const addresses = message.answer
    .flatMap(({ type, rdata }) => (type === RRType.A ? [formatAddress(rdata)] : []))
    .sort();
  const text = addresses.join(" ");
  if (answers.get(name) === text) return;
  answers.set(name, text);
  say({ name, addresses, atMs });
});

async function get(path: string, id: number): Promise<void> {
  try {
    const reply = await fetch(`${api}${path}`, { headers: { authorization: `Bearer ${token}` } });
    say({ id, status: reply.status, body: await reply.json() });
  } catch (error) {
    say({ id, status: 0, body: String(error) });
  }
}

socket.connect(Number(port), address, () => setInterval(ask, ASK_EVERY_MS));
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line) as Command;
    if (command.ask !== undefined) {
      names = command.ask;
      for (const name of answers.keys()) if (!names.includes(name)) answers.delete(name);
    }
    if (command.get !== undefined) void get(command.get, command.id!);
  })
  .on("close", () => process.exit());
