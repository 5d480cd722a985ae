/**
 * An echo server on `Deno.listen`, with its streams: `echo_deno.ts PORT`. A program that is measured.
 *
 * @module
 */
import process from "node:process";

/** What is used of Deno: not all that check this file know its types. */
interface DenoConnection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  setNoDelay(isOn: boolean): void;
}
declare const Deno: {
  listen(options: { hostname: string; port: number }): AsyncIterable<DenoConnection>;
};

for await (const connection of Deno.listen({ hostname: "127.0.0.1", port: Number(process.argv[2]) })) {
  connection.setNoDelay(true);
  connection.readable.pipeTo(connection.writable).catch(() => {});
}
