/** `serve` and `HttpClient` in threads that own a ring each. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RingwayError } from "../ffi/errors.ts";
import { formatAddress } from "../lib/net/address.ts";
import { startThreads } from "../lib/threads/mod.ts";
import { DRIVERS } from "./support/web_scene.ts";

const MODULE = new URL("../lib/web/test_serve_thread.ts", import.meta.url);

for (const socketInterface of DRIVERS) {
  describe(`servers in threads on the ${socketInterface} driver`, () => {
    it("share an address, and wait for what the runtime does", async () => {
      const problems: RingwayError[] = [];
      const threads = await startThreads(MODULE, {
        count: 2,
        listen: "127.0.0.1:0",
        socketInterface,
        onProblem: (problem) => void problems.push(problem),
      });
      try {
        const [address] = threads.addresses;
        assert.ok(address !== undefined);
        const origin = `http://${formatAddress(address)}`;
        const text = async (path: string, init: RequestInit = {}): Promise<string> => {
          const response = await fetch(`${origin}${path}`, { ...init, headers: { connection: "close" } });
          assert.equal(response.status, 200);
          return await response.text();
        };
        const seen = new Set(await Promise.all(Array.from({ length: 60 }, () => text("/"))));
        // Without io_uring, Deno can't share a port between threads.
        assert.ok([...seen].every((by) => by === "thread 0" || by === "thread 1"));
        if (socketInterface === "uring") assert.equal(seen.size, 2);
        const later = await Promise.all(Array.from({ length: 40 }, () => text("/later")));
        assert.ok(later.every((by) => /^later [01]$/.test(by)));
        assert.equal(await text("/stream"), "0 1 2 3 4 5 6 7 8 9 ");
        const body = "x".repeat(1_000_000);
        assert.equal(await text("/echo", { method: "POST", body }), body);
        assert.match(await text(`/fetch?url=${encodeURIComponent(`${origin}/later`)}`), /^later [01]$/);
      } finally {
        await threads.stop();
      }
      assert.deepEqual(problems, []);
    });
  });
}
