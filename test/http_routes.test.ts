/** Routes as clients and upstreams see them: who gets a request, what is changed, what the proxy answers itself. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { allOf, fieldOf, type Message, respond, statusOf } from "./support/http_peers.ts";
import { DRIVERS, get, post, RouteScene, type SceneFile } from "./support/http_routes.ts";

/** Of requests, or of responses: every kind of change, to fields that the proxy writes itself and to others. */
const CHANGES = {
  remove: ["x-secret", "x-request-id", "date", "x-forwarded-proto"],
  set: { "x-set": "new", via: "1.1 other", server: "ringway", "x-forwarded-for": "hidden", "x-forwarded-host": "h" },
  add: { "x-add": ["one", "two"], "x-kept": "more" },
};

const file: SceneFile = (endpoint) => ({
  listeners: [
    {
      virtual_hosts: [
        {
          domains: ["exact.example"],
          routes: [
            { match: { path: "/path" }, cluster: "one" },
            { match: { regex: "/r[0-9]+" }, cluster: "two" },
            { match: { prefix: "/p" }, cluster: "three" },
          ],
        },
        { domains: ["*.example"], routes: [{ cluster: "two" }] },
        { domains: ["*.long.example"], routes: [{ cluster: "three" }] },
        { domains: ["start.*"], routes: [{ cluster: "one" }] },
        {
          domains: ["*"],
          routes: [
            { match: { prefix: "/only", methods: ["PUT", "PATCH"] }, cluster: "two" },
            { match: { prefix: "/only", headers: [{ name: "X-A", exact: "1" }] }, cluster: "three" },
            { match: { prefix: "/only", query: [{ name: "q", prefix: "v w" }] }, cluster: "one" },
            { match: { prefix: "/prefix" }, cluster: "one", rewrite: { prefix: "/new/" } },
            { match: { prefix: "/whole" }, cluster: "one", rewrite: { path: "/w", host: "other.test:81" } },
            {
              match: { prefix: "/regex" },
              cluster: "one",
              rewrite: { regex: { pattern: "^/regex/(\\d+)$", replacement: "/x?id=$1" } },
            },
            {
              match: { prefix: "/bad" },
              cluster: "one",
              rewrite: { regex: { pattern: "^/bad/", replacement: "" } },
            },
            { match: { prefix: "/own" }, clusters: [{ cluster: "both" }], rewrite: { host_from_endpoint: true } },
            { match: { path: "/moved" }, redirect: { path: "/there", status: 308 } },
            { match: { path: "/far" }, redirect: { scheme: "https", host: "far.test", strip_query: true } },
            { match: { path: "/said" }, response: { status: 418, body: "short\n", content_type: "text/x" } },
            { match: { path: "/none" }, response: { status: 204 } },
            {
              match: { prefix: "/fields" },
              cluster: "one",
              request_headers: CHANGES,
              response_headers: CHANGES,
            },
            { match: { path: "/said-fields" }, response: { body: "x" }, response_headers: CHANGES },
            { match: { path: "/moved-fields" }, redirect: { path: "/" }, response_headers: CHANGES },
          ],
        },
      ],
    },
    { cluster: "one", http: { forwarded: true } },
    { cluster: "one", http: { forwarded: true, trusted_hops: 1 }, listen: "[::1]:0" },
  ],
  clusters: [
    ...["one", "two", "three"].map((name) => ({ name, endpoints: [endpoint(name)] })),
    { name: "both", endpoints: [endpoint("one"), endpoint("two")] },
  ],
});

/** Start line and fields, without those whose values are never the same. */
function linesOf({ startLine, fields }: Message): string[] {
  const kept = fields.filter(([name]) => name !== "x-request-id");
  return [startLine, ...kept.map(([name, value]) => `${name}: ${name === "date" ? "now" : value}`)];
}

