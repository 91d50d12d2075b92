/**
 * Place data for tests: MMDB files in a folder of their own, and clients to ask about.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClientPlace } from "../../src/geo/client-place.ts";
import type { PlaceData } from "../../src/geo/place-data.ts";
import { parseAddress, parsePrefix } from "../../src/lib/address.ts";
import { type MmdbContents, writeMmdb } from "../support/mmdb-writer.ts";

export class PlaceFolder {
  readonly dir = mkdtempSync(join(tmpdir(), "windrose-places-"));

  /** Writes a file; gives its path. */
  write(name: string, networks: Readonly<Record<string, object>>, more: Partial<MmdbContents> = {}): string {
    const octets = writeMmdb({
      databaseType: "Test",
      buildEpoch: 1_790_000_000,
      ipVersion: 6,
      recordSize: 28,
      networks: Object.entries(networks).map(([network, data]) => ({ network, data })),
      ...more,
    });
    return this.writeOctets(name, octets);
  }

  writeOctets(name: string, octets: Uint8Array): string {
    const file = join(this.dir, name);
    writeFileSync(file, octets);
    return file;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }
}

/** An address, or a network as ECS has it. */
export function clientAt(data: PlaceData | null, text: string): ClientPlace {
  const client = new ClientPlace();
  const prefix = parsePrefix(text);
  const address = prefix?.address ?? parseAddress(text)!;
  const source = prefix === undefined ? "resolver" : "ecs";
  client.network.set(address.length === 4 ? 4 : 6, address, 0, prefix?.length ?? 8 * address.length, source);
  client.begin(data);
  return client;
}
