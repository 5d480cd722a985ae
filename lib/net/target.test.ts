import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatTarget, parseEndpoint, parseTarget, parseUpstream } from "./target.ts";

describe("an endpoint", () => {
  it("may be an SRV name, and is written as it is read", () => {
    const text = "srv:_http._tcp.example.com";
    assert.deepEqual(parseEndpoint(text), { family: "srv", name: "_http._tcp.example.com" });
    for (const one of [text, "srv:web.service.consul", "a.test:80", "[::1]:80", "unix:/a"]) {
      assert.equal(formatTarget(parseEndpoint(one)), one);
    }
  });

  const wrong: [text: string, message: RegExp][] = [
    ["srv:", /names no SRV records: it is srv:NAME, such as srv:_http\._tcp\.example\.com/],
    ["srv:_http._tcp.example.com:80", /SRV records say the ports: write srv:_http\._tcp\.example\.com$/],
    ["srv:127.0.0.1", /names no SRV records/],
    ["srv:a..b", /names no SRV records/],
    [`srv:${"a.".repeat(126)}ab`, /names no SRV records/],
    ["srv://a.test", /names no SRV records/],
    ["a.test:0", /port 0 cannot be connected to/],
    ["a.test", /the port is missing, such as a\.test:80/],
  ];
  for (const [text, message] of wrong) {
    it(`is refused: ${text.slice(0, 40)}`, () => {
      assert.throws(() => parseEndpoint(text), { name: "TargetError", message });
    });
  }
});

describe("an SRV name elsewhere", () => {
  it("is refused where a proxy listens", () => {
    assert.throws(() => parseTarget("srv:_http._tcp.a.test"), /only an endpoint of a cluster can be named by SRV/);
  });

  it("has a scheme before it on the command line", () => {
    const target = { family: "srv", name: "_http._tcp.a.test" };
    assert.deepEqual(parseUpstream("http://srv:_http._tcp.a.test"), { protocol: "http", target });
    assert.deepEqual(parseUpstream("tcp://srv:_http._tcp.a.test/"), { protocol: "tcp", target });
    assert.throws(() => parseUpstream("srv:_http._tcp.a.test"), /write http:\/\/srv:_http._tcp.a.test or tcp:/);
    assert.throws(() => parseUpstream("tcp://srv:a.test:80"), /SRV records say the ports/);
  });

  it("is not what a host of that name is", () => {
    const target = { family: "name", host: "srv", port: 80 };
    assert.deepEqual(parseUpstream("tcp://srv:80"), { protocol: "tcp", target });
    assert.deepEqual(parseUpstream("http://srv"), { protocol: "http", target });
  });
});
