/**
 * Master files: zones as RFC 1035 section 5 writes them.
 *
 *   $ORIGIN example.test.
 *   @    3600 IN SOA ns1 hostmaster (
 *       2026010100 ; serial
 *       ...        )
 *   @    3600 IN NS  ns1
 *   mail 300  IN MX  10 mx1
 *   ;windrose: www 30 POOL web
 *
 * **Reading.** Each record is `[OWNER] [TTL] [CLASS] TYPE RDATA`, TTL and class in either
 * order. Parentheses, quotes, escapes and comments are the lexer's. A line that begins with a
 * blank goes on with the owner above. The class is IN. TTLs have units or none. Rdata of any
 * type may be `\# LENGTH HEX` (RFC 3597).
 *
 * - A TTL that is not written is that of $TTL (RFC 2308 section 4); without $TTL the last one
 *   written (RFC 1035 section 5.1); without that the SOA's MINIMUM, from the SOA on. This is
 *   BIND's order too.
 * - TTLs of one RRset that differ become the lowest, and a record that is there twice is
 *   dropped, each with a warning: both are common in old files, and neither loses data.
 * - $INCLUDE reads a file from the folder of the zone file, as if it stood in its place; origin
 *   and last owner are as before behind it, $TTL and last TTL stay as it left them.
 * - $GENERATE is BIND's, see generate.ts; it is not in any RFC, and old zones have it.
 * - Any other directive is a fault, for what it would have done is not done.
 *
 * **Steered names** are no records: their line is a comment to all other servers, which so
 * serve the rest of the zone, and it says all that a document says:
 *
 *   ;windrose: OWNER [TTL] [IN] POOL NAME
 *
 * It begins in the first column, exactly so. Owner and TTL are as in a record (a TTL that is
 * not written is that of a record in its place, but this one is not remembered for others).
 * NAME is a word, or in quotes with the escapes of a character-string. A line that begins so
 * and does not go on so is a fault, because skipping it would lose a name.
 *
 * **Writing** puts the SOA first, then the names in canonical order (RFC 4034 section 6.1) and
 * at each name NS before the others by number, all with TTL and class, names relative to the
 * apex. Records of one RRset stay in their order.
 *
 * @module
 */
export { formatMasterFile } from "./master-file-formatter.ts";
export { type MasterFile, parseMasterFile } from "./master-file-parser.ts";
