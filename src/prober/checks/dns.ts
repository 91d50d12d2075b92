/**
 * Checks of type dns: one query, over UDP from a port of its own or over TCP, and a look at RCODE and answer.
 *
 * Queries are written by the library dns2, a codec of other hands: an endpoint is asked as others ask it, and not by our own idea of DNS
 * alone. Replies are read by wire/: they are what a stranger sends, and dns2 3.0 takes 1.5 s for one of 12 octets
 * that counts 65535 records in each section, leaves out records that it cannot read, and does not keep the octets of rdata, which
 * `expect.answer` is compared with. The tests check against endpoints that dns2 runs.
 *
 * A datagram that is not the reply (another id, question or sender) is not taken for one (RFC 5452); the check waits on.
 *
 * @module
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { Packet } from "dns2";
import type { MonitorDocument } from "../../documents/configuration.ts";
import type { MonitorText } from "../../documents/schema.ts";
import { Rcode, rcodeMnemonic } from "../../wire/dns-codes.ts";
import { decodeMessage, encodeMessage, type Message } from "../../wire/message.ts";
import { formatName, labelsOf, type Name, parseName, ROOT } from "../../wire/name.ts";
import { formatRdata, parseRdata } from "../../wire/rdata/index.ts";
import { parseType, RRClass, typeMnemonic } from "../../wire/rr-type.ts";
import { type Attempt, runAttempt } from "./attempt.ts";
import type { Check, CheckOptions, CheckResult, CheckTarget } from "./check.ts";
import { openConnection } from "./connection.ts";
import { OctetBuffer } from "./octet-buffer.ts";
import { plural, quote, sayError } from "./words.ts";

type DnsText = Extract<MonitorText, { type: "dns" }>;

const DNS_PORT = 53;
/** The largest message over TCP, and its two octets of length. */
const TCP_OCTETS_MAX = 2 + 0xffff;
const DETAIL_RECORDS_MAX = 50;

export class DnsCheck implements Check {
  readonly #monitor: MonitorDocument;
  readonly #port: number;
  readonly #isTcp: boolean;
  readonly #name: Name;
  readonly #type: number;
  /** With the id 0; each run sends a copy with one of its own. */
  readonly #query: Uint8Array;
  readonly #rcode: number;
  readonly #answer: string | undefined;

  /** Throws what the parsers of wire/ do; documents are checked for that before. */
  constructor(monitor: MonitorDocument, text: DnsText) {
    this.#monitor = monitor;
    this.#port = text.port ?? DNS_PORT;
    this.#isTcp = text.transport === "tcp";
    this.#name = parseName(text.name, ROOT);
    this.#type = parseType(text.rrtype ?? "A")!;
    this.#query = encodeQuery(this.#name, this.#type);
    this.#rcode = Rcode[(text.expect?.rcode ?? "NOERROR") as keyof typeof Rcode];
    const answer = text.expect?.answer;
    this.#answer =
      answer === undefined ? undefined : comparable(this.#type, parseRdata(this.#type, answer, ROOT));
  }

  run(target: CheckTarget, options: CheckOptions): Promise<CheckResult> {
    return runAttempt(this.#monitor, options, (attempt) => {
      const id = randomInt(0x1_0000);
      const query = Uint8Array.from(this.#query);
      query[0] = id >> 8;
      query[1] = id & 255;
      if (this.#isTcp) this.#overTcp(attempt, target, id, query);
      else this.#overUdp(attempt, target, id, query);
    });
  }

  #overUdp(attempt: Attempt, target: CheckTarget, id: number, query: Uint8Array): void {
    attempt.phase = "reply";
    let strays = 0;
    let why = "";
    attempt.progress = () =>
      strays === 0 ? "" : `${plural(strays, "datagram")} came that is no reply to it (${why})`;
    const socket = createSocket(target.family === 6 ? "udp6" : "udp4");
    attempt.onEnd(() => socket.close());
    socket.on("error", (error) => attempt.fail(sayUdpError(error)));
    socket.on("message", (octets) => {
      const read = this.#read(octets, id);
      if (typeof read === "string") {
        strays++;
        why = read;
        return;
      }
      attempt.replied("reply");
      this.#judge(attempt, read);
    });
    // Connected, the kernel drops what others send, and tells when nobody listens there.
    // Its types leave out the error, which comes where there is no route.
    socket.connect(this.#port, target.address, (error?: Error) => {
      if (error) attempt.fail(sayUdpError(error));
      if (attempt.isOver) return;
      attempt.next("reply");
      socket.send(query, (error) => {
        if (error) attempt.fail(sayUdpError(error));
      });
    });
  }

