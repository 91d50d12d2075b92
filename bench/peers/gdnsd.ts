/**
 * gdnsd: the fastest GSLB server there is, and the one we measure ourselves by.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "./executables.ts";
import type { Peer } from "./peer.ts";
import {
  GEO_DEFAULT,
  GEO_MEMBERS,
  LARGE_ZONE,
  largeMasterFile,
  SMALL_ZONE,
  smallMasterFile,
  WEIGHTED_MEMBERS,
} from "./zones.ts";

export const gdnsd: Peer = {
  id: "gdnsd",
  title: "gdnsd",
  checkReplies: true,
  hasTcp: true,
  notes: { weighted: "plugin weighted", geo: "plugin geoip" },
  missing: () => (findExecutable("gdnsd") ? undefined : "apt-get install gdnsd"),
  prepare({ directory, port, geo }) {
    const members = WEIGHTED_MEMBERS.map(({ address, weight }, i) => `m${i} = [ ${address}, ${weight} ]`);
    // No zone of its own for what is answered by place: gdnsd takes no zone below another.
    const dynamic = ["weighted DYNA weighted!bench", ...(geo === undefined ? [] : ["geo DYNA geoip!bench"])];
    mkdirSync(join(directory, "zones"));
    writeFileSync(join(directory, "zones", SMALL_ZONE), smallMasterFile(dynamic.join("\n")));
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
plugins => {
  weighted => { bench => { ${members.join(" ")} } }
${geo === undefined ? "" : geoPlugin(geo)}}
`,
    );
    return { file: findExecutable("gdnsd")!, args: ["-c", directory, "start"] };
  },
};

/** Each continent has its datacenter first; the others would follow if it were down. */
function geoPlugin(file: string): string {
  const names = GEO_MEMBERS.map(({ name }) => name);
  const orderFor = (first: string) => [first, ...names.filter((name) => name !== first)].join(", ");
  const map = GEO_MEMBERS.flatMap(({ codes, name }) => codes.map((code) => `${code} => [${orderFor(name)}]`));
  map.push(`default => [${orderFor(GEO_DEFAULT.name)}]`);
  return `  geoip => {
    maps => { world => { geoip2_db => ${file}, datacenters => [${names.join(", ")}], map => { ${map.join(", ")} } } }
    resources => { bench => {
      map => world
      dcmap => { ${GEO_MEMBERS.map(({ name, address }) => `${name} => ${address}`).join(", ")} }
    } }
  }
`;
}
