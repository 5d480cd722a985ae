/**
 * What no kernel can be made to do when a test wants it, done by the shim's stand-in: requests refused,
 * descriptors and memory used up, a kernel that takes nothing for a while.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as abi from "../../../ffi/abi.ts";
import { type Library, loadLibrary } from "../../../ffi/library.ts";
import { runtime } from "../../../ffi/runtime.ts";
import { ByteStream } from "../conformance/bytes.ts";
import { TEST_TIMEOUT_MS } from "../conformance/harness.ts";
import { INDIFFERENT, type Side } from "../conformance/scene.ts";
import { inScene, uringTest } from "./test_harness.ts";

const library = await loadLibrary();
const real = library.functions;

/** The commands that are about to run, for a stand-in of `enter` to look at and to change. */
function commandWords({ functions }: Library, handle: number): Int32Array {
  const bytes = functions.ringway_ring_bytes(handle, abi.AREA_COMMANDS);
  return new Int32Array(runtime.map(functions.ringway_ring_address(handle, abi.AREA_COMMANDS), bytes));
}

/** Change commands of an operation before they run. */
function altering(operation: number, alter: (words: Int32Array, at: number) => void): Partial<abi.Functions> {
  return {
    ringway_enter: (handle, count, minimum, timeoutUs) => {
      const words = commandWords(library, handle);
      const end = abi.HEADER_WORDS + count * abi.COMMAND_WORDS;
      for (let at = abi.HEADER_WORDS; at < end; ) {
        if (((words[at] as number) & 0xff) === operation) alter(words, at);
        at += (1 + (words[at + abi.COMMAND_CONTINUATION] as number)) * abi.COMMAND_WORDS;
      }
      return real.ringway_enter(handle, count, minimum, timeoutUs);
    },
  };
}

const NO_SUCH_GROUP = 77;
const TEST = { timeout: TEST_TIMEOUT_MS };

test("a kernel that refuses multishot receives is asked for single ones, on every connection", TEST, () => {
  // The shim answers EINVAL for a group that does not exist, as a kernel does for a flag it does not know.
  const functions = altering(abi.OPERATION_RECEIVE_MULTISHOT, (words, at) => {
    words[at + abi.COMMAND_A] = NO_SUCH_GROUP;
  });
  return inScene({ functions }, async (scene, harness) => {
    const acceptor = await scene.listen("ipv4", { data: (connection, lease) => connection.write(lease) });
    const clients = Array.from({ length: 10 }, () => scene.connect(acceptor.listener));
    for (const [index, { connection }] of clients.entries()) connection.writeBytes(new ByteStream(index).take(5000));
    await scene.until(() => clients.every(({ recorder }) => recorder.byteCount === 5000), "all echoes");
    for (const [index, { recorder }] of clients.entries()) new ByteStream(index).check(recorder.bytes());
    assert.equal(harness.driver.hasMultishotReceive, false);
    assert.equal(harness.notices.length, 1);
    assert.match(harness.notices[0] ?? "", /multishot receives \(EINVAL\)/);
  });
});

test("a receive that fails ends its connection with the error, and no other", TEST, () => {
  let refuses = false;
  const functions = altering(abi.OPERATION_RECEIVE, (words, at) => {
    if (refuses) words[at + abi.COMMAND_A] = NO_SUCH_GROUP;
  });
  return inScene({ functions, ring: { disabledFeatures: abi.FEATURE_MULTISHOT_RECEIVE } }, async (scene) => {
    const healthy = await scene.pair();
    const { client, server } = await scene.pair();
    refuses = true;
    client.connection.writeBytes(Uint8Array.of(1));
    await scene.untilClosed(server);
    assert.equal(server.recorder.errno, abi.EINVAL);
    refuses = false;
    await scene.until(() => client.recorder.has("end"), "the end at the peer");
    healthy.client.connection.writeBytes(Uint8Array.of(1));
    await scene.until(() => healthy.server.recorder.byteCount === 1, "the other connection's byte");
  });
});

for (const errno of [abi.EMFILE, abi.ENFILE, abi.ENOMEM]) {
  const functions = { ringway_socket_open: () => -errno };
  uringTest(
    `connecting without a descriptor is reported by the handler, errno ${errno}`,
    { functions },
    async (scene) => {
      const { listener } = await scene.listen();
      const client = scene.connect(listener);
      client.connection.writeBytes(Uint8Array.of(1));
      assert.equal(client.connection.isClosed, true);
      assert.equal(client.connection.localAddress(), null);
      await scene.untilClosed(client);
      assert.deepEqual(client.recorder.events, ["close"]);
      assert.equal(client.recorder.errno, errno);
    },
  );
}

