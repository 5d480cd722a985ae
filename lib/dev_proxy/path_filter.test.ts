import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DevProxyOptions, DevProxyRequest } from "./options.ts";
import { pathFilterOf } from "./path_filter.ts";

const REQUEST: DevProxyRequest = {
  method: "GET",
  url: "/api?a=b",
  headers: {},
  httpVersion: "1.1",
  socket: { remoteAddress: "" },
};

function accepted(option: DevProxyOptions["pathFilter"], paths: readonly string[]): string[] {
  const filter = pathFilterOf(option);
  return paths.filter((path) => filter(path, REQUEST));
}

const PATHS = ["/", "/api", "/api/", "/api/users", "/api/users/5.json", "/apis", "/web/a.json", "/a.json"];

describe("a path filter", () => {
  it("lets everything pass without an option", () => {
    assert.deepEqual(accepted(undefined, PATHS), PATHS);
  });

  it("looks at the beginning", () => {
    assert.deepEqual(accepted("/api", PATHS), ["/api", "/api/", "/api/users", "/api/users/5.json", "/apis"]);
    assert.deepEqual(accepted(["/web", "/api/"], PATHS), ["/api/", "/api/users", "/api/users/5.json", "/web/a.json"]);
  });

  it("knows * and **", () => {
    assert.deepEqual(accepted("/api/*", PATHS), ["/api/", "/api/users"]);
    assert.deepEqual(accepted("/api/**", PATHS), ["/api", "/api/", "/api/users", "/api/users/5.json"]);
    assert.deepEqual(accepted("/**/*.json", PATHS), ["/api/users/5.json", "/web/a.json", "/a.json"]);
    assert.deepEqual(accepted("**", PATHS), PATHS);
  });

  it("excludes what has a ! before it", () => {
    assert.deepEqual(accepted(["/api/**", "!**/*.json"], PATHS), ["/api", "/api/", "/api/users"]);
    assert.deepEqual(accepted("!/api", PATHS), ["/", "/web/a.json", "/a.json"]);
  });

  it("asks a function", () => {
    const asked: string[] = [];
    const filter = pathFilterOf((pathname, { method, url }) => {
      asked.push(`${method} ${pathname} of ${url}`);
      return true;
    });
    assert.equal(filter("/api", REQUEST), true);
    assert.deepEqual(asked, ["GET /api of /api?a=b"]);
  });

  it("refuses patterns that mean more elsewhere", () => {
    for (const pattern of ["/a?b", "/{a,b}", "/[ab]", "/+(a)"]) {
      assert.throws(() => pathFilterOf(pattern), { code: "ERR_DEV_PROXY", message: /use a function/ });
    }
  });
});