  #overTcp(attempt: Attempt, target: CheckTarget, id: number, query: Uint8Array): void {
    openConnection(attempt, target, this.#port, undefined, (socket) => {
      attempt.phase = "reply";
      const framed = Buffer.alloc(2 + query.length);
      framed.writeUInt16BE(query.length);
      framed.set(query, 2);
      const reply = new OctetBuffer(TCP_OCTETS_MAX);
      attempt.progress = () => (reply.length === 0 ? "" : `${plural(reply.length, "octet")} of it came`);
      socket.on("data", (piece: Buffer) => {
        if (attempt.isOver) return;
        attempt.replied("reply");
        reply.push(piece);
        if (reply.length < 2) return;
        const end = 2 + reply.octets.readUInt16BE(0);
        if (reply.length < end) return;
        const read = this.#read(reply.octets.subarray(2, end), id);
        if (typeof read === "string") attempt.fail(read);
        else this.#judge(attempt, read);
      });
      socket.on("end", () =>
        attempt.fail(
          `connection closed after ${reply.length === 0 ? "no octet" : plural(reply.length, "octet")} of the reply`,
        ),
      );
      socket.write(framed);
    });
  }

  /** The reply to our query, or why it is none. */
  #read(octets: Uint8Array, id: number): Message | string {
    const message = decodeMessage(octets);
    if ("malformed" in message) return `malformed: ${message.malformed}`;
    if (!message.qr) return "it is a query";
    if (message.id !== id) return "another id";
    const [question, ...more] = message.question;
    // Servers that cannot read a query, or do not want it, may send back the header alone.
    if (question === undefined && message.rcode !== Rcode.NOERROR) return message;
    const isOurs =
      question !== undefined &&
      more.length === 0 &&
      question.type === this.#type &&
      question.class === RRClass.IN &&
      formatName(question.name).toLowerCase() === formatName(this.#name).toLowerCase();
    return isOurs ? message : "another question";
  }

  #judge(attempt: Attempt, message: Message): void {
    if (attempt.detail !== null) describe(attempt.detail, message);
    if (message.rcode !== this.#rcode) {
      attempt.fail(`${rcodeMnemonic(message.rcode)}, wanted ${rcodeMnemonic(this.#rcode)}`);
      return;
    }
    const wanted = this.#answer;
    if (wanted === undefined) {
      attempt.succeed();
      return;
    }
    const type = this.#type;
    const found = message.answer
      .filter((rr) => rr.type === type && rr.class === RRClass.IN)
      .map(({ rdata }) => comparable(type, rdata));
    if (found.includes(wanted)) attempt.succeed();
    else attempt.fail(sayMissing(typeMnemonic(type), wanted, found, message.tc));
  }
}

function encodeQuery(name: Name, type: number): Uint8Array {
  const labels = labelsOf(name).map((label) => Buffer.from(label).toString("latin1"));
  // dns2 takes labels with dots between them, so one that has a dot within cannot be said to it.
  if (labels.some((label) => label.includes("."))) {
    return encodeMessage({ id: 0, rd: true, question: [{ name, type }] });
  }
  const query = new Packet();
  query.header = new Packet.Header({ id: 0, rd: 1 });
  query.questions.push(new Packet.Question(labels.join("."), type, RRClass.IN));
  return query.toBuffer();
}

/** Names in rdata compare without case (RFC 4343); of texts, the case counts. */
function comparable(type: number, rdata: Uint8Array): string {
  const text = formatRdata(type, rdata);
  return text.includes('"') ? text : text.toLowerCase();
}

function sayMissing(type: string, wanted: string, found: readonly string[], isTruncated: boolean): string {
  if (isTruncated)
    return `${type} ${wanted} is not in the answer, which is truncated (TC); transport: tcp gets all of it`;
  if (found.length === 0) return `no ${type} in the answer, wanted ${wanted}`;
  return `answer has ${type} ${quote(found.join(", "))}, wanted ${wanted}`;
}

/** Over UDP a refusal is an ICMP message: port unreachable. */
function sayUdpError(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ECONNREFUSED" ? "nobody listens on the port (ICMP port unreachable)" : sayError(error);
}

function describe(detail: Record<string, unknown>, message: Message): void {
  detail.rcode = rcodeMnemonic(message.rcode);
  detail.flags = (["aa", "tc", "rd", "ra", "ad", "cd"] as const).filter((flag) => message[flag]);
  detail.answer = message.answer
    .slice(0, DETAIL_RECORDS_MAX)
    .map(
      ({ owner, ttl, type, rdata }) =>
        `${formatName(owner)} ${ttl} ${typeMnemonic(type)} ${formatRdata(type, rdata)}`,
    );
  detail.authorityRecords = message.authority.length;
  detail.additionalRecords = message.additional.length;
}
