import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { describe, it } from "node:test";
import { run } from "../../test/runner/process.ts";
import { benchProgram, type Environment } from "../environment.ts";
import { checkHttpRelay, createUpstream } from "../http_relay_check.ts";
import { limitPeers } from "../peers/limit.ts";
import { checkRelay, checkWith } from "../relay_check.ts";

const PROGRAM = benchProgram("limit");
const ENVIRONMENT = {
  missing: new Map(),
  descriptors: { wrapper: [], limit: 1024 },
  placement: { proxy: [] },
} as unknown as Environment;
/** What it says where the kernel lacks something. */
const REFUSAL = /needs Linux|io_uring_setup/;

describe("the limit", { skip: !existsSync(PROGRAM) && `${PROGRAM} is missing: zig build bench-limit` }, () => {
  for (const [protocol, check] of [
    ["tcp", checkRelay],
    ["http", checkHttpRelay],
  ] as const) {
    for (const peer of limitPeers(protocol)) {
      it(`relays ${protocol} as ${peer.name}, or says what the kernel lacks`, async () => {
        const { failure } = await check(ENVIRONMENT, peer);
        if (failure !== null) assert.match(failure, REFUSAL);
      });
    }
  }

  it("relays heads that come in pieces", async () => {
    const [peer] = limitPeers("http");
    assert.ok(peer !== undefined);
    const { failure } = await checkWith(ENVIRONMENT, peer, createUpstream(Buffer.from("all of it")), async (port) => {
      const socket = createConnection({ port, host: "127.0.0.1", noDelay: true });
      for (const piece of ["GET / HT", "TP/1.1\r\nContent-Len", "gth: 0\r\nHost: a\r", "\n\r", "\n"]) {
        socket.write(piece);
        // Else they would be sent together.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      let response = "";
      for await (const bytes of socket) {
        response += bytes;
        if (response.endsWith("all of it")) break;
      }
      const failure = response.endsWith("all of it") ? null : `only: ${response}`;
      return { failure, loss: failure };
    });
    if (failure !== null) assert.match(failure, REFUSAL);
  });

  it("refuses what it does not know, and what does not go together", async () => {
    const refusal = async (...options: readonly string[]): Promise<string> => {
      const { ok, output } = await run([PROGRAM, "1", "2", ...options], { timeoutMs: 10_000 });
      assert.equal(ok, false);
      return output;
    };
    assert.match(await refusal(), /arguments: PORT UPSTREAM_PORT HTTP/);
    assert.match(await refusal("0", "--fast"), /not an option: --fast/);
    assert.match(await refusal("0", "--min-wait=soon"), /not a number of microseconds/);
    assert.match(await refusal("0", "--zero-copy", "--skip-success"), /only one at a time/);
  });
});
