/**
 * The bare echo in C (echo.c): what the kernel alone costs for a query and a reply.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findExecutable } from "./executables.ts";
import type { Peer } from "./peer.ts";

export const echo: Peer = {
  id: "echo",
  title: "bare echo",
  checkReplies: false,
  hasTcp: false,
  notes: {},
  missing: () => (findExecutable("gcc") ? undefined : "apt-get install gcc libc6-dev"),
  prepare({ directory, port }) {
    const file = join(directory, "echo");
    const source = fileURLToPath(new URL("echo.c", import.meta.url));
    execFileSync(findExecutable("gcc")!, ["-O2", "-o", file, source], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    return { file, args: [String(port)] };
  },
};
