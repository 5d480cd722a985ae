import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  FIELD_CACHE_CONTROL,
  FIELD_COUNT,
  FIELD_HOST,
  FIELD_OTHER,
  FIELD_X_FORWARDED_FOR,
  fieldName,
  KNOWN_NAME_BYTES_MAX,
  knownField,
} from "./known_fields.ts";
import { latin1 } from "./test_messages.ts";

function find(name: string): number {
  return knownField(latin1(`x${name}x`), 1, 1 + name.length);
}

describe("knownField()", () => {
  it("finds every name, in any case", () => {
    for (let field = 1; field < FIELD_COUNT; field++) {
      assert.equal(find(fieldName(field)), field);
      assert.equal(find(fieldName(field).toUpperCase()), field);
    }
    assert.equal(find("hOsT"), FIELD_HOST);
    assert.equal(find("X-Forwarded-For"), FIELD_X_FORWARDED_FOR);
    assert.equal(find("Cache-Control"), FIELD_CACHE_CONTROL, "the last one");
    assert.equal(fieldName(FIELD_OTHER), "");
  });

  it("finds nothing else", () => {
    for (const name of [
      "",
      "x",
      "hosts",
      "hos",
      "content_length",
      "content-lengti",
      "a".repeat(KNOWN_NAME_BYTES_MAX),
    ]) {
      assert.equal(find(name), FIELD_OTHER, name);
    }
    assert.equal(find("a".repeat(1000)), FIELD_OTHER);
    // Bytes that differ in the bit of small letters only.
    assert.equal(find("content\x0dlength"), FIELD_OTHER);
    assert.equal(find("\x08ost"), FIELD_OTHER);
  });
});
