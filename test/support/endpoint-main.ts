/**
 * An endpoint that is well: answers each HTTP request with 200, until it is killed.
 *
 *   node endpoint-main.ts ADDRESS PORT      says `listening` when it does
 *
 * @module
 */
import { createServer } from "node:net";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

const [, , address, port] = process.argv;
const server = createServer((socket) => {
  socket.on("error", () => {}); // whoever checks may end with a reset
  socket.once("data", () => socket.end(OK));
});
server.listen(Number(port), address, () => console.log("listening"));
