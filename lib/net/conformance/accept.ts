/**
 * Listeners: accepting, pausing, closing.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Define } from "./suite.ts";

export function acceptCases(define: Define): void {
  define("listens on a port that the kernel chose", async (scene) => {
    const { listener } = await scene.listen();
    assert.equal(listener.address.family, "ipv4");
    assert.ok(listener.address.family === "ipv4" && listener.address.port > 0);
  });
}
