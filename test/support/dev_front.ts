/**
 * The dev proxy in front of a port of this machine, as a program of its own: `DRIVER PORT`. It says where it listens as
 * the command does.
 *
 * @module
 */
import process from "node:process";
import { createDevProxy, formatAddress, type RequestedInterface } from "../../mod.ts";

const [driver = "", port = ""] = process.argv.slice(2);
const options = { target: `http://127.0.0.1:${port}`, ws: true, xfwd: true, logger: console };
const proxy = createDevProxy(options, { socketInterface: driver as RequestedInterface });
process.stdout.write(`ready: ${formatAddress(await proxy.listen(0))} -> ${options.target}\n`);
