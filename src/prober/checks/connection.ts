/**
 * A new TCP connection for one attempt, with TLS on top if asked: connected, judged, handed over, and reset at the end.
 *
 * It ends with RST, not FIN: whoever closes first keeps the port in TIME_WAIT for a minute, and 3,000 checks a second
 * would run out of ports in ten seconds. The price: an endpoint that reads on sees a reset instead of an end.
 *
 * @module
 */
import { isIP, Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { Attempt } from "./attempt.ts";
import { type CertificateRules, describeCertificate, judgeCertificate } from "./certificate.ts";
import type { CheckTarget } from "./check.ts";
import { sayError } from "./words.ts";

/** What TLS is to be like; made once for each monitor. */
export interface TlsSettings {
  readonly context: SecureContext;
  /** SNI and the name looked for; undefined: the target's host, or its address. */
  readonly serverName: string | undefined;
  readonly certificate: CertificateRules;
  readonly alpn: readonly string[];
}

/** Members of monitors that are about TLS. */
interface TlsText {
  readonly "server-name"?: string;
  readonly host?: string;
  readonly verify?: boolean;
  readonly certificate?: { readonly warn?: number; readonly fail?: number };
}

const WARN_DAYS = 14;

/** Making a context reads all root certificates, so it is made with the monitor. */
export function tlsSettings(text: TlsText, alpn: readonly string[]): TlsSettings {
  return {
    context: createSecureContext({}),
    serverName: text["server-name"] ?? text.host,
    certificate: {
      verify: text.verify ?? true,
      warnDays: text.certificate?.warn ?? WARN_DAYS,
      failDays: text.certificate?.fail,
    },
    alpn,
  };
}

/** How a connection ends. */
export interface Connection {
  /** Takes FIN for the end, so that what was written still arrives. */
  isPolite: boolean;
}

/**
 * Connects, and calls `ready` with what is to be written to and read from, in phase "response". Errors fail the attempt,
 * and its end closes the connection.
 */
export function openConnection(
  attempt: Attempt,
  target: CheckTarget,
  port: number,
  tls: TlsSettings | undefined,
  ready: (socket: Socket, connection: Connection) => void,
): void {
  // Half open: at the peer's FIN, Node.js would begin to end the connection, and what is being ended may refuse a reset.
  const socket = new Socket({ allowHalfOpen: true });
  const connection: Connection = { isPolite: false };
  attempt.phase = "connect";
  let secure: TLSSocket | undefined;
  function close(): void {
    if (connection.isPolite) socket.destroy();
    else socket.resetAndDestroy();
    secure?.destroy();
  }
  // Within a callback of TLS, Node.js (24.21) crashes when the socket below is taken away.
  attempt.onEnd(() => {
    if (secure === undefined) close();
    else setImmediate(close);
  });
  socket.on("error", (error) => attempt.fail(sayError(error)));
  socket.once("connect", () => {
    attempt.connectMs = attempt.next(tls === undefined ? "response" : "TLS handshake");
    // The last octets of a handshake and the request behind it are two small writes.
    socket.setNoDelay(true);
    attempt.guard(() => {
      if (tls === undefined) ready(socket, connection);
      else secure = startTls(attempt, target, socket, tls, (stream) => ready(stream, connection));
    });
  });
  socket.connect({ host: target.address, port, family: target.family });
}

function startTls(
  attempt: Attempt,
  target: CheckTarget,
  socket: Socket,
  settings: TlsSettings,
  ready: (socket: TLSSocket) => void,
): TLSSocket {
  const wanted = settings.serverName ?? target.host ?? target.address;
  const secure = connectTls({
    socket,
    secureContext: settings.context,
    // An address is not sent: RFC 6066 section 3.
    servername: isIP(wanted) !== 0 ? "" : wanted.replace(/\.$/, ""),
    ALPNProtocols: [...settings.alpn],
    // Judged by us, in words, once the handshake is over.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  let isReady = false;
  secure.on("error", (error) =>
    attempt.fail(isReady ? sayError(error) : `TLS handshake failed: ${sayHandshakeError(error)}`),
  );
  secure.once("close", () => {
    if (!isReady) attempt.fail("TLS handshake failed: connection closed");
  });
  secure.once("secureConnect", () => {
    isReady = true;
    attempt.tlsMs = attempt.next("response");
    const certificate = secure.getPeerX509Certificate();
    if (certificate === undefined) {
      attempt.fail("TLS without a certificate");
      return;
    }
    if (attempt.detail !== null) {
      attempt.detail.tls = {
        version: secure.getProtocol(),
        cipher: secure.getCipher().name,
        alpn: secure.alpnProtocol === false ? null : secure.alpnProtocol,
        ...describeCertificate(certificate),
      };
    }
    // Typed as an error; at run time it is OpenSSL's code, or null.
    const trust = secure.authorizationError as unknown as string | null | undefined;
    const judged = judgeCertificate(certificate, trust ?? null, wanted, settings.certificate, Date.now());
    attempt.daysToExpiry = judged.daysToExpiry;
    attempt.warnings.push(...judged.warnings);
    if (judged.fault === null) attempt.guard(() => ready(secure));
    else attempt.fail(judged.fault);
  });
  return secure;
}

function sayHandshakeError(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ECONNRESET") return "connection closed";
  const text = sayError(error);
  return /wrong version number|packet length too long|record/.test(text)
    ? `${text}; the endpoint may not speak TLS on this port`
    : text;
}
