import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DevProxyOptions } from "./options.ts";
import { toRule } from "./rule.ts";

const TARGET = "http://localhost:3000";

describe("a target", () => {
  const targetOf = (target: DevProxyOptions["target"]) => toRule({ target }).target;

  it("is a URL", () => {
    assert.deepEqual(targetOf("http://Localhost:3000/base"), {
      endpoint: { family: "name", host: "localhost", port: 3000 },
      host: "localhost:3000",
      path: "/base",
      text: "http://localhost:3000",
    });
    assert.deepEqual(targetOf(new URL("ws://[::1]/")), {
      endpoint: { family: "name", host: "::1", port: 80 },
      host: "[::1]",
      path: "",
      text: "http://[::1]",
    });
  });

  it("is given in parts", () => {
    assert.deepEqual(targetOf({ host: "::1", port: "3000" }).endpoint, { family: "name", host: "::1", port: 3000 });
    const { endpoint, host } = targetOf({ socketPath: "/tmp/app.sock", host: "app" });
    assert.deepEqual([endpoint, host], [{ family: "unix", path: "/tmp/app.sock" }, "app"]);
  });

  it("says what is wrong with it", () => {
    const cases: readonly (readonly [target: unknown, message: RegExp])[] = [
      [undefined, /"target" is missing/],
      ["localhost:3000", /is no URL: write http:\/\/localhost:3000$/],
      ["", /is no URL/],
      ["https://example.com", /TLS is not spoken/],
      ["ftp://example.com", /http and ws are known/],
      ["http://a:b@example.com", /as the option "auth"/],
      ["http://example.com/?a", /no query/],
    ];
    for (const [target, message] of cases) {
      assert.throws(() => targetOf(target as string), { name: "RingwayError", code: "ERR_DEV_PROXY", message });
    }
  });
});

describe("the options of a dev proxy", () => {
  const refuse = (options: object, message: RegExp): void => {
    assert.throws(() => toRule({ target: TARGET, ...options } as DevProxyOptions), { code: "ERR_DEV_PROXY", message });
  };

  it("that other proxies have and this one has not are refused, with what to do", () => {
    refuse({ ssl: {} }, /There is no option "ssl": TLS/);
    refuse({ router: {} }, /several sets of options/);
    refuse({ rewrite: () => "" }, /pathRewrite/);
    refuse({ selfHandleResponse: true }, /filters/);
    assert.equal(toRule({ target: TARGET, ssl: undefined } as DevProxyOptions).target.host, "localhost:3000");
  });

  it("that are misspelt are refused, with what may be meant", () => {
    refuse({ changeorigin: true }, /is "changeOrigin" meant\?$/);
    refuse({ somethingElse: true }, /the options are in docs/);
  });

  it("without effect are taken", () => {
    assert.equal(toRule({ target: TARGET, secure: false, preserveHeaderKeyCase: true }).forward, null);
  });

  it("have times that are times", () => {
    refuse({ timeout: -1 }, /"timeout" is -1/);
    refuse({ proxyTimeout: Number.NaN }, /"proxyTimeout"/);
  });

  it("do not set what is the proxy's", () => {
    refuse({ headers: { Connection: "close" } }, /"Connection"/);
    refuse({ headers: { "X-Forwarded-For": "a" } }, /xfwd/);
    assert.equal(toRule({ target: TARGET, headers: { host: "a" } }).target.path, "");
  });

  it("have handlers of events that there are", () => {
    refuse({ on: { open() {} } }, /There is no event "open": the sockets/);
    refuse({ on: { proxyResponse() {} } }, /the events are start, proxyReq,/);
    refuse({ on: { proxyReq: "x" } }, /no function/);
  });
});
