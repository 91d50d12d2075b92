/**
 * The server of the npm package dns2, run by the same Node as we are: what a DNS server in
 * JavaScript costs when it is written the usual way.
 *
 * @module
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Peer } from "./peer.ts";

export const dns2: Peer = {
  id: "dns2",
  title: "dns2",
  checkReplies: true,
  hasTcp: false,
  isSlow: true,
  notes: { weighted: "a static A: dns2 has no weights" },
  missing() {
    try {
      createRequire(import.meta.url).resolve("dns2");
      return undefined;
    } catch {
      return "npm ci";
    }
  },
  prepare({ port }) {
    return {
      file: process.execPath,
      args: [fileURLToPath(new URL("dns2-server.ts", import.meta.url)), String(port)],
    };
  },
};
