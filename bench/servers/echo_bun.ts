/**
 * An echo server on `Bun.listen`, with its callbacks: `echo_bun.ts PORT`. A program that is measured.
 *
 * @module
 */
import process from "node:process";

/** What is used of Bun: not all that check this file know its types. */
interface BunSocket {
  data: Uint8Array | null;
  write(bytes: Uint8Array): number;
  pause(): void;
  resume(): void;
}
declare const Bun: {
  listen(options: {
    hostname: string;
    port: number;
    socket: {
      open(socket: BunSocket): void;
      data(socket: BunSocket, bytes: Uint8Array): void;
      drain(socket: BunSocket): void;
    };
  }): unknown;
};

Bun.listen({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  socket: {
    open(socket) {
      socket.data = null;
    },
    data(socket, bytes) {
      const written = socket.write(bytes);
      if (written >= bytes.length) return;
      socket.data = bytes.slice(Math.max(written, 0));
      socket.pause();
    },
    drain(socket) {
      if (socket.data === null) return;
      const written = socket.write(socket.data);
      if (written < socket.data.length) {
        socket.data = socket.data.subarray(Math.max(written, 0));
        return;
      }
      socket.data = null;
      socket.resume();
    },
  },
});
