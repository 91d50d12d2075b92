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
  notes: { weighted: "module geoip, mode weighted" },
  missing: () => (findExecutable("knotd") ? undefined : "apt-get install knot"),
  lacks(workload) {
    if (workload !== "weighted") return undefined;
    hasGeoip ??= takesGeoip();
    return hasGeoip ? undefined : "no module geoip; apt-get install knot-module-geoip";
  },
  prepare({ directory, port }) {
    for (const folder of ["run", "database"]) mkdirSync(join(directory, folder));
    writeFileSync(join(directory, "small.zone"), smallMasterFile());
    writeFileSync(join(directory, "large.zone"), largeMasterFile());
    const weighted = this.lacks?.("weighted") === undefined ? prepareWeighted(directory) : NOTHING;
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
${weighted.module}template:
  - id: default
    storage: "${directory}"
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: ${SMALL_ZONE}
    file: small.zone
  - domain: ${LARGE_ZONE}
    file: large.zone
${weighted.zone}`,
    );
    return { file: findExecutable("knotd")!, args: ["--config", file] };
  },
};

/** Parts of the configuration. */
interface Weighted {
  readonly module: string;
  readonly zone: string;
}

const NOTHING: Weighted = { module: "", zone: "" };

function prepareWeighted(directory: string): Weighted {
  const answers = WEIGHTED_MEMBERS.map(({ address, weight }) => `  - weight: ${weight}\n    A: ${address}\n`);
  const file = join(directory, "weighted.yaml");
  writeFileSync(file, `${WEIGHTED_NAME}:\n${answers.join("")}`);
  writeFileSync(join(directory, "weighted.zone"), weightedMasterFile());
  return {
    module: geoipModule(file),
    zone: `  - domain: ${WEIGHTED_NAME}
    file: weighted.zone
    module: mod-geoip/weighted
`,
  };
}

function geoipModule(file: string): string {
  return `mod-geoip:
  - id: weighted
    config-file: "${file}"
    ttl: 300
    mode: weighted
`;
}

/** A module is a library that may be there or not, and only a configuration with it tells. */
function takesGeoip(): boolean {
  const directory = mkdtempSync(join(tmpdir(), "windrose-bench-knot-"));
  try {
    const answers = join(directory, "answers.yaml");
    writeFileSync(answers, "");
    const file = join(directory, "knot.conf");
    writeFileSync(file, geoipModule(answers));
    execFileSync(findExecutable("knotc")!, ["--config", file, "conf-check"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
