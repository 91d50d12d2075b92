/**
 * What we are for: a real recursive resolver gets the right answers from us. unbound has our
 * zone as a stub, asks as resolvers do today (0x20, minimised qnames, EDNS, TCP after TC), and follows
 * our referral to a second server of ours.
 *
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rcode } from "../../src/wire/dns-codes.ts";
import { OptionCode } from "../../src/wire/edns.ts";
import { decodeMessage, type Message } from "../../src/wire/message.ts";
import { formatName, lowercaseName } from "../../src/wire/name.ts";
import { formatRdata } from "../../src/wire/rdata/index.ts";
import { RRType, typeMnemonic } from "../../src/wire/rr-type.ts";
import { CHILD_ENDPOINT } from "./resolver-zones.ts";
import { canBindUdp } from "./support.ts";

const SESSION = fileURLToPath(new URL("resolver-session.ts", import.meta.url));
const SESSION_TIMEOUT_MS = 60_000;

/** Where Debian, Alpine, Fedora and Homebrew put it. */
const UNBOUND_FILES = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/opt/homebrew/sbin"].map(
  (folder) => `${folder}/unbound`,
);

let directory: string;
let session: ChildProcessWithoutNullStreams;
let lines: AsyncIterator<string>;
let errors = "";

beforeAll(async () => {
  const unbound = findUnbound();
  directory = mkdtempSync(join(tmpdir(), "windrose-unbound-"));
  session = await startSession([process.execPath, SESSION, unbound, directory]);
  session.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  lines = createInterface(session.stdout)[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.value !== "ready") throw new Error(`the session did not start:\n${errors}`);
}, SESSION_TIMEOUT_MS);

afterAll(async () => {
  // Its children end with it, and it ends with its input.
  if (session !== undefined && session.exitCode === null) {
    const exited = new Promise((resolve) => session.once("exit", resolve));
    session.stdin.end();
    await exited;
  }
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}, SESSION_TIMEOUT_MS);

/** Fails rather than skips: a suite that is green without this test would say too much. */
function findUnbound(): string {
  const found = UNBOUND_FILES.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  throw new Error(
    "unbound is not installed, and this test resolves through it: apt-get install unbound " +
      "(elsewhere: apk add, dnf install, brew install). It need not run as a service",
  );
}

/** As it is where port 53 can be bound; else in a network namespace, as its own root. */
async function startSession(command: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
  const trouble = await canBindUdp(CHILD_ENDPOINT);
  if (trouble === undefined) return spawn(command[0]!, command.slice(1));
  errors += `${CHILD_ENDPOINT.address}:53 cannot be bound (${trouble}), so unshare made a network namespace. \
If that failed: run as root, or allow user namespaces, or sysctl net.ipv4.ip_unprivileged_port_start=53\n`;
  const script = 'ip link set lo up && exec "$@"';
  return spawn("unshare", ["--user", "--map-root-user", "--net", "sh", "-c", script, "sh", ...command]);
}

/** With a network it is asked for a client there, as by a resolver in front of unbound. */
async function resolve(name: string, type: string, network?: string): Promise<Message> {
  session.stdin.write(`${JSON.stringify({ name, type, network })}\n`);
  const { value } = await lines.next();
  const message = decodeMessage(new Uint8Array(Buffer.from(String(value ?? ""), "hex")));
  if ("malformed" in message) throw new Error(`no reply for ${name} ${type}:\n${errors}`);
  return message;
}

/** The answer section as lines, without TTLs, which unbound counts down, and without the case that it made random. */
function answerOf({ answer }: Message): string[] {
  return answer.map(({ owner, type, rdata }) => {
    return `${formatName(lowercaseName(owner))} ${typeMnemonic(type)} ${formatRdata(type, rdata).toLowerCase()}`;
  });
}

async function expectAnswer(name: string, type: string, expected: readonly string[]): Promise<void> {
  const reply = await resolve(name, type);
  expect(answerOf(reply).toSorted()).toEqual(expected.toSorted());
  expect(reply.rcode).toBe(Rcode.NOERROR);
}

async function expectNothing(name: string, type: string, rcode: number): Promise<void> {
  const reply = await resolve(name, type);
  expect(reply.rcode).toBe(rcode);
  expect(reply.answer).toEqual([]);
  // The SOA is what a resolver caches the absence by (RFC 2308 section 5).
  expect(reply.authority.map((rr) => rr.type)).toEqual([RRType.SOA]);
}

