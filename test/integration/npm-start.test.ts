/**
 * `npm start` as people and supervisors run it: the signal that ends npm ends the server.
 *
 * @module
 */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Child, canBindUdp, freePort, waitUntilAnswering } from "./support.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ADDRESS = "127.0.0.1";

let child: Child | undefined;
afterEach(async () => {
  await child?.stop();
});

test("npm start ends with 0 on SIGTERM, and leaves nothing that has the port", {
  timeout: 60_000,
}, async () => {
  const endpoint = { address: ADDRESS, port: await freePort(ADDRESS) };
  const dns = `WINDROSE_DNS=${ADDRESS}:${endpoint.port}`;
  // env(1) becomes npm, so the signal goes to npm itself.
  child = new Child("env", [dns, "npm", "run", "--silent", "start"], { cwd: ROOT });
  await waitUntilAnswering(child, endpoint, "example.com.");
  const closed = once(child.process, "close");
  child.process.kill("SIGTERM");
  await closed;
  expect({ code: child.process.exitCode, output: child.output }).toMatchObject({ code: 0 });
  expect(await canBindUdp(endpoint)).toBeUndefined();
});
