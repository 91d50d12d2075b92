/**
 * Types that point at names. NS, CNAME, PTR, MX, SOA and the mail experiments are of RFC
 * 1035 section 3.3, so their names may be compressed; those of DNAME (RFC 6672), RP and
 * AFSDB (RFC 1183), KX (RFC 2230) may not.
 *
 * @module
 */
import { compressibleName, mailbox, plainName, seconds, u16, u32 } from "./fields.ts";
import { layout } from "./layout.ts";

/** NS, CNAME, PTR, and MB, MD, MF, MG, MR: one host each. */
export const HOST = layout({ host: compressibleName });

export const SOA = layout({
  "primary name server": compressibleName,
  contact: mailbox,
  serial: u32,
  refresh: seconds,
  retry: seconds,
  expire: seconds,
  minimum: seconds,
});

export const MINFO = layout({ "responsible mailbox": mailbox, "error mailbox": mailbox });
export const MX = layout({ preference: u16, exchange: compressibleName });

export const DNAME = layout({ target: plainName });
export const RP = layout({ mailbox: plainName, "text name": plainName });
export const AFSDB = layout({ subtype: u16, host: plainName });
export const KX = layout({ preference: u16, exchanger: plainName });