test("a listener whose accepts fail says so once per attempt, and its handler may throw", TEST, () => {
  let failures = 2;
  const functions = altering(abi.OPERATION_ACCEPT, (words, at) => {
    if (failures > 0) words[at + abi.COMMAND_DESCRIPTOR] = -1;
  });
  const options = { functions, acceptSize: 5, ring: { disabledFeatures: abi.FEATURE_MULTISHOT_ACCEPT } };
  return inScene(options, async (scene) => {
    scene.expectHandlerErrors();
    const errors: number[] = [];
    let accepted = 0;
    // The first listener and the first connection have the same number inside.
    const failing = scene.driver.listen(scene.harness.listenAddress(), {
      onAccept: () => {
        accepted++;
        return INDIFFERENT;
      },
      onAcceptError: (_listener, errno) => {
        errors.push(errno);
        failures--;
        throw new Error("thrown by a listener's handler");
      },
    });
    const { address } = await failing;
    const client = scene.connect({ address });
    await scene.until(() => accepted === 1, "the connection after the failures");
    assert.deepEqual(errors, [abi.EBADF, abi.EBADF]);
    assert.equal(scene.harness.handlerErrors.length, 2);
    assert.deepEqual(client.recorder.events, ["connect"]);
  });
});

test("a kernel that takes nothing for a while loses nothing and reorders nothing", TEST, () => {
  let refusals = 0;
  let calls = 0;
  const functions: Partial<abi.Functions> = {
    ringway_submit: (handle, count) => (refusals > 0 ? count : real.ringway_submit(handle, count)),
    ringway_enter: (handle, count, minimum, timeoutUs) => {
      // Two of three turns.
      if (calls++ % 3 !== 0) {
        refusals++;
        commandWords(library, handle)[abi.HEADER_LEFTOVER] = count;
        return 0;
      }
      refusals = 0;
      return real.ringway_enter(handle, count, minimum, timeoutUs);
    },
  };
  return inScene({ functions, ring: { commandCapacity: 16 } }, async (scene) => {
    const acceptor = await scene.listen("ipv4", {
      data: (connection, lease) => connection.write(lease),
      end: (connection) => connection.shutdownWrite(),
    });
    const clients = Array.from({ length: 40 }, () => scene.connect(acceptor.listener));
    for (const [index, { connection }] of clients.entries()) {
      connection.writeBytes(new ByteStream(index).take(30_000));
      connection.pauseReading();
      connection.shutdownWrite();
    }
    await scene.quiet();
    for (const { connection } of clients) connection.resumeReading();
    await scene.untilClosed(...clients);
    for (const [index, { recorder }] of clients.entries()) {
      new ByteStream(index).check(recorder.bytes());
      assert.equal(recorder.byteCount, 30_000);
    }
  });
});

test("bytes that arrive between resuming and the hand-over of held ones come after those", TEST, () => {
  // The kernel may well complete one connection's receives with another's in between, but not to order.
  const functions: Partial<abi.Functions> = {
    ringway_enter: (...parameters) => {
      const count = real.ringway_enter(...parameters);
      moveSecondReceiveToTheEnd(parameters[0], count);
      return count;
    },
  };
  return inScene({ functions, ring: { smallBuffers: { count: 64, bytes: 100 } } }, (scene) =>
    inScene({}, async (peer, { driver: peerDriver }) => {
      const acceptor = await scene.listen();
      const clients = [peer.connect(acceptor.listener), peer.connect(acceptor.listener)] as const;
      await scene.until(() => {
        peerDriver.turn(0);
        return acceptor.accepted.length === 2;
      }, "two connections");
      const [one, two] = acceptor.accepted as [Side, Side];
      two.recorder.reactions = {
        data: (_connection, lease) => {
          lease.release();
          one.connection.resumeReading();
        },
      };
      one.connection.pauseReading();
      clients[0].connection.writeBytes(new ByteStream(1).take(200));
      clients[1].connection.writeBytes(Uint8Array.of(1));
      for (let turn = 0; turn < 3; turn++) peerDriver.turn(0);
      await scene.until(() => one.recorder.byteCount === 200, "both pieces");
      new ByteStream(1).check(one.recorder.bytes());
    }),
  );
});