test("unbound resolves static names of both families", async () => {
  await expectAnswer("www.gslb.test.", "A", ["www.gslb.test. A 192.0.2.1"]);
  await expectAnswer("www.gslb.test.", "AAAA", ["www.gslb.test. AAAA 2001:db8::1"]);
  await expectAnswer("gslb.test.", "MX", ["gslb.test. MX 10 mail.gslb.test."]);
});

test("unbound resolves a steered name, A and AAAA, with its TTL", async () => {
  const a = await resolve("steered.gslb.test.", "A");
  expect(["192.0.2.10", "192.0.2.20"]).toContain(answerOf(a)[0]?.split(" ")[2]);
  expect(a.answer.length).toBe(1);
  expect(a.answer[0]!.ttl).toBeLessThanOrEqual(30);
  const aaaa = await resolve("steered.gslb.test.", "AAAA");
  expect(["2001:db8::10", "2001:db8::20"]).toContain(answerOf(aaaa)[0]?.split(" ")[2]);
});

test("unbound gets every weighted member in turn, and never the last resort, at a steered wildcard", async () => {
  const seen = new Set<string>();
  // Names that the resolver has not cached. That one of 3:1 stays unseen has a chance of 10^-8.
  for (let i = 0; i < 64; i++) {
    const name = `n${i}.app.gslb.test.`;
    const [line] = answerOf(await resolve(name, "A"));
    const [owner, type, address] = line!.split(" ");
    expect([owner, type]).toEqual([name, "A"]);
    seen.add(address!);
  }
  expect([...seen].toSorted()).toEqual(["192.0.2.10", "192.0.2.20"]);
});

test("unbound gets the first enabled member of a failover pool", async () => {
  await expectAnswer("failover.gslb.test.", "A", ["failover.gslb.test. A 192.0.2.41"]);
});

test("unbound follows the CNAME of a pool whose member is a host name", async () => {
  await expectAnswer("hosted.gslb.test.", "A", [
    "hosted.gslb.test. CNAME www.gslb.test.",
    "www.gslb.test. A 192.0.2.1",
  ]);
});

test("unbound resolves names that a wildcard covers, at any depth", async () => {
  await expectAnswer("a.wild.gslb.test.", "A", ["a.wild.gslb.test. A 192.0.2.9"]);
  await expectAnswer("b.c.d.wild.gslb.test.", "A", ["b.c.d.wild.gslb.test. A 192.0.2.9"]);
});

test("unbound follows CNAME chains, also to steered names, and DNAME", async () => {
  await expectAnswer("one.gslb.test.", "A", [
    "one.gslb.test. CNAME two.gslb.test.",
    "two.gslb.test. CNAME three.gslb.test.",
    "three.gslb.test. CNAME www.gslb.test.",
    "www.gslb.test. A 192.0.2.1",
  ]);
  const steered = answerOf(await resolve("to-steered.gslb.test.", "A"));
  expect(steered[0]).toBe("to-steered.gslb.test. CNAME steered.gslb.test.");
  expect(steered[1]).toMatch(/^steered\.gslb\.test\. A 192\.0\.2\.[12]0$/);
  await expectAnswer("www.legacy.gslb.test.", "A", [
    "legacy.gslb.test. DNAME modern.gslb.test.",
    "www.legacy.gslb.test. CNAME www.modern.gslb.test.",
    "www.modern.gslb.test. A 192.0.2.80",
  ]);
});

test("unbound gets NODATA at a missing type, and at an empty non-terminal", async () => {
  await expectNothing("ipv4.gslb.test.", "AAAA", Rcode.NOERROR);
  await expectNothing("empty.gslb.test.", "A", Rcode.NOERROR);
  await expectNothing("steered.gslb.test.", "TXT", Rcode.NOERROR);
});

test("unbound gets NXDOMAIN for names that do not exist", async () => {
  await expectNothing("missing.gslb.test.", "A", Rcode.NXDOMAIN);
  await expectNothing("below.www.gslb.test.", "A", Rcode.NXDOMAIN);
});

