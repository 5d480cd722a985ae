/**
 * A server as a user of Deno writes it: `deno run --allow-net deno_serve.ts PORT`. A program that is measured.
 *
 * @module
 */
import process from "node:process";
import { answer } from "./handler.ts";

/** What is used of Deno: not all that check this file know its types. */
declare const Deno: {
  serve(
    options: { hostname: string; port: number },
    handler: (request: Request) => Response | Promise<Response>,
  ): object;
};

Deno.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]) }, answer);
