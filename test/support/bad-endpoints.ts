/**
 * Endpoints for checks to look at, most of them bad: TCP and TLS servers on free ports of loopback that do what a handler
 * says, and know how many connections are open.
 *
 * @module
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, setDefaultCACertificates, TLSSocket } from "node:tls";
import { expect } from "vitest";
import type { MonitorDocument } from "../../src/documents/configuration.ts";
import type { MonitorText } from "../../src/documents/schema.ts";
import type { CheckResult, CheckTarget } from "../../src/prober/checks/check.ts";
import { makeCheck } from "../../src/prober/checks/check-table.ts";

export type Certificate = "good" | "expired" | "early" | "below-old" | "stranger" | "self-signed";
export type Handler = (socket: Socket) => void;

const FOLDER = new URL("./certificates/", import.meta.url);

export function readPem(name: string): string {
  return readFileSync(new URL(`${name}.pem`, FOLDER), "utf8");
}

/** From here on, contexts that this process makes trust the ca of the fixtures, and nobody else. */
export function trustTestCa(): void {
  setDefaultCACertificates([readPem("ca")]);
}

/** The endpoints of one test; close() when it is over. */
export class Endpoints {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** Connections that ever came. */
  accepted = 0;

  /** Answers the port. */
  async tcp(handler: Handler, host = "127.0.0.1"): Promise<number> {
    const server = createServer((socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on("error", () => {}); // checks end with a reset
      socket.on("close", () => this.#sockets.delete(socket));
      handler(socket);
      socket.resume(); // what is not read would hide the end
    });
    this.#servers.push(server);
    server.listen(0, host);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  tls(certificate: Certificate, handler: Handler, alpn?: string[]): Promise<number> {
    const secureContext = createSecureContext({
      key: readPem(`${certificate}-key`),
      cert: readPem(certificate),
    });
    return this.tcp((socket) => {
      const secure = new TLSSocket(socket, {
        isServer: true,
        secureContext,
        ...(alpn === undefined ? {} : { ALPNProtocols: alpn }),
      });
      secure.on("error", () => {});
      secure.once("secure", () => handler(secure));
    });
  }

  /** Once all that came are closed; a test that waits for ever has found a leak. */
  async allClosed(): Promise<void> {
    // Not once(): that would reject at the reset.
    for (const socket of this.#sockets) await new Promise((resolve) => socket.once("close", resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) {
      server.close();
      await once(server, "close");
    }
  }
}

/** A port of loopback where nobody listens. */
export async function closedPort(): Promise<number> {
  const endpoints = new Endpoints();
  const port = await endpoints.tcp(() => {});
  await endpoints.close();
  return port;
}

/** Sends as soon as a request begins to come. */
export function reply(...pieces: (string | Uint8Array)[]): Handler {
  return (socket) => {
    socket.once("data", () => {
      for (const piece of pieces) socket.write(piece);
    });
  };
}

/** As reply(), and closes. */
export function replyAndClose(...pieces: (string | Uint8Array)[]): Handler {
  return (socket) => {
    socket.once("data", () => {
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
  };
}

/** Sends `first`, then `again` as fast as it is taken, for ever. */
export function flood(first: string, again: string): Handler {
  return (socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(again));
    };
    socket.on("drain", more);
    socket.once("data", () => {
      socket.write(first);
      more();
    });
  };
}

/** Sends one octet every few milliseconds, for ever if need be. */
export function drip(text: string): Handler {
  return (socket) => {
    let at = 0;
    const timer = setInterval(() => socket.write(text[at++ % text.length]!), 5);
    socket.on("close", () => clearInterval(timer));
  };
}

const LOOPBACK: CheckTarget = { address: "127.0.0.1", family: 4 };

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly slowMs?: number;
  readonly target?: CheckTarget;
  readonly signal?: AbortSignal;
  readonly isDetailed?: boolean;
}

function monitorOf(text: MonitorText, options: RunOptions = {}): MonitorDocument {
  const { timeoutMs = 5000, slowMs } = options;
  return {
    id: "m",
    type: text.type,
    intervalMs: 10_000,
    timeoutMs,
    downAfter: 3,
    upAfter: 2,
    recheckMs: 1000,
    quorum: "majority",
    ...(slowMs === undefined ? {} : { slowMs }),
    observe: false,
    check: text,
  };
}

/** Runs one check of that monitor. */
export function check(text: MonitorText, options: RunOptions = {}): Promise<CheckResult> {
  return makeCheck(monitorOf(text, options)).run(options.target ?? LOOPBACK, {
    signal: options.signal ?? new AbortController().signal,
    detailed: options.isDetailed ?? false,
  });
}

/** For toEqual(): the very text, or one that matches. */
export function said(reason: string | RegExp): unknown {
  return typeof reason === "string" ? reason : expect.stringMatching(reason);
}

/** What the check says: "ok", or the reason. */
export async function say(text: MonitorText, options: RunOptions = {}): Promise<string> {
  const { ok, reason } = await check(text, options);
  return ok ? "ok" : reason;
}