for (const driver of DRIVERS) {
  describe(`routes on the ${driver} driver`, () => {
    let scene: RouteScene;
    before(async () => {
      scene = await RouteScene.start(driver, ["one", "two", "three"], file);
    });
    after(() => scene.close());
    beforeEach(() => scene.reset());

    /** Who answers, or the status of the proxy's own answer. */
    async function served(target: string, host = "a", fields = "", method = "GET"): Promise<string> {
      const response = await scene.proxy.exchange(get(target, fields, host, method));
      return statusOf(response) === 200 ? response.body : String(statusOf(response));
    }

    it("choose by host, the closest one", async () => {
      const hosts = [
        ["exact.example", "one"],
        ["EXACT.example.:8080", "one"],
        ["a.example", "two"],
        ["a.b.example", "two"],
        ["a.long.example", "three"],
        ["start.test", "one"],
        ["example", "404"],
      ] as const;
      for (const [host, expected] of hosts) assert.equal(await served("/path", host), expected, host);
      const absolute = await scene.proxy.exchange(
        "GET http://a.long.example/x HTTP/1.1\r\nHost: exact.example\r\n\r\n",
      );
      assert.equal(absolute.body, "three");
    });

    it("choose by path, method, field and parameter, the first that matches", async () => {
      const targets = [
        ["/path", "one"],
        ["/path?x", "one"],
        ["/%70ath", "one"],
        ["/r123", "two"],
        ["/r123/", "404"],
        ["/p", "three"],
        ["/p/x", "three"],
        ["/px", "404"],
      ] as const;
      for (const [target, expected] of targets) assert.equal(await served(target, "exact.example"), expected, target);
      assert.equal(await served("/only", "a", "", "PATCH"), "two");
      assert.equal(await served("/only/x", "a", "x-b: 1\r\nx-a: 2\r\nx-A: 1\r\n"), "three");
      assert.equal(await served("/only?a=b&q=v%20wx"), "one");
      assert.equal(await served("/only?q=v"), "404");
      assert.equal(await served("/only", "a", "", "HEAD"), "404");
    });

    it("say 404 where there is none, and go on with the connection", async () => {
      const peer = await scene.proxy.client();
      peer.send(get("/nothing", "Accept: application/json\r\n"));
      const missing = await peer.response();
      assert.equal(missing.startLine, "HTTP/1.1 404 Not Found");
      assert.equal(JSON.parse(missing.body).reason, "NR");
      peer.send(post("/nothing", "body") + get("/path", "", "exact.example"));
      assert.equal(statusOf(await peer.response()), 404);
      assert.equal((await peer.response()).body, "one");
      peer.destroy();
    });

    it("refuse dot segments, in all their disguises, and pass what only looks like them", async () => {
      for (const target of ["/p/../path", "/p/%2e%2E/x", "/p/..;a/x", "/./path", "/p/..", "/p%2f..%2fx", "/p\\..\\x"]) {
        assert.equal(await served(target, "exact.example"), "400", target);
      }
      for (const target of ["/p/..x", "/p/...", "/p/.x", "/p/x?/../"]) {
        assert.equal(await served(target, "exact.example"), "three", target);
      }
    });

    it("rewrite path and host", async () => {
      const cases = [
        ["/prefix", "/new", "a"],
        ["/prefix/x?y=/prefix", "/new/x?y=/prefix", "a"],
        ["/prefix/", "/new/", "a"],
        ["/whole/of/it?q", "/w?q", "other.test:81"],
        ["/regex/12?z", "/x?id=12&z", "a"],
        ["/regex/ab", "/regex/ab", "a"],
      ] as const;
      for (const [target, forwarded, host] of cases) {
        assert.equal(await served(target), "one");
        assert.equal(scene.seen("one").startLine, `GET ${forwarded} HTTP/1.1`);
        assert.deepEqual(allOf(scene.seen("one"), "host"), [host]);
        assert.equal(fieldOf(scene.seen("one"), "x-forwarded-host"), "a");
      }
      const absolute = await scene.proxy.exchange("GET http://b.test:1/prefix/x HTTP/1.1\r\nHost: a\r\n\r\n");
      assert.equal(absolute.body, "one");
      assert.equal(scene.seen("one").startLine, "GET /new/x HTTP/1.1");
      assert.deepEqual(allOf(scene.seen("one"), "host"), ["b.test:1"]);
    });

    it("say 500 if a rewrite makes no path", async () => {
      assert.equal(await served("/bad/x"), "500");
      assert.equal(await served("/bad"), "one");
    });

    it("give the endpoint its own host, for every request of a connection, with bodies", async () => {
      const answer = (name: string) => (request: Message, peer: { send(text: string): void }) =>
        peer.send(respond(`${name} ${fieldOf(request, "host")} ${request.body}`));
      for (const name of ["one", "two"]) scene.upstream(name).answer = answer(name);
      const peer = await scene.proxy.client();
      const bodies = Array.from({ length: 12 }, (_, index) => "x".repeat(index * index));
      peer.send(bodies.map((body) => post("/own", body)).join(""));
      const names = new Set<string>();
      for (const body of bodies) {
        const [name = "", host, seen] = (await peer.response()).body.split(" ");
        assert.equal(host, `127.0.0.1:${scene.upstream(name).port}`);
        assert.equal(seen, body);
        names.add(name);
      }
      assert.deepEqual([...names].sort(), ["one", "two"]);
      const chunks = "3\r\nabc\r\n0\r\nX-Sum:1\r\n\r\n";
      peer.send(`POST /own HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.slice(0, 9)}`);
      peer.send(chunks.slice(9));
      const [, , seen] = (await peer.response()).body.split(" ");
      assert.equal(seen, chunks);
      peer.destroy();
    });

    it("redirect", async () => {
      const peer = await scene.proxy.client();
      peer.send(get("/moved?a=b"));
      const moved = await peer.response();
      assert.equal(moved.startLine, "HTTP/1.1 308 Permanent Redirect");
      assert.equal(fieldOf(moved, "location"), "/there?a=b");
      peer.send(get("/far?a=b", "", "a", "HEAD"));
      const far = await peer.response("HEAD");
      assert.equal(far.startLine, "HTTP/1.1 301 Moved Permanently");
      assert.equal(fieldOf(far, "location"), "https://far.test/far");
      peer.send(get("/moved") + post("/moved", "b".repeat(5000)) + get("/prefix"));
      assert.equal(statusOf(await peer.response()), 308);
      assert.equal(statusOf(await peer.response()), 308);
      assert.equal((await peer.response()).body, "one");
      peer.destroy();
    });

    it("answer themselves: GET, HEAD, a body that is still on its way; the connection goes on", async () => {
      const peer = await scene.proxy.client();
      peer.send(get("/said"));
      const said = await peer.response();
      assert.deepEqual(linesOf(said), ["HTTP/1.1 418 ", "content-type: text/x", "date: now", "content-length: 6"]);
      assert.equal(said.body, "short\n");
      peer.send(get("/said", "", "a", "HEAD"));
      const head = await peer.response("HEAD");
      assert.equal(fieldOf(head, "content-length"), "6");
      peer.send(get("/none"));
      const none = await peer.response();
      assert.deepEqual(linesOf(none), ["HTTP/1.1 204 No Content", "date: now"]);
      peer.send("POST /said HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nbegin");
      assert.equal((await peer.response()).body, "short\n");
      peer.send("x".repeat(49_995));
      peer.send("POST /said HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
      assert.equal((await peer.response()).body, "short\n");
      peer.send("llo\r\n0\r\n\r\n");
      peer.send(get("/said").repeat(200) + get("/prefix"));
      for (let index = 0; index < 200; index++) assert.equal((await peer.response()).body, "short\n");
      assert.equal((await peer.response()).body, "one");
      peer.destroy();
    });

    it("answer HTTP/1.0, and end the connection", async () => {
      for (const [target, status] of [
        ["/said", 418],
        ["/moved", 308],
        ["/nothing", 404],
      ] as const) {
        const peer = await scene.proxy.client();
        peer.send(`GET ${target} HTTP/1.0\r\n\r\n`);
        const response = await peer.response();
        assert.equal(statusOf(response), status);
        assert.equal(fieldOf(response, "connection"), "close");
        assert.equal(await peer.takeRest(), "");
      }
      const forwarded = await scene.proxy.exchange("GET /whole HTTP/1.0\r\n\r\n");
      assert.equal(forwarded.body, "one");
      assert.deepEqual(allOf(scene.seen("one"), "host"), ["other.test:81"]);
      assert.equal(fieldOf(scene.seen("one"), "x-forwarded-host"), undefined);
    });

    it("change the fields of requests, those that the proxy writes too", async () => {
      const fields = "X-Secret: 1\r\nX-Kept: 1\r\nX-Set: old\r\nVia: 1.1 front\r\nX-Last: 2\r\n";
      scene.upstream("one").answer = (_, peer) => peer.send(respond("ok"));
      await served("/fields", "a", fields);
      const seen = scene.seen("one");
      assert.deepEqual(linesOf(seen), [
        "GET /fields HTTP/1.1",
        "host: a",
        "x-kept: 1",
        "x-last: 2",
        "x-set: new",
        "via: 1.1 other",
        "server: ringway",
        "x-forwarded-for: hidden",
        "x-forwarded-host: h",
        "x-add: one",
        "x-add: two",
        "x-kept: more",
      ]);
      assert.equal(fieldOf(seen, "x-request-id"), undefined);
    });

    it("change the fields of responses, the endpoint's and the proxy's", async () => {
      const added = ["x-set: new", "via: 1.1 other", "server: ringway", "x-forwarded-for: hidden"];
      added.push("x-forwarded-host: h", "x-add: one", "x-add: two", "x-kept: more");
      const fields = "X-Secret: 1\r\nx-kept: 1\r\nDate: then\r\nServer: s\r\nx-secret: 2\r\nVia: 1.1 b\r\n";
      const answers = [
        [respond("ok", fields), ["content-length: 2", "x-kept: 1"]],
        [respond("ok"), ["content-length: 2"]],
        [
          `HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
          ["x-kept: 1", "transfer-encoding: chunked"],
        ],
      ] as const;
      for (const [answer, own] of answers) {
        scene.upstream("one").answer = (_, peer) => peer.send(answer);
        const response = await scene.proxy.exchange(get("/fields"));
        assert.deepEqual(linesOf(response), ["HTTP/1.1 200 OK", ...own, ...added]);
        assert.match(response.body, /ok/);
      }
      const said = await scene.proxy.exchange(get("/said-fields"));
      const ofText = ["content-type: text/plain", "content-length: 1"];
      assert.deepEqual(linesOf(said), ["HTTP/1.1 200 OK", ...ofText, ...added]);
      const moved = await scene.proxy.exchange(get("/moved-fields"));
      assert.deepEqual(linesOf(moved).slice(-added.length), added);
      assert.equal(fieldOf(moved, "date"), undefined);
    });

    it("say Forwarded if they are told to, and add to that of a trusted proxy", async () => {
      await scene.proxy.exchange(get("/", "Forwarded: for=evil\r\n", "h.test:8"), 1);
      assert.deepEqual(allOf(scene.seen("one"), "forwarded"), ['for=127.0.0.1;host="h.test:8";proto=http']);
      const { client } = await import("./support/http_peers.ts");
      const peer = await client(scene.proxy.port(2), "::1");
      peer.send(get("/", 'Forwarded: for="[2001:db8::1]";proto=https\r\nForwarded: for=b\r\n'));
      await peer.response();
      const [forwarded, ...more] = allOf(scene.seen("one"), "forwarded");
      assert.equal(forwarded, 'for="[2001:db8::1]";proto=https, for=b, for="[::1]";host="a";proto=http');
      assert.deepEqual(more, []);
      peer.send("GET / HTTP/1.0\r\n\r\n");
      await peer.response();
      assert.equal(fieldOf(scene.seen("one"), "forwarded"), 'for="[::1]";proto=http');
      peer.destroy();
    });

    it("count what they answer, and why", async () => {
      const proxy = scene.proxy;
      const before = proxy.running.statistics();
      await served("/said");
      await served("/moved");
      await served("/nothing");
      await served("/p/..", "exact.example");
      await served("/bad/x");
      const now = proxy.running.statistics();
      const added = Object.entries(now).flatMap(([name, value]) => {
        const more = value - before[name as keyof typeof before];
        return /^http_(re|lo)/.test(name) && more !== 0 && !name.endsWith("active") ? [`${name} ${more}`] : [];
      });
      assert.deepEqual(added, [
        "http_requests_total 5",
        "http_responses_3xx_total 1",
        "http_responses_4xx_total 3",
        "http_responses_5xx_total 1",
        "http_local_replies_total 5",
        "http_reason_dpe_total 1",
        "http_reason_nr_total 1",
        "http_reason_rw_total 1",
        "http_reason_dr_total 2",
      ]);
    });
  });
}
