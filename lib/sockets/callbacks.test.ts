/** The fast form of sockets: handlers and leases, on each driver. */
import assert from "node:assert/strict";
import type { Connection, ConnectionHandler } from "../net/connection.ts";
import type { Lease } from "../ring/lease.ts";
import { Timer } from "../ring/timer_wheel.ts";
import { onEachDriver, until } from "./test_drivers.ts";

/** Sends back what arrives. */
class Echo implements ConnectionHandler {
  onConnect(): void {}
  onData(connection: Connection, lease: Lease): void {
    if (!connection.write(lease)) connection.pauseReading();
  }
  onDrain(connection: Connection): void {
    connection.resumeReading();
  }
  onEnd(connection: Connection): void {
    connection.shutdownWrite();
  }
  onClose(): void {}
}

/** Sends a text, and keeps what comes back. */
class Client implements ConnectionHandler {
  received = "";
  errno: number | null = null;
  onConnect(connection: Connection): void {
    connection.writeBytes(new TextEncoder().encode("hello"));
    connection.shutdownWrite();
  }
  onData(_connection: Connection, lease: Lease): void {
    this.received += new TextDecoder().decode(lease.bytes());
    lease.release();
  }
  onDrain(): void {}
  onEnd(): void {}
  onClose(_connection: Connection, errno: number): void {
    this.errno = errno;
  }
}

onEachDriver("sockets with handlers", (it) => {
  it("echo without a promise", async ({ sockets }) => {
    const listener = await sockets.listenWith("127.0.0.1:0", { onAccept: () => new Echo() });
    const client = new Client();
    sockets.connectWith(listener.address, client);
    await until(() => client.errno !== null);
    assert.equal(client.errno, 0);
    assert.equal(client.received, "hello");
  });

  it("have timers beside the runtime's own", async ({ sockets }) => {
    const order: string[] = [];
    const { driver } = sockets;
    driver.startTimer(new Timer(() => order.push("driver")), 20);
    setTimeout(() => order.push("runtime"), 1);
    await until(() => order.length === 2);
    assert.deepEqual(order, ["runtime", "driver"]);
  });

  it("report what a handler throws, and reset only its connection", async ({ sockets, problems }) => {
    class Faulty extends Echo {
      override onData(_connection: Connection, lease: Lease): void {
        lease.release();
        throw new Error("a mistake");
      }
    }
    let isFaulty = true;
    const listener = await sockets.listenWith("127.0.0.1:0", {
      onAccept: () => (isFaulty ? new Faulty() : new Echo()),
    });
    const first = new Client();
    sockets.connectWith(listener.address, first);
    await until(() => first.errno !== null);
    assert.equal(first.received, "");
    isFaulty = false;
    const second = new Client();
    sockets.connectWith(listener.address, second);
    await until(() => second.errno !== null);
    assert.equal(second.received, "hello");
    const [problem] = problems.splice(0);
    assert.equal(problem?.code, "ERR_SOCKET_HANDLER");
    assert.match(problem?.message ?? "", /a mistake/);
  });

  it("need an IP address to connect", async ({ sockets }) => {
    const wrong = { code: "ERR_SOCKET_ARGUMENT", message: /names are not resolved here/ };
    assert.throws(() => sockets.connectWith("example.com:80", new Client()), wrong);
  });
});
