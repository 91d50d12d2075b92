/**
 * Checks of type agent: connect, send if the monitor says so, read the one line of HAProxy's agent-check.
 *
 * @module
 */
import type { MonitorDocument } from "../../documents/configuration.ts";
import type { MonitorText } from "../../documents/schema.ts";
import { readAgentLine } from "./agent-line.ts";
import { type Attempt, runAttempt } from "./attempt.ts";
import type { Check, CheckOptions, CheckResult, CheckTarget } from "./check.ts";
import { openConnection } from "./connection.ts";
import { OctetBuffer } from "./octet-buffer.ts";
import { plural, quote, textOf } from "./words.ts";

type AgentText = Extract<MonitorText, { type: "agent" }>;

/** Words and a reason; HAProxy reads no more than its buffer either. */
const LINE_OCTETS_MAX = 1024;

export class AgentCheck implements Check {
  readonly #monitor: MonitorDocument;
  readonly #port: number;
  readonly #send: string | undefined;

  constructor(monitor: MonitorDocument, text: AgentText) {
    this.#monitor = monitor;
    this.#port = text.port;
    this.#send = text.send;
  }

  run(target: CheckTarget, options: CheckOptions): Promise<CheckResult> {
    return runAttempt(this.#monitor, options, (attempt) => {
      openConnection(attempt, target, this.#port, undefined, (socket) => {
        const reply = new OctetBuffer(LINE_OCTETS_MAX);
        attempt.progress = () =>
          reply.length === 0 ? "" : `${plural(reply.length, "octet")} came, without an end of line`;
        socket.on("data", (piece: Buffer) => {
          if (attempt.isOver) return;
          attempt.replied("response");
          reply.push(piece);
          const text = textOf(reply.octets);
          const end = text.search(/[\r\n]/);
          if (end >= 0) judge(attempt, text.slice(0, end));
          else if (reply.isFull) attempt.fail(`the agent sent no line but ${quote(text)}`);
        });
        // The end of the connection ends the line as well.
        socket.on("end", () => {
          if (attempt.isOver) return;
          if (reply.length === 0) attempt.fail("connection closed without a line");
          else judge(attempt, textOf(reply.octets));
        });
        if (this.#send !== undefined) socket.write(this.#send);
      });
    });
  }
}

function judge(attempt: Attempt, line: string): void {
  const { reason, weightPercent, state } = readAgentLine(line);
  if (attempt.detail !== null) attempt.detail.line = line;
  attempt.agent = { weightPercent, state };
  if (reason === "") attempt.succeed();
  else attempt.fail(reason);
}
