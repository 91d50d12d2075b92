/**
 * Ourselves, as the package runs us.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtMain } from "../built.ts";
import type { Peer } from "./peer.ts";
import { steeredDocument } from "./steered.ts";
import { EDITED_FILE, editedDocument, ZONES_FOLDER, zonesDocument } from "./zones.ts";

export const windrose: Peer = {
  id: "windrose",
  title: "Windrose",
  checkReplies: true,
  hasTcp: true,
  notes: { weighted: "a pool with `policy: weighted`", geo: "a pool with `policy: geo`" },
  missing: () => undefined,
  prepare({ directory, port, geo, rtt }) {
    const zones = join(directory, ZONES_FOLDER);
    mkdirSync(zones);
    writeFileSync(join(zones, "bench.yaml"), zonesDocument());
    writeFileSync(join(zones, EDITED_FILE), editedDocument(0));
    if (geo !== undefined) writeFileSync(join(zones, "steered.yaml"), steeredDocument());
    return {
      file: process.execPath,
      args: [
        ...[builtMain(), "serve", "--dns", `127.0.0.1:${port}`, "--zones", zones, "--workers", "1"],
        ...["--api", "127.0.0.1:0"],
        ...(geo === undefined ? [] : ["--geo", geo]),
        ...(rtt === undefined ? [] : ["--rtt", rtt]),
      ],
    };
  },
};
