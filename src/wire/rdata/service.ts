/**
 * Types that find services: SRV (RFC 2782), NAPTR (RFC 3403), URI (RFC 7553). Their names
 * are never compressed when sent (RFC 3597 section 4).
 *
 * @module
 */
import { characterString, plainName, stringOf, textToEnd, u16 } from "./fields.ts";
import { layout } from "./layout.ts";

export const SRV = layout({ priority: u16, weight: u16, port: u16, target: plainName });

export const NAPTR = layout({
  order: u16,
  preference: u16,
  flags: stringOf(/^[0-9a-z]*$/i, "letters and digits are, like U, S or A", true),
  services: characterString,
  regexp: characterString,
  replacement: plainName,
});

export const URI = layout({ priority: u16, weight: u16, target: textToEnd(1) });
