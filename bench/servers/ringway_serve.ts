/**
 * A server as a user of ringway writes it: `PORT DRIVER`. A program that is measured.
 *
 * @module
 */
import process from "node:process";
import { openSockets } from "../../lib/sockets/sockets.ts";
import { serve } from "../../lib/web/serve.ts";
import { answer } from "./handler.ts";

const [port = "0", driver = "uring"] = process.argv.slice(2);
const sockets = await openSockets({ socketInterface: driver === "default" ? "default" : "uring" });
await serve(answer, { sockets, listen: `127.0.0.1:${port}` });
