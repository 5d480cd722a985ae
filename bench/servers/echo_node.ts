/**
 * An echo server on `node:net`: `echo_node.ts PORT`. A program that is measured.
 *
 * @module
 */
import { createServer } from "node:net";
import process from "node:process";

createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
}).listen(Number(process.argv[2]), "127.0.0.1");
