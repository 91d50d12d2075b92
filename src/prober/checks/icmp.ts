/**
 * Checks of type icmp: one echo request, and its reply. Over a ping socket where the system allows it to this prober's group,
 * over a raw socket where that is permitted; where neither is, the failure says what would have to be allowed.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import type { MonitorDocument } from "../../documents/configuration.ts";
import { parseAddress } from "../../lib/address.ts";
import { type Attempt, runAttempt } from "./attempt.ts";
import type { Check, CheckOptions, CheckResult, CheckTarget } from "./check.ts";
import { type IcmpSocket, openIcmpSocket } from "./icmp-libc.ts";
import { decodeEcho, encodeEcho, TOKEN_OCTETS } from "./icmp-packet.ts";
import { rawPings } from "./raw-pings.ts";
import { sayError } from "./words.ts";

/** Ping sockets have no ports, and node:dgram wants one. */
const ANY_PORT = 1;

export class IcmpCheck implements Check {
  readonly #limits: Pick<MonitorDocument, "timeoutMs" | "slowMs">;

  constructor(limits: Pick<MonitorDocument, "timeoutMs" | "slowMs">) {
    this.#limits = limits;
  }

  run(target: CheckTarget, options: CheckOptions): Promise<CheckResult> {
    return runAttempt(this.#limits, options, (attempt) => {
      attempt.phase = "echo reply";
      const socket = openIcmpSocket(target.family, "ping");
      if (attempt.detail !== null) attempt.detail.socket = typeof socket === "string" ? "raw" : "ping";
      if (typeof socket === "string") pingRaw(attempt, target);
      else ping(attempt, target, socket);
    });
  }
}

/** The kernel gives each ping socket an identifier of its own, and us the replies to it; connected, also the errors. */
function ping(attempt: Attempt, target: CheckTarget, { fd, libc }: IcmpSocket): void {
  const token = randomBytes(TOKEN_OCTETS);
  const socket = createSocket(target.family === 6 ? "udp6" : "udp4");
  attempt.onEnd(() => socket.close());
  socket.on("error", (error) => attempt.fail(sayError(error)));
  socket.on("message", (packet) => {
    const news = decodeEcho(target.family, packet);
    if (news?.failure !== "" || news.token?.equals(token) !== true) return;
    attempt.replied("echo reply");
    attempt.succeed();
  });
  try {
    socket.bind({ fd });
  } catch (error) {
    libc.close(fd); // it is the socket's to close only once bound
    throw error;
  }
  // Its types leave out the error, which comes where there is no route.
  socket.connect(ANY_PORT, target.address, (error?: Error) => {
    if (error) attempt.fail(sayError(error));
    if (attempt.isOver) return;
    attempt.next("echo reply");
    socket.send(encodeEcho(target.family, 0, 1, token), (error) => {
      if (error) attempt.fail(sayError(error));
    });
  });
}

function pingRaw(attempt: Attempt, target: CheckTarget): void {
  const address = parseAddress(target.address)!;
  const stop = rawPings[target.family].send(address, randomBytes(TOKEN_OCTETS), (failure) => {
    attempt.replied("echo reply");
    if (failure === "") attempt.succeed();
    else attempt.fail(failure);
  });
  if (typeof stop === "string") attempt.fail(stop);
  else attempt.onEnd(stop);
}
