import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { it } from "node:test";
import { unusedPort } from "./ports.ts";

it("unused ports differ, can be listened on, and leave out those in use", async () => {
  const first = await unusedPort();
  const server = createServer();
  server.listen(first + 1, "127.0.0.1");
  await once(server, "listening");
  const second = await unusedPort();
  assert.ok(second !== first && second !== first + 1, `${first} ${second}`);
  server.close();
  await once(server, "close");
});
