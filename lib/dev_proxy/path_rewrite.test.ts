import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DevProxyRequest } from "./options.ts";
import { joinPaths, pathRewriteOf } from "./path_rewrite.ts";

const REQUEST: DevProxyRequest = {
  method: "GET",
  url: "/",
  headers: {},
  httpVersion: "1.1",
  socket: { remoteAddress: "" },
};

describe("a path rewrite", () => {
  it("takes the first rule that matches, and no other", () => {
    const rewrite = pathRewriteOf({ "^/api/old": "/new", "^/api": "", "^/new": "/never" });
    assert.equal(rewrite("/api/old/x?a=/api/old", REQUEST), "/new/x?a=/api/old");
    assert.equal(rewrite("/api/users", REQUEST), "/users");
    assert.equal(rewrite("/web", REQUEST), "/web");
  });

  it("puts in what groups matched", () => {
    assert.equal(pathRewriteOf({ "^/user/(\\d+)": "/find?id=$1" })("/user/5", REQUEST), "/find?id=5");
  });

  it("may be a function", () => {
    assert.equal(pathRewriteOf((path, { method }) => `${path}?${method}`)("/a", REQUEST), "/a?GET");
  });

  it("says which rule is no regular expression", () => {
    assert.throws(() => pathRewriteOf({ "(": "" }), { code: "ERR_DEV_PROXY", message: /"\("/ });
  });
});

describe("a target's path", () => {
  const CASES = [
    ["", "/a?b", "/a?b"],
    ["", "", "/"],
    ["", "?b", "/?b"],
    ["", "a", "/a"],
    ["/base", "/a", "/base/a"],
    ["/base/", "/a", "/base/a"],
    ["/base", "/", "/base/"],
    ["/base/", "", "/base/"],
    ["/base", "?b", "/base?b"],
  ] as const;
  for (const [base, path, joined] of CASES) {
    it(`"${base}" and "${path}" are ${joined}`, () => assert.equal(joinPaths(base, path), joined));
  }
});
