/**
 * `windrose serve` as its users have it: a process with a folder, signals and an exit code.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatAddress } from "../../src/lib/address.ts";
import { decodeMessage, encodeMessage, type Message } from "../../src/wire/message.ts";
import { parseName } from "../../src/wire/name.ts";
import { RRType } from "../../src/wire/rr-type.ts";
import { askUdp, framed, TcpClient } from "../server/harness.ts";
import { ask, Child, exitCode, MAIN, printed } from "./support.ts";

let folder = "";
const children: Child[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "windrose-serve-"));
  mkdirSync(join(folder, "zones"));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
  rmSync(folder, { recursive: true });
});

const documents = (address: string) => `pools:
  web: { members: [{ address: 198.51.100.7 }] }
zones:
  demo.test:
    records:
      "@": { NS: [ns1, ns2] }
      ns1: { A: 192.0.2.1 }
      ns2: { A: 192.0.2.2 }
      host: { A: ${address} }
      www: { pool: web, ttl: 30 }
`;

/** As an editor saves. */
function save(text: string): void {
  const file = join(folder, "zones", "demo.yaml");
  writeFileSync(`${file}~`, text);
  renameSync(`${file}~`, file);
}

function run(...args: string[]): Child {
  const child = new Child(process.execPath, [MAIN, "serve", ...args], { cwd: folder });
  children.push(child);
  return child;
}

/** A server on a free port, ready to answer. */
async function start(
  ...args: string[]
): Promise<{ child: Child; endpoint: { address: string; port: number } }> {
  const child = run("--dns", "127.0.0.1:0", ...args);
  await printed(child, /"msg":"answering"/);
  const [, port] = await printed(child, /"tcp","address":"127\.0\.0\.1:(\d+)"/);
  return { child, endpoint: { address: "127.0.0.1", port: Number(port) } };
}

const addresses = (message: Message) => message.answer.map(({ rdata }) => formatAddress(rdata));

function encodeQuery(name: string, id = 1): Uint8Array {
  return encodeMessage({ id, rd: false, question: [{ name: parseName(name), type: RRType.A }] });
}

function decode(octets: Uint8Array): Message {
  const message = decodeMessage(octets);
  if ("malformed" in message) throw new Error(message.malformed);
  return message;
}

