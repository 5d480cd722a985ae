import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rewriteCookie, rewriteLocation } from "./response_rewrite.ts";

describe("the Location of a redirect", () => {
  const rewrite = (location: string, options: Parameters<typeof rewriteLocation>[3]): string =>
    rewriteLocation(location, "target:3000", "proxy:8080", options);

  it("stays as it is without an option", () => {
    assert.equal(rewrite("http://target:3000/a", {}), "http://target:3000/a");
  });

  it("is that of the client, or any other", () => {
    assert.equal(rewrite("http://target:3000/a?b#c", { autoRewrite: true }), "http://proxy:8080/a?b#c");
    assert.equal(rewrite("http://target:3000", { hostRewrite: "example.com" }), "http://example.com");
    assert.equal(rewrite("http://target:3000/", { hostRewrite: "a", autoRewrite: true }), "http://a/");
    assert.equal(rewrite("http://target:3000/", { protocolRewrite: "https" }), "https://target:3000/");
    assert.equal(
      rewrite("http://target:3000/a", { autoRewrite: true, protocolRewrite: "https" }),
      "https://proxy:8080/a",
    );
  });

  it("of another host, and one that is a path, stays", () => {
    for (const location of ["http://other:3000/a", "http://target/a", "/a", "//target:3000/a", "", "http://[/"]) {
      assert.equal(rewrite(location, { autoRewrite: true, protocolRewrite: "https" }), location);
    }
  });

  it("may name the port that is the scheme's own", () => {
    assert.equal(rewriteLocation("http://target:80/a", "target", "proxy", { autoRewrite: true }), "http://proxy/a");
  });
});

describe("a cookie", () => {
  const COOKIE = "id=domain=x; Domain=old.example; Path=/app; HttpOnly";

  it("gets another domain, or none", () => {
    assert.equal(rewriteCookie(COOKIE, "domain", "new"), "id=domain=x; Domain=new; Path=/app; HttpOnly");
    assert.equal(rewriteCookie(COOKIE, "domain", ""), "id=domain=x; Path=/app; HttpOnly");
    assert.equal(rewriteCookie(COOKIE, "domain", false), COOKIE);
  });

  it("gets another path by what it was", () => {
    const rewrite = { "/app": "/", "*": "/others" };
    assert.equal(rewriteCookie(COOKIE, "path", rewrite), "id=domain=x; Domain=old.example; Path=/; HttpOnly");
    assert.equal(rewriteCookie("a=b; path=/x", "path", rewrite), "a=b; path=/others");
    assert.equal(rewriteCookie("a=b; path=/x", "path", { "/app": "/" }), "a=b; path=/x");
    assert.equal(rewriteCookie("a=b; path=toString", "path", { "/app": "/" }), "a=b; path=toString");
  });

  it("without the attribute is not given one", () => {
    assert.equal(rewriteCookie("path=/x", "path", "/y"), "path=/x");
  });
});
