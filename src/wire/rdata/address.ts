/**
 * A (RFC 1035 section 3.4.1) and AAAA (RFC 3596).
 *
 * @module
 */
import { ipv4, ipv6 } from "./fields.ts";
import { layout } from "./layout.ts";

export const A = layout({ address: ipv4 });
export const AAAA = layout({ address: ipv6 });
