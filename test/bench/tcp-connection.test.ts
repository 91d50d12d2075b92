import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { FramedQueries, TcpConnection } from "../../bench/generator/tcp-connection.ts";
import { queriesOf, workloadOf } from "../../bench/workloads.ts";

const workload = workloadOf("static");
const queries = new FramedQueries(queriesOf(workload));

test("framed() gives queries with their lengths, numbered by their IDs", () => {
  const framed = queries.framed(2, 4);
  const length = framed.readUInt16BE(0);
  expect([framed.length, framed.readUInt16BE(2), framed.readUInt16BE(2 + length + 2)]).toEqual([
    2 * (2 + length),
    2,
    3,
  ]);
});

/** Answers every query as `reply` says, cut into pieces of 7 octets. */
async function serve(reply: (query: Buffer) => void): Promise<{ port: number; close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.push(socket);
    let pending = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (segment) => {
      pending = Buffer.concat([pending, segment as Buffer]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const message = Buffer.from(pending.subarray(0, end));
        reply(message.subarray(2));
        for (let at = 0; at < end; at += 7) socket.write(message.subarray(at, Math.min(end, at + 7)));
        pending = pending.subarray(end);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Counts until `enough` were answered. */
async function count(reply: (query: Buffer) => void, enough: number) {
  const server = await serve(reply);
  try {
    return await new Promise<{ answered: number; checked: number; wrong: number }>((resolve, reject) => {
      const counts = {
        checked: 0,
        wrong: 0,
        left: 0,
        get answered() {
          return this.left;
        },
        set answered(value: number) {
          this.left = value;
          if (value === enough) {
            connection.stop();
            resolve({ ...counts });
          }
        },
      };
      const { port } = server;
      const connection = new TcpConnection({
        port,
        queries,
        workload,
        inFlight: 3,
        counts,
        onEnd: (why) => reject(new Error(why)),
      });
    });
  } finally {
    server.close();
  }
}

test("TcpConnection asks on as replies come, over the end of its queries", async () => {
  const enough = 2 * queries.count;
  const counts = await count((query) => {
    query[2] = 0x84;
    query[7] = 1;
  }, enough);
  expect(counts).toMatchObject({ answered: enough, wrong: 0 });
  expect(counts.checked).toBeGreaterThan(0);
});

test("TcpConnection counts replies that are not what the workload expects", async () => {
  const counts = await count(() => {}, 64); // queries sent back: QR is clear
  expect(counts.checked).toBeGreaterThan(0);
  expect(counts.wrong).toBe(counts.checked);
});
