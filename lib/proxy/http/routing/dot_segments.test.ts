import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { guard, latin1 } from "../../../http/test_messages.ts";
import { hasDotSegments } from "./dot_segments.ts";

function found(path: string): boolean {
  const bytes = latin1(`.${path}.`);
  return hasDotSegments(guard(bytes, 1, 1 + path.length), 1, 1 + path.length);
}

describe("hasDotSegments()", () => {
  it("finds them in every spelling that a server may understand", () => {
    for (const path of [
      "/.",
      "/..",
      "/./",
      "/../",
      "/a/./b",
      "/a/../b",
      "/a/..",
      "/a/%2e",
      "/a/%2E%2e/b",
      "/a/.%2e",
      "/a/%2e.",
      "/a%2f../b",
      "/a/..%2Fb",
      "/a%2f%2e%2e%2fb",
      "/a\\..\\b",
      "/a%5c..%5Cb",
      "/..;/b",
      "/a/..;x=1/b",
      "/a/.;",
    ]) {
      assert.equal(found(path), true, path);
    }
  });

  it("leaves other dots alone", () => {
    for (const path of [
      "",
      "/",
      "/a.b",
      "/.a",
      "/a.",
      "/..a/",
      "/a../",
      "/...",
      "/.../",
      "/.well-known/x",
      "/a;../b",
      "/%2",
      "/%2e%2e%2e",
      "/%",
      "/.%2",
      "/.%",
      "/%252e%252e/",
      "/a%2fb",
      "/.%3b/",
      "//",
    ]) {
      assert.equal(found(path), false, path);
    }
  });

  it("agrees with the URL class, which knows no encoded slashes", () => {
    const part = fc.constantFrom("/", "/", "\\", ".", ".", "%2e", "%2E", "a", "%41", "%2", "~");
    const path = fc.array(part, { maxLength: 12 }).map((parts) => `/${parts.join("")}`);
    fc.assert(
      fc.property(path, (text) => {
        const isResolved = new URL(`http://a${text}`).pathname !== text.replaceAll("\\", "/");
        assert.equal(found(text), isResolved, text);
      }),
      { numRuns: 3000 },
    );
  });
});
