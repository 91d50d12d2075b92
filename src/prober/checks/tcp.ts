/**
 * Checks of type tcp: a connection, with something to send and something to expect if the monitor says so.
 *
 * @module
 */
import type { MonitorDocument } from "../../documents/configuration.ts";
import type { MonitorText } from "../../documents/schema.ts";
import { runAttempt } from "./attempt.ts";
import type { Check, CheckOptions, CheckResult, CheckTarget } from "./check.ts";
import { openConnection } from "./connection.ts";
import { OctetBuffer } from "./octet-buffer.ts";
import { plural, quote, textOf } from "./words.ts";

type TcpText = Extract<MonitorText, { type: "tcp" }>;

/** What is searched; the reference of documents promises it. */
const REPLY_OCTETS_MAX = 64 * 1024;
const DETAIL_OCTETS_MAX = 4096;

export class TcpCheck implements Check {
  readonly #monitor: MonitorDocument;
  readonly #port: number;
  readonly #send: string | undefined;
  readonly #expect: Buffer | undefined;

  constructor(monitor: MonitorDocument, text: TcpText) {
    this.#monitor = monitor;
    this.#port = text.port;
    this.#send = text.send;
    this.#expect = text.expect === undefined ? undefined : Buffer.from(text.expect);
  }

  run(target: CheckTarget, options: CheckOptions): Promise<CheckResult> {
    return runAttempt(this.#monitor, options, (attempt) => {
      openConnection(attempt, target, this.#port, undefined, (socket, connection) => {
        const wanted = this.#expect;
        if (wanted === undefined) {
          // A reset would take back what was sent.
          connection.isPolite = this.#send !== undefined;
          if (this.#send === undefined) attempt.succeed();
          else socket.write(this.#send, () => attempt.succeed());
          return;
        }
        const reply = new OctetBuffer(REPLY_OCTETS_MAX);
        const missing = () =>
          `${quote(wanted.toString())} is not in the ${plural(reply.length, "octet")} that came`;
        attempt.progress = () => (reply.length === 0 ? "" : missing());
        socket.on("data", (piece: Buffer) => {
          if (attempt.isOver) return;
          attempt.replied("response");
          const before = reply.length;
          reply.push(piece);
          if (attempt.detail !== null)
            attempt.detail.reply = textOf(reply.octets.subarray(0, DETAIL_OCTETS_MAX));
          if (reply.octets.includes(wanted, Math.max(0, before - wanted.length))) attempt.succeed();
          else if (reply.isFull) attempt.fail(missing());
        });
        socket.on("end", () => attempt.fail(`connection closed; ${missing()}`));
        if (this.#send !== undefined) socket.write(this.#send);
      });
    });
  }
}
