/**
 * Uses a default driver in a process of its own, and prints what happens as lines of JSON.
 *
 * - `listen HOST PORT`: how listening ends.
 * - `connect HOST PORT`: how connecting ends.
 * - `serve`: echoes on a port of its own, and tells of accepted connections and failures to accept.
 *
 * @module
 */
import process from "node:process";
import { RingwayError } from "../../ffi/errors.ts";
import { ipAddress } from "../../lib/net/address.ts";
import type { ConnectionHandler, ListenerHandler } from "../../lib/net/connection.ts";
import { DefaultDriver } from "../../lib/net/default/driver.ts";

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const driver = new DefaultDriver({
  connection: { writeHighWatermarkBytes: 65536, writeLowWatermarkBytes: 16384, writeTimeoutMs: 1000 },
  reporter: { onHandlerError: (error) => print({ handlerError: String(error) }), onNotice() {} },
});

const ECHO: ConnectionHandler = {
  onConnect: () => print({ connected: true }),
  onData: (connection, lease) => void connection.write(lease),
  onEnd: (connection) => connection.shutdownWrite(),
  onDrain() {},
  onClose: (_connection, errno) => print({ closed: errno }),
};

/** How much of a CPU the process used since it was last asked. */
class CpuMeter {
  #usage = process.cpuUsage();
  #startMs = performance.now();

  share(): number {
    const { user, system } = process.cpuUsage(this.#usage);
    const share = (user + system) / 1000 / (performance.now() - this.#startMs);
    this.#usage = process.cpuUsage();
    this.#startMs = performance.now();
    return share;
  }
}

const meter = new CpuMeter();
let errors = 0;

const SERVER: ListenerHandler = {
  onAccept() {
    print({ accepted: driver.connectionCount });
    return ECHO;
  },
  // From the first failure to the second one nothing else happens.
  onAcceptError(_listener, errno) {
    errors++;
    const cpuShare = meter.share();
    print({ acceptError: errno, ...(errors > 1 ? { cpuShare } : {}) });
  },
};

// Deno 2.9 sets up its handling of signals late, and panics if there is no descriptor for it then.
process.on("SIGTERM", () => process.exit());

const [command, host = "127.0.0.1", port = "0"] = process.argv.slice(2);
const address = ipAddress(host, Number(port));
try {
  if (command === "connect") driver.connect(address, ECHO);
  else print({ listening: (await driver.listen(address, SERVER)).address });
  if (command === "listen") await driver.close();
} catch (error) {
  if (!(error instanceof RingwayError)) throw error;
  print({ code: error.code, message: error.message });
}