describe("windrose serve", () => {
  test("answers static and steered names over UDP and TCP, says what to ask, and exits 0 on SIGTERM", async () => {
    save(documents("192.0.2.10"));
    const { child, endpoint } = await start();
    expect(addresses(await ask(endpoint, "host.demo.test.", "A"))).toEqual(["192.0.2.10"]);
    expect(addresses(await ask(endpoint, "www.demo.test.", "A"))).toEqual(["198.51.100.7"]);

    const client = await TcpClient.connect(endpoint.port);
    client.write(framed(encodeQuery("host.demo.test.", 1), encodeQuery("www.demo.test.", 2)));
    const replies = (await client.received(2)).map(decode);
    expect(replies.map(({ id }) => id)).toEqual([1, 2]);
    expect(replies.flatMap(addresses)).toEqual(["192.0.2.10", "198.51.100.7"]);

    await printed(child, new RegExp(`dig @127\\.0\\.0\\.1 -p ${endpoint.port} www\\.demo\\.test\\n`));
    child.process.kill("SIGTERM");
    expect(await exitCode(child)).toBe(0);
    await client.closed;
    expect(child.output).toContain('"udpQueries":2,"tcpQueries":2,"msg":"stopped"');
  });

  test("picks up a changed file, and reads again on SIGHUP", async () => {
    save(documents("192.0.2.10"));
    const { child, endpoint } = await start();
    save(documents("192.0.2.20"));
    await printed(child, /"generation":2,.*"zonesChanged":\["demo.test"\],.*"msg":"new generation"/);
    expect(addresses(await ask(endpoint, "host.demo.test.", "A"))).toEqual(["192.0.2.20"]);
    child.process.kill("SIGHUP");
    await printed(child, /"reason":"SIGHUP","generation":2,"msg":"nothing changed"/);
    expect(child.isRunning).toBe(true);
  });

  test("refuses a broken file, names the fault, and goes on with the last good configuration", async () => {
    save(documents("192.0.2.10"));
    const { child, endpoint } = await start();
    save(documents("192.0.2.256"));
    await printed(child, /"at":"zones\/demo\.yaml:9:18","fault":"[^\n]*192\.0\.2\.256/);
    await printed(child, /"generation":1,"msg":"documents refused/);
    expect(addresses(await ask(endpoint, "host.demo.test.", "A"))).toEqual(["192.0.2.10"]);
    save(documents("192.0.2.30"));
    await printed(child, /"generation":2,.*"msg":"new generation"/);
    expect(addresses(await ask(endpoint, "host.demo.test.", "A"))).toEqual(["192.0.2.30"]);
  });

  test("tells who it is as --id and --version-text say", async () => {
    save(documents("192.0.2.10"));
    const { endpoint } = await start("--id", "node-7", "--version-text", "none");
    const chaos = async (name: string) => {
      const query = encodeMessage({
        id: 1,
        rd: false,
        question: [{ name: parseName(name), type: RRType.TXT }],
      });
      query[query.length - 1] = 3; // CH
      return decode((await askUdp(endpoint.port, query)).reply);
    };
    const [txt] = (await chaos("id.server.")).answer;
    expect(Buffer.from(txt!.rdata.subarray(1)).toString()).toBe("node-7");
    const refused = await chaos("version.bind.");
    expect({ rcode: refused.rcode, answers: refused.answer.length }).toEqual({ rcode: 5, answers: 0 });
  });

  test("answers what it has received before it stops, and waits no longer than for that", async () => {
    save(documents("192.0.2.10"));
    const { child, endpoint } = await start();
    const client = await TcpClient.connect(endpoint.port);
    const idle = await TcpClient.connect(endpoint.port);
    await client.flush(framed(...Array.from({ length: 200 }, (_, i) => encodeQuery("host.demo.test.", i))));
    child.process.kill("SIGINT");
    await Promise.all([client.closed, idle.closed]);
    expect(client.replies.length).toBe(200);
    expect(await exitCode(child)).toBe(0);
  });

  test("exits at once, with 1, on a second signal", async () => {
    save(documents("192.0.2.10"));
    const { child, endpoint } = await start("--tcp-message-timeout", "1h");
    const half = await TcpClient.connect(endpoint.port);
    await half.flush(framed(encodeQuery("host.demo.test.")).subarray(0, 20));
    child.process.kill("SIGTERM");
    await printed(child, /"msg":"stopping"/);
    child.process.kill("SIGTERM");
    expect(await exitCode(child)).toBe(1);
    expect(child.output).not.toContain('"msg":"stopped"');
  });

  test("exits 1 when the port is in use, and says so", async () => {
    save(documents("192.0.2.10"));
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const child = run("--dns", `127.0.0.1:${port}`);
    expect(await exitCode(child)).toBe(1);
    other.close();
    expect(child.output).toContain(
      `windrose serve: Cannot listen on tcp 127.0.0.1:${port}: the port is in use; stop the program that has it`,
    );
  });

  test("exits 1 for an address that is not local, and closes those before it", async () => {
    save(documents("192.0.2.10"));
    const child = run("--dns", "127.0.0.1:0", "--dns", "198.51.100.99:5300");
    expect(await exitCode(child)).toBe(1);
    expect(child.output).toContain("198.51.100.99 is not an address of this machine");
  });

  test("exits 1 at the first start from a broken configuration, with the lines that check prints", async () => {
    save(`${documents("192.0.2.256")}      mail: { MX: nowhere }\n`);
    const child = run("--dns", "127.0.0.1:0");
    expect(await exitCode(child)).toBe(1);
    expect(child.output).toMatch(/^zones\/demo\.yaml:9:18: .*192\.0\.2\.256/m);
    expect(child.output).toMatch(/^zones\/demo\.yaml:11:\d+: /m);
    expect(child.output).toContain('Cannot serve the documents in "zones": they have errors');
  });

  test("exits 2 for an unknown flag", async () => {
    const flag = run("--dnss", "127.0.0.1:0");
    expect(await exitCode(flag)).toBe(2);
    expect(flag.output).toContain("Unknown flag --dnss; did you mean --dns?");
  });

  test.each([
    ["--dns", "everywhere", "is not an IPv4 address"],
    ["--workers", "0", "is not a whole number from 1 to 256"],
    ["--workers", "257", "is not a whole number from 1 to 256"],
  ])("exits 1 for %s %s", async (flag, value, message) => {
    const child = run(flag, value);
    expect(await exitCode(child)).toBe(1);
    expect(child.output).toContain(`Cannot use ${flag}: "${value}" ${message}`);
  });
});

test("windrose is quiet when nobody reads its output any more", async () => {
  const command = `"$NODE" "$MAIN" schema | head -c 1 >/dev/null; "$NODE" "$MAIN" --help | true`;
  const shell = spawn("sh", ["-c", command], { env: { ...process.env, NODE: process.execPath, MAIN } });
  let stderr = "";
  shell.stderr.on("data", (chunk) => (stderr += chunk));
  await once(shell, "close");
  expect(stderr).toBe("");
});