test("unbound follows our referral to the delegated zone, and a CNAME back from there", async () => {
  await expectAnswer("www.child.gslb.test.", "A", ["www.child.gslb.test. A 192.0.2.200"]);
  await expectAnswer("steered.child.gslb.test.", "A", ["steered.child.gslb.test. A 192.0.2.210"]);
  await expectAnswer("back.child.gslb.test.", "A", [
    "back.child.gslb.test. CNAME www.gslb.test.",
    "www.gslb.test. A 192.0.2.1",
  ]);
  await expectNothing("missing.child.gslb.test.", "A", Rcode.NXDOMAIN);
});

test("unbound comes back over TCP for what UDP truncates", async () => {
  const reply = await resolve("big.gslb.test.", "TXT");
  expect(reply.rcode).toBe(Rcode.NOERROR);
  expect(reply.tc).toBe(false);
  expect(reply.answer.length).toBe(20);
});

function scopeOf({ edns }: Message): number | undefined {
  return edns?.options.find(({ code }) => code === OptionCode.ECS)?.data[3];
}

test("clients of different networks get different answers through one unbound", async () => {
  const asked = async (network: string, type = "A") =>
    answerOf(await resolve("placed.gslb.test.", type, network)).map((line) => line.split(" ")[2]);
  expect(["192.0.2.61", "192.0.2.62"]).toContain((await asked("8.8.8.0/24"))[0]);
  expect(await asked("9.1.2.0/24")).toEqual(["192.0.2.63"]);
  expect(await asked("11.1.2.0/24")).toEqual(["192.0.2.60"]);
  expect(await asked("2a00:1450:4000::/56")).toEqual(["192.0.2.63"]);
  expect(await asked("2a00:1450:4000::/56", "AAAA")).toEqual(["2001:db8::63"]);
  expect(await asked("11.1.2.0/24", "AAAA")).toEqual(["2001:db8::60"]);
  // And again, now that its cache has them all.
  expect(await asked("9.1.2.0/24")).toEqual(["192.0.2.63"]);
  expect(await asked("11.1.2.0/24")).toEqual(["192.0.2.60"]);
});

test("unbound keeps an answer for all of its scope, and for no more", async () => {
  // The pool takes turns, so a second question that reached us would get the other address.
  const asked = async (network: string) => {
    const reply = await resolve("cached.placed.gslb.test.", "A", network);
    return [answerOf(reply)[0]?.split(" ")[2], scopeOf(reply)];
  };
  const [first, scope] = await asked("8.8.8.0/24");
  expect(["192.0.2.61", "192.0.2.62"]).toContain(first);
  expect(scope).toBe(16);
  for (const network of ["8.8.9.0/24", "8.8.200.0/24", "8.8.8.0/24", "8.8.0.0/24"]) {
    expect(await asked(network)).toEqual([first, 16]);
  }
  expect(await asked("8.9.8.0/24")).toEqual(["192.0.2.60", 16]);
});

test("unbound keeps what does not depend on the client for everyone, and the scope over a CNAME", async () => {
  expect(scopeOf(await resolve("www.gslb.test.", "A", "8.8.8.0/24"))).toBe(0);
  // For everyone of a family: unbound keeps what it has for IPv4 and for IPv6 apart, and asks, so we draw, once for each.
  for (const networks of [
    ["8.8.8.0/24", "9.1.1.0/24", "11.1.1.0/24", "200.1.1.0/24", "60.1.1.0/24"],
    ["2a00:1450::/56", "2600:1100::/56", "2400:cb00:1::/56", "2a01:4f8:1:200::/56"],
  ]) {
    const seen = new Set<string>();
    for (const network of networks)
      seen.add(String(answerOf(await resolve("everyone.app.gslb.test.", "A", network))));
    expect([...seen]).toHaveLength(1);
  }
  const chain = await resolve("to-placed.gslb.test.", "A", "9.1.1.0/24");
  expect(answerOf(chain)).toEqual([
    "to-placed.gslb.test. CNAME placed.gslb.test.",
    "placed.gslb.test. A 192.0.2.63",
  ]);
  const other = await resolve("to-placed.gslb.test.", "A", "11.1.1.0/24");
  expect(answerOf(other).at(-1)).toBe("placed.gslb.test. A 192.0.2.60");
});

test("unbound sends ECS of its own client where the query has none, which is a special network here", async () => {
  await expectAnswer("own.placed.gslb.test.", "A", ["own.placed.gslb.test. A 192.0.2.60"]);
});
