/**
 * Bounds of documents that more than one file here must agree on.
 *
 * @module
 */
export const WEIGHT_MAX = 1_000_000;

/** RFC 9715 and common sense: eight AAAA with their names fit any UDP reply. */
export const ANSWERS_MAX = 8;

/** Pools within pools: a choice walks the whole depth for each query. */
export const POOL_LEVELS_MAX = 8;

/** Ids are parts of URLs, keys and metrics. */
export const ID_PATTERN = "^[A-Za-z0-9_](?:[A-Za-z0-9_.:-]{0,62}[A-Za-z0-9_])?$";

/** RFC 2181 section 8: 31 bits. */
export const TTL_MAX = 0x7fff_ffff;
