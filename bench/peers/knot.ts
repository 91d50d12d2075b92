/**
 * Knot DNS: among the fastest authoritative servers for plain zones.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "./executables.ts";
import type { Peer } from "./peer.ts";
import { LARGE_ZONE, largeMasterFile, SMALL_ZONE, smallMasterFile } from "./zones.ts";

export const knot: Peer = {
  id: "knot",
  title: "Knot DNS",
  checkReplies: true,
  hasTcp: true,
  notes: { weighted: "a static A: Knot has no weights" },
  missing: () => (findExecutable("knotd") ? undefined : "apt-get install knot"),
  prepare({ directory, port }) {
    for (const folder of ["run", "database"]) mkdirSync(join(directory, folder));
    writeFileSync(join(directory, "small.zone"), smallMasterFile());
    writeFileSync(join(directory, "large.zone"), largeMasterFile());
    const file = join(directory, "knot.conf");
    writeFileSync(
      file,
      `server:
  rundir: "${join(directory, "run")}"
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: warning
database:
  storage: "${join(directory, "database")}"
template:
  - id: default
    storage: "${directory}"
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: ${SMALL_ZONE}
    file: small.zone
  - domain: ${LARGE_ZONE}
    file: large.zone
`,
    );
    return { file: findExecutable("knotd")!, args: ["--config", file] };
  },
};