test("a reset whose error a send took with it is no end", TEST, () => {
  // What is seen first, the end or that the next send fails, is not to be had to order.
  let swapped = 0;
  const functions: Partial<abi.Functions> = {
    ringway_enter: (...parameters) => {
      const count = real.ringway_enter(...parameters);
      if (letEndComeFirst(parameters[0], count)) swapped++;
      return count;
    },
  };
  // Large sends: the last one is with the kernel in part when the reset comes. No buffers get scarce.
  const ring = { writeBuffers: { count: 4, bytes: 1 << 20 }, smallBuffers: { count: 1024, bytes: 4096 } };
  return inScene({ functions, ring }, async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.writeBytes(new Uint8Array(48 << 20));
    await scene.quiet();
    server.connection.reset();
    await scene.untilClosed(client, server);
    assert.equal(swapped, 1);
    assert.deepEqual(client.recorder.events, ["connect", "close"]);
    assert.equal(client.recorder.errno, abi.EPIPE);
  });
});

/** Of completions `send: EPIPE` and `receive: the end` of one connection, make `receive: the end` and `send: EPIPE`. */
function letEndComeFirst(handle: number, count: number): boolean {
  const words = abi.COMPLETION_WORDS;
  const completions = completionWords(handle);
  const find = (operations: readonly number[], result: number): number => {
    for (let at = 0; at < count * words; at += words) {
      const operation = (completions[at + abi.COMPLETION_GENERATION_OPERATION] as number) & 0xff;
      if (operations.includes(operation) && completions[at + abi.COMPLETION_RESULT] === result) return at;
    }
    return -1;
  };
  const sent = find([abi.OPERATION_SEND], -abi.EPIPE);
  const received = find([abi.OPERATION_RECEIVE, abi.OPERATION_RECEIVE_MULTISHOT], 0);
  if (sent < 0 || received < sent || completions[received] !== completions[sent]) return false;
  const send = completions.slice(sent, sent + words);
  completions.copyWithin(sent, received, received + words);
  completions.set(send, received);
  return true;
}

function completionWords(handle: number): Int32Array {
  const bytes = real.ringway_ring_bytes(handle, abi.AREA_COMPLETIONS);
  return new Int32Array(runtime.map(real.ringway_ring_address(handle, abi.AREA_COMPLETIONS), bytes));
}

/** Of completions `a a b`, make `a b a`. */
function moveSecondReceiveToTheEnd(handle: number, count: number): void {
  const words = abi.COMPLETION_WORDS;
  const completions = completionWords(handle);
  const receives: number[] = [];
  for (let at = 0; at < count * words; at += words) {
    const operation = (completions[at + abi.COMPLETION_GENERATION_OPERATION] as number) & 0xff;
    if (operation === abi.OPERATION_RECEIVE_MULTISHOT) receives.push(at);
  }
  const [first, second, third] = receives;
  if (first === undefined || second === undefined || third === undefined) return;
  if (completions[first] !== completions[second] || completions[second] === completions[third]) return;
  const moved = completions.slice(second, second + words);
  completions.copyWithin(second, third, third + words);
  completions.set(moved, third);
}

test("a ring that fails to enter says so instead of going on", TEST, () => {
  let fails = false;
  const functions: Partial<abi.Functions> = {
    ringway_enter: (...parameters) => (fails ? -abi.EFAULT : real.ringway_enter(...parameters)),
  };
  return inScene({ functions }, async (_scene, { driver }) => {
    driver.turn(0);
    fails = true;
    assert.throws(() => driver.turn(0), { code: "ERR_RING_ENTER" });
    fails = false;
    driver.turn(0);
  });
});

test("a polled connection goes on being watched when the kernel ends its poll", TEST, () => {
  let polls = 0;
  const functions = altering(abi.OPERATION_POLL, (words, at) => {
    // Once instead of until cancelled: as if the kernel had no room for another completion.
    if (polls++ < 3) words[at + abi.COMMAND_B] = 0;
  });
  return inScene({ functions }, async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("remote close"), "the remote close");
    client.connection.reset();
    await scene.untilClosed(server);
    assert.deepEqual(server.recorder.events, ["remote close", "close"]);
  });
});
