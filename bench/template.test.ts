import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fill } from "./template.ts";

describe("a template", () => {
  it("gets its values, each as often as it occurs", () => {
    assert.equal(
      fill("events { }\nlisten {port}; to {port};{end}", { port: 80, end: "" }),
      "events { }\nlisten 80; to 80;",
    );
  });

  it("must not lack a value", () => {
    assert.throws(() => fill("listen {port}", {}), /No value for \{port\}/);
  });

  it("must have a place for each value", () => {
    assert.throws(() => fill("listen", { port: 80 }), /No place for port/);
  });
});
