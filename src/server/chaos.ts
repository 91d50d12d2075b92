/**
 * The CHAOS class: which server is this? `version.bind`, `hostname.bind` and `id.server`
 * (RFC 4892), as TXT with TTL 0. Each can be set, or refused by leaving it out.
 *
 * @module
 */
import { type Name, parseName } from "../wire/name.ts";
import type { NameKey } from "../wire/name-key.ts";

export interface Identity {
  /** `id.server`, `hostname.bind` and NSID (RFC 5001); null = refused, and no NSID. */
  readonly id: string | null;
  /** `version.bind` and `version.server`; null = refused. */
  readonly version: string | null;
}

interface ChaosAnswer {
  readonly name: Name;
  readonly txt: Uint8Array;
}

export class ChaosAnswers {
  readonly #answers: readonly ChaosAnswer[];

  constructor(identity: Identity) {
    const texts: [string, string | null][] = [
      ["version.bind.", identity.version],
      ["version.server.", identity.version],
      ["hostname.bind.", identity.id],
      ["id.server.", identity.id],
    ];
    this.#answers = texts.flatMap(([name, text]) => {
      return text === null ? [] : [{ name: parseName(name), txt: txtRdata(text) }];
    });
  }

  /** The rdata of the TXT at `name`; null where there is none, or it is refused. */
  find(name: NameKey): Uint8Array | null {
    for (const answer of this.#answers) {
      if (answer.name.length === name.length && answer.name.every((octet, i) => octet === name.octets[i])) {
        return answer.txt;
      }
    }
    return null;
  }
}

/** One character-string of the text's UTF-8, cut at the 255 octets that it can hold. */
function txtRdata(text: string): Uint8Array {
  const octets = new TextEncoder().encode(text).subarray(0, 255);
  const rdata = new Uint8Array(1 + octets.length);
  rdata[0] = octets.length;
  rdata.set(octets, 1);
  return rdata;
}
