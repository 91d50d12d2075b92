/**
 * What is wrong with an endpoint's certificate, each fault in its own words, and how long it is still valid.
 *
 * OpenSSL reports one fault of a chain, by a code. The dates and the name of the endpoint's own certificate we look at
 * ourselves, so that of several faults the one is told that an operator must mend first: dates, issuer, name.
 * Which issuers are known is Node's matter: its own list, `NODE_EXTRA_CA_CERTS`, `--use-system-ca`.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { oneLine, plural, quote } from "./words.ts";

export interface CertificateRules {
  /** Whether issuer, dates and name matter. */
  readonly verify: boolean;
  /** Fewer days of validity are a warning. */
  readonly warnDays: number;
  /** Fewer days are a failure, also without `verify`; undefined: expired ones are, with it. */
  readonly failDays: number | undefined;
}

export interface JudgedCertificate {
  readonly fault: string | null;
  readonly warnings: readonly string[];
  readonly daysToExpiry: number;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NAMES_SHOWN = 3;
/** A chain in a handshake is short; this bounds what describes one. */
const CHAIN_MAX = 8;

/** `trust` is OpenSSL's code for what it thinks of the chain, null when that is well. Times by the wall clock: certificates are. */
export function judgeCertificate(
  certificate: X509Certificate,
  trust: string | null,
  wanted: string,
  rules: CertificateRules,
  nowMs: number,
): JudgedCertificate {
  const leftMs = Date.parse(certificate.validTo) - nowMs;
  const daysToExpiry = Math.floor(leftMs / DAY_MS);
  const fault =
    (rules.verify ? faultOf(certificate, trust, wanted, nowMs) : null) ??
    (rules.failDays !== undefined && leftMs < rules.failDays * DAY_MS
      ? `certificate ${sayExpiry(leftMs)}, wanted at least ${plural(rules.failDays, "day")}`
      : null);
  const warnings =
    fault === null && leftMs < rules.warnDays * DAY_MS ? [`certificate ${sayExpiry(leftMs)}`] : [];
  return { fault, warnings, daysToExpiry };
}

function faultOf(
  certificate: X509Certificate,
  trust: string | null,
  wanted: string,
  nowMs: number,
): string | null {
  const leftMs = Date.parse(certificate.validTo) - nowMs;
  if (leftMs < 0) return `certificate ${sayExpiry(leftMs)}`;
  const untilMs = Date.parse(certificate.validFrom) - nowMs;
  if (untilMs > 0) return `certificate is not yet valid, only in ${sayTime(untilMs)}`;
  if (trust !== null) return faultOfChain(certificate, trust, nowMs);
  return faultOfName(certificate, wanted);
}

function faultOfChain(certificate: X509Certificate, trust: string, nowMs: number): string {
  const issuer = quote(commonName(certificate.issuer));
  switch (trust) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return "certificate is self-signed";
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return isSelfSigned(certificate)
        ? "certificate is self-signed"
        : `certificate's issuer is unknown: ${issuer}; is an intermediate certificate missing?`;
    case "CERT_HAS_EXPIRED": {
      const expired = chainOf(certificate).find((one) => Date.parse(one.validTo) < nowMs);
      return expired === undefined
        ? "a certificate of the chain expired"
        : `certificate of the chain, ${quote(commonName(expired.subject))}, ${sayExpiry(Date.parse(expired.validTo) - nowMs)}`;
    }
    case "CERT_NOT_YET_VALID":
      return "a certificate of the chain is not yet valid";
    case "CERT_REVOKED":
      return "certificate is revoked";
    case "INVALID_PURPOSE":
      return "certificate is not for servers";
    case "INVALID_CA":
      return `certificate's issuer ${issuer} may not issue certificates`;
    default:
      return `certificate is not accepted: ${oneLine(trust).toLowerCase().replaceAll("_", " ")}`;
  }
}

/** The common name does not count: RFC 9525 section 2. */
function faultOfName(certificate: X509Certificate, wanted: string): string | null {
  const name = wanted.replace(/\.$/, "");
  const matches =
    isIP(name) !== 0 ? certificate.checkIP(name) : certificate.checkHost(name, { subject: "never" });
  if (matches !== undefined) return null;
  return `certificate has the wrong name: has ${sayNames(namesOf(certificate))}, wanted ${oneLine(name)}`;
}

/** As in `DNS:a.test, IP Address:192.0.2.1`; what is quoted there stays so. */
function namesOf(certificate: X509Certificate): string[] {
  const names = (certificate.subjectAltName ?? "").split(", ").filter((name) => name !== "");
  return names.map((name) => name.replace(/^(?:DNS|IP Address|URI|email):/, ""));
}

function sayNames(names: readonly string[]): string {
  if (names.length === 0) return "none (no subjectAltName)";
  const shown = names.slice(0, NAMES_SHOWN).map((name) => oneLine(name).slice(0, 50));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

function sayExpiry(leftMs: number): string {
  return leftMs < 0 ? `expired ${sayTime(-leftMs)} ago` : `expires in ${sayTime(leftMs)}`;
}

function sayTime(ms: number): string {
  if (ms >= DAY_MS) return plural(Math.floor(ms / DAY_MS), "day");
  return ms >= HOUR_MS ? plural(Math.floor(ms / HOUR_MS), "hour") : "less than an hour";
}

function commonName(subject: string): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate);
}

/** From the endpoint's own upwards, as the handshake and the trusted roots have it. */
function chainOf(certificate: X509Certificate): X509Certificate[] {
  const chain = [certificate];
  for (let at = certificate.issuerCertificate; at !== undefined && chain.length < CHAIN_MAX; ) {
    chain.push(at);
    if (isSelfSigned(at)) break;
    at = at.issuerCertificate;
  }
  return chain;
}

/** For `detail`. */
export function describeCertificate(certificate: X509Certificate): Record<string, unknown> {
  return {
    names: namesOf(certificate).slice(0, 100),
    chain: chainOf(certificate).map((one) => ({
      subject: commonName(one.subject),
      issuer: commonName(one.issuer),
      validFrom: new Date(Date.parse(one.validFrom)).toISOString(),
      validTo: new Date(Date.parse(one.validTo)).toISOString(),
      serialNumber: one.serialNumber,
      fingerprint256: one.fingerprint256,
    })),
  };
}
