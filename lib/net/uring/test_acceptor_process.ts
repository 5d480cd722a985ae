/**
 * A process of its own for the tests of descriptors that run out: it accepts connections, says so line by
 * line, and does as it is told by lines.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { errnoName } from "../../ring/errors.ts";
import { INDIFFERENT } from "../conformance/scene.ts";
import { runParked } from "./parked_loop.ts";
import { openUringHarness } from "./test_harness.ts";

const { driver, listenAddress, close } = await openUringHarness({
  acceptSize: Number(process.argv[2]),
  ring: { disabledFeatures: Number(process.argv[3]) },
});
let isStopped = false;
let accepted = 0;
let turns = 0;

function say(...words: (string | number)[]): void {
  process.stdout.write(`${words.join(" ")}\n`);
}

const listener = await driver.listen(listenAddress(), {
  onAccept() {
    say("accepted", ++accepted);
    return { ...INDIFFERENT, onEnd: (connection) => connection.close() };
  },
  onAcceptError: (_listener, errno) => say("error", errnoName(errno)),
});
say("listening", listener.address.family === "unix" ? "" : listener.address.port);

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "stop") isStopped = true;
  if (line === "turns") say("turns", turns);
});
await runParked(driver, {
  isStopped: () => {
    turns++;
    return isStopped;
  },
  isMessageOnItsWay: () => false,
});
await close();
say("closed");
process.exit(0);
