/**
 * The prober within `windrose serve`: what it takes up from the documents, and that it can be turned off.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Endpoints, reply } from "../support/bad-endpoints.ts";
import { Child, MAIN, printed } from "./support.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

let folder: string;
let endpoints: Endpoints;
let child: Child | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "windrose-probing-"));
  mkdirSync(join(folder, "zones"));
  endpoints = new Endpoints();
});
afterEach(async () => {
  await child?.stop();
  await endpoints.close();
  rmSync(folder, { recursive: true });
});

function put(port: number, ...members: string[]): void {
  const text = `zones:
  demo.test:
    records: { "@": { NS: [ns1.example.net., ns2.example.net.] }, www: { pool: web } }
pools:
  web: { monitor: web, members: [${members.join(", ")}] }
monitors:
  web: { type: http, port: ${port}, interval: 1s }
`;
  writeFileSync(join(folder, "zones", "demo.yaml"), text);
}

function start(...more: string[]): Child {
  const args = ["serve", "--dns", "127.0.0.1:0", "--api", "none", "--workers", "1", ...more];
  child = new Child(process.execPath, [MAIN, ...args], { cwd: folder });
  return child;
}

test("serve checks the members of its pools, and takes up changes of them", async () => {
  const [one, other] = [await endpoints.tcp(reply(OK)), await endpoints.tcp(reply(OK), "127.0.0.2")];
  put(one, "127.0.0.1");
  const server = start("--probe", "on");
  await printed(server, /"endpoints":1,"monitors":1,"new":1,"msg":"checking endpoints"/);
  await printed(server, /no --region is given/);
  await vi.waitFor(() => expect(endpoints.accepted).toBeGreaterThan(0), { timeout: 10_000 });
  put(other, "127.0.0.1", "127.0.0.2");
  await printed(server, /"endpoints":2,"monitors":1,"new":2,"msg":"checking endpoints"/);
  // At that port only the other one listens.
  await printed(server, /"endpoint":"web 127\.0\.0\.1".*"msg":"this prober sees the endpoint down"/);
  expect(server.output).not.toMatch(/"endpoint":"web 127\.0\.0\.2".*down/);
  expect(await server.stop()).toBe(0);
});

test("serve --probe off checks nothing", async () => {
  put(await endpoints.tcp(reply(OK)), "127.0.0.1");
  const server = start("--probe", "off");
  await printed(server, /"msg":"answering"/);
  expect(await server.stop()).toBe(0);
  expect(server.output).not.toContain("checking endpoints");
  expect(endpoints.accepted).toBe(0);
});
