/**
 * One exchange with a resolver, timed: the smallest thing that it answers, in one of three ways. What it says is of no matter,
 * nor is that it refuses: an answer is an answer.
 *
 *   dns    a query for the SOA of the root, without recursion (17 octets), over UDP: any reply, or that the port is closed
 *   tcp    a connection to port 53: that it is open, or that it is refused
 *   icmp   an echo request
 *
 * Each has a socket of its own, which is closed when it is over.
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { IcmpCheck } from "../checks/icmp.ts";

export const EXCHANGES = ["dns", "tcp", "icmp"] as const;
export type ExchangeKind = (typeof EXCHANGES)[number];

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** 53, unless a test has another. */
  readonly port?: number;
}

const DNS_PORT = 53;
/** The host has answered, if only to refuse. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(["ECONNREFUSED", "ECONNRESET"]);

/** The time in ms; null when nothing came. Never rejects. `address` is canonical text. */
export function exchange(
  kind: ExchangeKind,
  address: string,
  options: ExchangeOptions,
): Promise<number | null> {
  if (options.signal.aborted) return Promise.resolve(null);
  switch (kind) {
    case "dns":
      return exchangeDns(address, options);
    case "tcp":
      return exchangeTcp(address, options);
    case "icmp":
      return exchangeIcmp(address, options);
  }
}

function exchangeDns(address: string, options: ExchangeOptions): Promise<number | null> {
  const query = rootQuery(randomInt(0x1_0000));
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  return timed(
    options,
    () => socket.close(),
    (attempt) => {
      socket.on("error", (error) => attempt.end(isRefusal(error)));
      socket.on("message", (reply) => {
        // Connected, so it is from whom we asked; a late reply to somebody else's query of this port has another id.
        if (reply.length >= 12 && reply.readUInt16BE(0) === query.readUInt16BE(0)) attempt.end(true);
      });
      // Its types leave out the error, which comes where there is no route.
      socket.connect(options.port ?? DNS_PORT, address, (error?: Error) => {
        if (attempt.isOver) return;
        if (error) {
          attempt.end(false);
          return;
        }
        attempt.start();
        socket.send(query, (failed) => {
          if (failed) attempt.end(isRefusal(failed));
        });
      });
    },
  );
}

function exchangeTcp(address: string, options: ExchangeOptions): Promise<number | null> {
  const socket = connect({ host: address, port: options.port ?? DNS_PORT });
  return timed(
    options,
    () => socket.destroy(),
    (attempt) => {
      attempt.start();
      socket.on("connect", () => attempt.end(true));
      socket.on("error", (error) => attempt.end(isRefusal(error)));
    },
  );
}

async function exchangeIcmp(address: string, options: ExchangeOptions): Promise<number | null> {
  const { timeoutMs, signal } = options;
  const target = { address, family: address.includes(":") ? 6 : 4 } as const;
  const { ok, timings } = await new IcmpCheck({ timeoutMs }).run(target, { signal, detailed: false });
  return ok ? timings.firstByteMs : null;
}

/** The question `. SOA IN`, RD 0. */
export function rootQuery(id: number): Buffer {
  const query = Buffer.alloc(17);
  query.writeUInt16BE(id, 0);
  query[5] = 1;
  query[14] = 6;
  query[16] = 1;
  return query;
}

function isRefusal(error: NodeJS.ErrnoException): boolean {
  return REFUSALS.has(error.code);
}

interface Timed {
  readonly isOver: boolean;
  start(): void;
  /** The first end counts. */
  end(isAnswered: boolean): void;
}

function timed(
  { timeoutMs, signal }: ExchangeOptions,
  close: () => void,
  begin: (attempt: Timed) => void,
): Promise<number | null> {
  return new Promise((resolve) => {
    let startedMs = performance.now();
    let isOver = false;
    const end = (isAnswered: boolean) => {
      if (isOver) return;
      isOver = true;
      const ms = performance.now() - startedMs;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      close();
      resolve(isAnswered ? ms : null);
    };
    const onAbort = () => end(false);
    const timer = setTimeout(() => end(false), timeoutMs);
    signal.addEventListener("abort", onAbort);
    begin({
      get isOver() {
        return isOver;
      },
      start: () => {
        startedMs = performance.now();
      },
      end,
    });
  });
}
