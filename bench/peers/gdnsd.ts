/**
 * gdnsd: the fastest GSLB server there is, and the one we measure ourselves by.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "./executables.ts";
import type { Peer } from "./peer.ts";
import { LARGE_ZONE, largeMasterFile, SMALL_ZONE, smallMasterFile, WEIGHTED_MEMBERS } from "./zones.ts";

export const gdnsd: Peer = {
  id: "gdnsd",
  title: "gdnsd",
  checkReplies: true,
  hasTcp: true,
  notes: { weighted: "plugin weighted" },
  missing: () => (findExecutable("gdnsd") ? undefined : "apt-get install gdnsd"),
  prepare({ directory, port }) {
    const members = WEIGHTED_MEMBERS.map(({ address, weight }, i) => `m${i} = [ ${address}, ${weight} ]`);
    mkdirSync(join(directory, "zones"));
    writeFileSync(join(directory, "zones", SMALL_ZONE), smallMasterFile("weighted DYNA weighted!bench"));
    writeFileSync(join(directory, "zones", LARGE_ZONE), largeMasterFile());
    writeFileSync(
      join(directory, "config"),
      `options => {
  listen => 127.0.0.1:${port}
  udp_threads => 1
  tcp_threads => 1
  run_dir => ${join(directory, "run")}
  state_dir => ${join(directory, "state")}
}
plugins => { weighted => { bench => { ${members.join(" ")} } } }
`,
    );
    return { file: findExecutable("gdnsd")!, args: ["-c", directory, "start"] };
  },
};
