/**
 * One query over UDP, outside of any measurement.
 *
 * @module
 */
import { createSocket } from "node:dgram";

const TIMEOUT_MS = 200;

/** The reply, or undefined when none comes in 200 ms. */
export async function ask(port: number, query: Uint8Array): Promise<Uint8Array | undefined> {
  const socket = createSocket("udp4");
  try {
    return await new Promise((resolve) => {
      socket.on("error", () => resolve(undefined));
      socket.on("message", resolve);
      setTimeout(() => resolve(undefined), TIMEOUT_MS);
      socket.connect(port, "127.0.0.1", () => socket.send(query));
    });
  } finally {
    socket.close();
  }
}
