/**
 * Knot DNS: among the fastest authoritative servers for plain zones. Weights are its module geoip's, which Debian
 * packs by itself. A module is asked for every query of its zone, so the weighted name is a zone of its own, and
 * the others pay nothing for it.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findExecutable } from "./executables.ts";
import type { Peer } from "./peer.ts";
import {
  GEO_DEFAULT,
  GEO_MEMBERS,
  GEO_NAME,
  geoMasterFile,
  LARGE_ZONE,
  largeMasterFile,
  SMALL_ZONE,
  smallMasterFile,
  WEIGHTED_MEMBERS,
  WEIGHTED_NAME,
  weightedMasterFile,
} from "./zones.ts";

/** Whether knotd takes the module; known once it has been asked. */
let hasGeoip: boolean | undefined;

export const knot: Peer = {
  id: "knot",
  title: "Knot DNS",
  checkReplies: true,
  hasTcp: true,
  notes: { weighted: "module geoip, mode weighted", geo: "module geoip, mode geodb" },
  missing: () => (findExecutable("knotd") ? undefined : "apt-get install knot"),
  lacks(workload) {
    if (workload !== "weighted" && workload !== "geo") return undefined;
    hasGeoip ??= takesGeoip();
    return hasGeoip ? undefined : "no module geoip; apt-get install knot-module-geoip";
  },
  prepare({ directory, port, geo }) {
    for (const folder of ["run", "database"]) mkdirSync(join(directory, folder));
    writeFileSync(join(directory, "small.zone"), smallMasterFile());
    writeFileSync(join(directory, "large.zone"), largeMasterFile());
    const modules: ModuleUse[] = [];
    if (this.lacks?.("weighted") === undefined) {
      modules.push(prepareWeighted(directory));
      if (geo !== undefined) modules.push(prepareGeo(directory, geo));
    }
    const file = join(directory, "knot.conf");
    writeFileSync(
      file,
      `server:
  rundir: "${join(directory, "run")}"
  listen: 127.0.0.1@${port}
  edns-client-subnet: ${geo === undefined ? "off" : "on"}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: warning
database:
  storage: "${join(directory, "database")}"
${moduleSection(modules)}template:
  - id: default
    storage: "${directory}"
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: ${SMALL_ZONE}
    file: small.zone
  - domain: ${LARGE_ZONE}
    file: large.zone
${modules.map(({ zone }) => zone).join("")}`,
    );
    return { file: findExecutable("knotd")!, args: ["--config", file] };
  },
};

/** The module at work for one zone: parts of the configuration. */
interface ModuleUse {
  readonly module: string;
  readonly zone: string;
}

function moduleSection(uses: readonly ModuleUse[]): string {
  return uses.length === 0 ? "" : `mod-geoip:\n${uses.map(({ module }) => module).join("")}`;
}

function prepareWeighted(directory: string): ModuleUse {
  const answers = WEIGHTED_MEMBERS.map(({ address, weight }) => `  - weight: ${weight}\n    A: ${address}\n`);
  const file = join(directory, "weighted.yaml");
  writeFileSync(file, `${WEIGHTED_NAME}:\n${answers.join("")}`);
  writeFileSync(join(directory, "weighted.zone"), weightedMasterFile());
  return { module: geoipModule("weighted", file, "weighted"), zone: zoneWith("weighted", WEIGHTED_NAME) };
}

function prepareGeo(directory: string, database: string): ModuleUse {
  const answers = GEO_MEMBERS.flatMap(({ codes, address }) => {
    return codes.map((code) => `  - geo: "${code}"\n    A: ${address}\n`);
  });
  const file = join(directory, "geo.yaml");
  writeFileSync(file, `${GEO_NAME}:\n${answers.join("")}`);
  // The module answers clients that the file knows. The others get what the zone has.
  writeFileSync(join(directory, "geo.zone"), geoMasterFile(`@ A ${GEO_DEFAULT.address}`));
  const module = `${geoipModule("geo", file, "geodb")}    geodb-file: "${database}"
    geodb-key: continent/code
`;
  return { module, zone: zoneWith("geo", GEO_NAME) };
}

function zoneWith(id: string, domain: string): string {
  return `  - domain: ${domain}
    file: ${id}.zone
    module: mod-geoip/${id}
`;
}

function geoipModule(id: string, file: string, mode: "weighted" | "geodb"): string {
  return `  - id: ${id}
    config-file: "${file}"
    ttl: 300
    mode: ${mode}
`;
}

/** A module is a library that may be there or not, and only a configuration with it tells. */
function takesGeoip(): boolean {
  const directory = mkdtempSync(join(tmpdir(), "windrose-bench-knot-"));
  try {
    const answers = join(directory, "answers.yaml");
    writeFileSync(answers, "");
    const file = join(directory, "knot.conf");
    writeFileSync(file, `mod-geoip:\n${geoipModule("weighted", answers, "weighted")}`);
    execFileSync(findExecutable("knotc")!, ["--config", file, "conf-check"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
