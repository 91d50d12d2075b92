/**
 * Types that carry text: TXT (RFC 1035 section 3.3.14), SPF (RFC 7208, of history only), HINFO
 * (RFC 1035 section 3.3.2, and RFC 8482), CAA (RFC 8659).
 *
 * @module
 */
import { characterString, characterStrings, stringOf, textToEnd, u8 } from "./fields.ts";
import { layout } from "./layout.ts";

export const TXT = layout({ text: characterStrings });
export const HINFO = layout({ CPU: characterString, OS: characterString });

export const CAA = layout({
  flags: u8,
  tag: stringOf(/^[0-9a-z]+$/i, "letters and digits are, like issue, issuewild, iodef", false),
  value: textToEnd(0),
});
