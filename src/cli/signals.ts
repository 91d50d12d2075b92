/**
 * Signals of the process, for commands that run until they are told to end.
 *
 * @module
 */

/** The process's signals, for as long as the command runs. */
export class Signals {
  /** Resolves with the first signal that ends the command. */
  readonly ended: Promise<NodeJS.Signals>;
  isEnding = false;
  readonly #handlers: [NodeJS.Signals, (signal: NodeJS.Signals) => void][];

  constructor(onHangUp: () => Promise<void>) {
    let end: (signal: NodeJS.Signals) => void = () => {};
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    const onEnd = (signal: NodeJS.Signals) => {
      // Whoever asks twice does not want to wait.
      if (this.isEnding) process.exit(1);
      this.isEnding = true;
      end(signal);
    };
    this.#handlers = [
      ["SIGTERM", onEnd],
      ["SIGINT", onEnd],
      ["SIGHUP", () => void onHangUp()],
    ];
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  close(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }
}
