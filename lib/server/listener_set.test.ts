import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { describe, it } from "node:test";
import { type Library, loadLibrary } from "../../ffi/library.ts";
import { formatAddress, ipAddress, type SocketAddress } from "../net/address.ts";
import { type ListenAddress, type ListenerPlan, ListenerSet } from "./listener_set.ts";

const ANY_PORT = ipAddress("127.0.0.1", 0);

function on(address: SocketAddress, reusePort = false): ListenAddress {
  return { address, owner: 0, reusePort };
}

function descriptorsOf(plan: ListenerPlan): (number | undefined)[] {
  return plan.perWorker.map(([listener]) => listener?.descriptor);
}

/** Does anybody listen there? */
function answers(address: SocketAddress | undefined): Promise<boolean> {
  assert.ok(address);
  const socket = address.family === "unix" ? connectSocket(address.path) : connectSocket(address.port, address.host);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).then((answer) => {
    socket.destroy();
    return answer as boolean;
  });
}

async function withSet(use: (set: ListenerSet, library: Library) => Promise<void>): Promise<void> {
  const library = await loadLibrary();
  const set = new ListenerSet(library);
  try {
    await use(set, library);
  } finally {
    set.close();
  }
}

describe("the listeners of a proxy", () => {
  it("stay open where the next configuration has them too, with their port", () =>
    withSet(async (set) => {
      const before = await set.plan([on(ANY_PORT), on(ANY_PORT)], 2, 16);
      set.commit(before);
      const [first, second] = before.addresses;
      assert.ok(first && second);
      const after = await set.plan([on(ANY_PORT)], 3, 16);
      assert.deepEqual(after.addresses, [first]);
      assert.deepEqual(descriptorsOf(after).slice(0, 2), descriptorsOf(before));
      assert.deepEqual(set.addresses, [first, second], "nothing has changed yet");
      assert.equal(await answers(second), true);
      set.commit(after);
      assert.deepEqual(set.addresses, [first]);
      assert.deepEqual([await answers(first), await answers(second)], [true, false]);
      // The port that the kernel chose may be written down by now.
      const written = await set.plan([on(first)], 1, 16);
      assert.deepEqual(descriptorsOf(written), descriptorsOf(before).slice(0, 1));
      set.commit(written);
      assert.equal(await answers(first), true);
      set.close();
      assert.equal(await answers(first), false);
    }));

  it("are as before when the next configuration does not come about", () =>
    withSet(async (set) => {
      set.commit(await set.plan([on(ANY_PORT)], 1, 16));
      const [address] = set.addresses;
      const other = await set.plan([on(ANY_PORT), on(ANY_PORT)], 2, 16);
      set.discard(other);
      assert.deepEqual([await answers(address), await answers(other.addresses[1])], [true, false]);
      const taken = ipAddress("192.0.2.1", 80);
      await assert.rejects(set.plan([on(ANY_PORT), on(taken)], 2, 16), { code: "EADDRNOTAVAIL" });
      assert.deepEqual(set.addresses, [address]);
      assert.equal(await answers(address), true);
    }));

  it("are shared with another process only if both want that", () =>
    withSet(async (set, library) => {
      set.commit(await set.plan([on(ANY_PORT)], 1, 16));
      const [address] = set.addresses;
      assert.ok(address);
      const other = new ListenerSet(library);
      await assert.rejects(other.plan([on(address)], 1, 16), { code: "EADDRINUSE" });
      assert.deepEqual([set.isShared, set.holdBack(null)], [false, false]);
      const shared = await other.plan([on(address, true)], 1, 16);
      other.commit(shared);
      assert.deepEqual(other.addresses.map(formatAddress), [formatAddress(address)]);
      assert.deepEqual([other.isShared, other.holdBack(null)], [true, true]);
      other.close();
    }));

  it("on a unix socket are one, and its file is gone with it", () =>
    withSet(async (set) => {
      const address = { family: "unix", path: `/tmp/ringway-test-${randomUUID()}.sock` } as const;
      const before = await set.plan([on(address)], 2, 16);
      set.commit(before);
      const [descriptor] = descriptorsOf(before);
      assert.deepEqual(descriptorsOf(before), [descriptor, descriptor]);
      const after = await set.plan([on(address), on(ANY_PORT)], 1, 16);
      set.commit(after);
      assert.deepEqual(descriptorsOf(after), [descriptor]);
      assert.equal(await answers(address), true);
      set.close();
      assert.equal(existsSync(address.path), false);
    }));

  it("are opened by the workers themselves without a library", async () => {
    const set = new ListenerSet(null);
    const unix = { family: "unix", path: `/tmp/ringway-test-${randomUUID()}.sock` } as const;
    const plan = await set.plan([on(ANY_PORT), on(unix)], 2, 16);
    assert.deepEqual(
      plan.perWorker.map((listeners) => listeners.map(({ reusePort }) => reusePort)),
      [[true, false], [true]],
    );
    assert.equal(set.isExclusive(plan), false);
    set.commit(plan);
    const next = await set.plan([on(unix), on(ANY_PORT)], 1, 16);
    assert.deepEqual(next.addresses, [unix, plan.addresses[0]]);
    assert.equal(set.isExclusive(next), true);
    assert.equal(set.holdBack(null), false);
  });
});
