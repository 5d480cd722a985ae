/**
 * A server as a user of Bun writes it: `bun bun_serve.ts PORT`. A program that is measured.
 *
 * @module
 */
import process from "node:process";
import { answer } from "./handler.ts";

/** What is used of Bun: not all that check this file know its types. */
declare const Bun: {
  serve(options: { hostname: string; port: number; fetch(request: Request): Response | Promise<Response> }): object;
};

Bun.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]), fetch: answer });
