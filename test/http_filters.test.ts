/**
 * Hooks of filters as clients and upstreams see them, on every driver.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FilterScene } from "./support/filter_scene.ts";
import { allOf, fieldOf, type Message, respond, statusOf } from "./support/http_peers.ts";

const WAITS = ["", "null", "timer", "fetch", "crypto", "file"];
const HOOKS = ["request", "route", "response"];

let count = 0;

/** A new id for a request. */
function newId(): string {
  return `id${count++}`;
}

for (const driver of ["uring", "default"]) {
  describe(`hooks of filters on the ${driver} driver`, () => {
    let scene: FilterScene;
    before(async () => {
      scene = await FilterScene.start(driver);
    });
    after(async () => {
      await scene.close();
      assert.deepEqual(scene.upstream.errors, []);
      assert.doesNotMatch(scene.command.error, /bug|crashed/);
    });

    /** One request on a connection that has to be usable afterwards, and what the upstream saw of it. */
    async function exchange(
      target: string,
      { method = "GET", fields = "", body = "", id = newId() } = {},
    ): Promise<{ response: Message; seen: Message | undefined; id: string }> {
      const peer = await scene.client();
      const seenBefore = scene.upstream.requests.length;
      const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
      peer.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\nX-Id: ${id}\r\n${length}${fields}\r\n${body}`);
      const response = await peer.response(method);
      const seen = scene.upstream.requests[seenBefore];
      peer.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
      assert.equal((await peer.response()).body, "GET /next HTTP/1.1");
      peer.destroy();
      return { response, seen, id };
    }

    for (const wait of WAITS) {
      it(`are called in their order, ${wait === "" ? "at once" : `each after: ${wait}`}`, async () => {
        const { response } = await exchange(`/order/x?wait=${wait}`);
        const expected = [
          ...["a", "b", "c"].map((name) => `${name}.request`),
          ...["a", "b", "c"].map((name) => `${name}.route`),
          ...["c", "b", "a"].map((name) => `${name}.response`),
        ];
        assert.equal(fieldOf(response, "x-order"), expected.join(" "));
        assert.equal(statusOf(response), 200);
      });
    }

    for (const hook of HOOKS) {
      for (const wait of ["", "null", "timer"]) {
        const name = `${hook} hook ${wait === "" ? "at once" : `after: ${wait}`}`;
        it(`answer in the ${name}`, async () => {
          const { response, seen } = await exchange(`/answer/x?hook=${hook}&wait=${wait}`);
          assert.equal(response.startLine, "HTTP/1.1 418 ");
          assert.equal(response.body, "an answer");
          assert.equal(fieldOf(response, "x-answer"), "\xe9");
          assert.equal(fieldOf(response, "date"), "today");
          // A filter before the one that answered sees the answer, unless it would see a second response.
          assert.deepEqual(allOf(response, "x-mark"), hook === "response" ? [] : ["local"]);
          assert.equal(seen === undefined || seen.startLine.includes("/next"), hook !== "response");
        });

        it(`answer HEAD, and a status without body, in the ${name}`, async () => {
          const head = await exchange(`/answer/x?hook=${hook}&wait=${wait}`, { method: "HEAD" });
          assert.equal(statusOf(head.response), 418);
          assert.equal(fieldOf(head.response, "content-length"), "9");
          const { response } = await exchange(`/answer/x?hook=${hook}&wait=${wait}&status=204`);
          assert.equal(statusOf(response), 204);
          assert.equal(fieldOf(response, "content-length"), undefined);
        });

        it(`answer in the ${name} while the request's body still comes`, async () => {
          const peer = await scene.client();
          const target = `/answer/x?hook=${hook}&wait=${wait}`;
          if (hook === "response") scene.upstream.answer = (_, upstream) => upstream.send(respond(""));
          peer.send(`POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n`);
          if (hook === "response") peer.send("b".repeat(1000));
          assert.equal((await peer.response()).body, "an answer");
          if (hook !== "response") peer.send("b".repeat(1000));
          scene.upstream.answer = (request, upstream) => upstream.send(respond(request.startLine));
          peer.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
          assert.equal((await peer.response()).body, "GET /next HTTP/1.1");
          peer.destroy();
        });

        for (const kind of ["throw", "text"]) {
          it(`make it a 500 if they fail (${kind}) in the ${name}`, async () => {
            const { response, id } = await exchange(`/fail/x?hook=${hook}&wait=${wait}&kind=${kind}`);
            assert.equal(statusOf(response), 500);
            await scene.command.until(
              (_, error) => error.includes(`filter fail: `) && error.includes(`thrown by ${id}`),
              "it is logged",
            );
            assert.equal((await scene.end(id)).flag, "FE");
          });
        }
      }

      it(`make it a 500 if they reject in the ${hook} hook`, async () => {
        const { response, id } = await exchange(`/fail/x?hook=${hook}&kind=reject`);
        assert.equal(statusOf(response), 500);
        await scene.command.until((_, error) => error.includes(`rejected by ${id}`), "it is logged");
      });

      it(`make it a 504 if they take too long in the ${hook} hook`, async () => {
        const { response, id } = await exchange(`/fail/x?hook=${hook}&kind=hang`);
        assert.equal(statusOf(response), 504);
        assert.equal((await scene.end(id)).flag, "FT");
      });

      for (const kind of ["null", "text", "number", "empty", "injection", "status", "body", "reply"]) {
        for (const wait of ["", "null"]) {
          it(`make it a 500 if they return nonsense (${kind}) in the ${hook} hook${wait && ", later"}`, async () => {
            const { response, id } = await exchange(`/fail/x?hook=${hook}&kind=${kind}&wait=${wait}`);
            assert.equal(statusOf(response), 500);
            assert.equal(fieldOf(response, "x-injected"), undefined);
            assert.equal((await scene.end(id)).flag, "FE");
          });
        }
      }
    }

    it("name the filter that took too long", () => {
      assert.match(scene.command.error, /filter fail: .*in time/);
    });

    it("survive rejections that nobody waits for", async () => {
      for (const path of ["/careless/read", "/careless/x"]) {
        const { response } = await exchange(path, { method: "POST", body: "body" });
        assert.ok([200, 500].includes(statusOf(response)), response.startLine);
      }
      await scene.command.until((_, error) => error.includes("a loose rejection"), "it is logged");
      await scene.command.until((_, error) => error.includes("an end that rejects"), "it is logged");
    });

    describe("changes of requests", () => {
      for (const hook of ["request", "route"]) {
        for (const wait of ["", "null"]) {
          const change = async (query: string, options: Parameters<typeof exchange>[1] = {}) =>
            await exchange(`/change/x?hook=${hook}&wait=${wait}&${query}`, options);
          const name = `(${hook} hook${wait && ", later"})`;

          it(`method, target and host ${name}`, async () => {
            assert.match((await change("kind=method&value=PATCH")).seen?.startLine ?? "", /^PATCH \/change\/x/);
            const { seen } = await change("kind=target&value=/to?%3Fa%3Db");
            assert.match(seen?.startLine ?? "", /^GET \/to\??\?a=b HTTP\/1\.1$/);
            const withHost = await change("kind=host&value=example.org:81");
            assert.deepEqual(allOf(withHost.seen as Message, "host"), ["example.org:81"]);
          });

          it(`fields ${name}`, async () => {
            const { seen } = await change("kind=set&name=X-New&value=1%20%C3%A9", {
              fields: "x-new: 0\r\nX-NEW: 2\r\n",
            });
            assert.deepEqual(allOf(seen as Message, "x-new"), ["1 \xe9"]);
            const appended = await change("kind=append&name=x-new&value=1", { fields: "x-new: 0\r\n" });
            assert.deepEqual(allOf(appended.seen as Message, "x-new"), ["0", "1"]);
            const deleted = await change("kind=delete&name=X-NEW", { fields: "x-new: 0\r\nX-New: 2\r\n" });
            assert.deepEqual(allOf(deleted.seen as Message, "x-new"), []);
          });

          it(`that Connection does not take away ${name}`, async () => {
            const { seen } = await change("kind=set&name=x-user&value=ann", {
              fields: "Connection: x-user, keep-alive\r\nX-User: eve\r\n",
            });
            assert.deepEqual(allOf(seen as Message, "x-user"), ["ann"]);
            assert.deepEqual(allOf(seen as Message, "connection"), []);
          });

          it(`that say where they come from ${name}`, async () => {
            const { seen } = await change("kind=set&name=x-real-ip&value=10.0.0.1", {
              fields: "x-real-ip: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nX-Forwarded-For: 6.6.6.6\r\n",
            });
            assert.deepEqual(allOf(seen as Message, "x-real-ip"), ["10.0.0.1"]);
            assert.deepEqual(allOf(seen as Message, "x-forwarded-host"), ["a"]);
            assert.deepEqual(allOf(seen as Message, "x-forwarded-for"), ["127.0.0.1"]);
          });

          const BAD: readonly (readonly [name: string, query: string])[] = [
            ["a method", "kind=method&value=A B"],
            ["an empty method", "kind=method&value="],
            ["HEAD for GET", "kind=method&value=HEAD"],
            ["CONNECT", "kind=method&value=CONNECT"],
            ["a target without slash", "kind=target&value=x"],
            ["a target with a space", "kind=target&value=/a b"],
            ["a target with a line", "kind=target&value=/a%0d%0ax: y"],
            ["a target beyond ASCII", "kind=target&value=/%C4%80"],
            ["a host", "kind=host&value=a b"],
            ["a host with a line", "kind=host&value=a%0d%0ax: y"],
            ["a host with a path", "kind=host&value=a/b"],
            ["a value with CRLF", "kind=set&name=x-a&value=b%0d%0ax-injected: yes"],
            ["a value with LF", "kind=append&name=x-a&value=b%0ax-injected: yes"],
            ["a value with NUL", "kind=set&name=x-a&value=b%00"],
            ["a value beyond Latin-1", "kind=set&name=x-a&value=%C4%80"],
            ["a name with a colon", "kind=set&name=x: y&value=b"],
            ["an empty name", "kind=append&name=&value=b"],
            ["Content-Length", "kind=set&name=Content-Length&value=5"],
            ["Transfer-Encoding", "kind=append&name=transfer-ENCODING&value=chunked"],
            ["Connection", "kind=set&name=connection&value=x-forwarded-for"],
            ["Host", "kind=append&name=host&value=b"],
            ["the removal of Host", "kind=delete&name=host"],
            ["a head beyond the limit", "kind=huge&value=200000"],
            ["an unknown cluster", "kind=cluster&value=nowhere"],
            ["an empty cluster", "kind=cluster&value="],
          ];
          it(`that are not possible ${name}`, async () => {
            for (const [what, query] of BAD) {
              // Before the route there is none whose cluster could be set.
              if (hook === "request" && query.startsWith("kind=cluster")) continue;
              const { response, seen, id } = await change(query.replaceAll(" ", "%20"));
              assert.equal(statusOf(response), 500, what);
              assert.match(seen?.startLine ?? "GET /next", /\/next/, what);
              assert.equal((await scene.end(id)).flag, "FE", what);
            }
          });
        }
      }

      it("decide about the route", async () => {
        const byField = await exchange("/change/x?kind=set&name=x-tenant&value=other");
        assert.equal(byField.response.body, "other");
        const byPath = await exchange("/change/x?kind=target&value=/missing/direct");
        assert.equal(byPath.response.body, "direct");
        // The route is chosen already.
        const tooLate = await exchange("/change/x?hook=route&kind=set&name=x-tenant&value=other");
        assert.match(tooLate.response.body, /^GET \/change/);
      });

      it("decide about the cluster", async () => {
        const { response } = await exchange("/change/x?hook=route&kind=cluster&value=other");
        assert.equal(response.body, "other");
        const late = await exchange("/change/x?hook=response&kind=cluster&value=other");
        assert.equal(statusOf(late.response), 500);
      });

      it("see what the client claims only if it is trusted", async () => {
        const fields = "X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n";
        const { seen } = await exchange("/order/x", { fields });
        assert.deepEqual(allOf(seen as Message, "x-forwarded-for"), ["127.0.0.1"]);
      });
    });

    describe("changes of responses", () => {
      const change = async (query: string, options: Parameters<typeof exchange>[1] = {}) =>
        (await exchange(`/change/x?hook=response&${query}`, options)).response;

      for (const wait of ["", "timer"]) {
        it(`status and fields${wait && ", later"}`, async () => {
          const withStatus = await change(`wait=${wait}&kind=status&value=201`);
          assert.equal(statusOf(withStatus), 201);
          assert.match(withStatus.body, /^GET/);
          const response = await change(`wait=${wait}&kind=set&name=content-type&value=a/b`);
          assert.deepEqual(allOf(response, "content-type"), ["a/b"]);
          const deleted = await change(`wait=${wait}&kind=delete&name=content-type`);
          assert.deepEqual(allOf(deleted, "content-type"), []);
          const head = await change(`wait=${wait}&kind=set&name=x-a&value=b`, { method: "HEAD" });
          assert.equal(fieldOf(head, "x-a"), "b");
        });
      }

      it("that are not possible", async () => {
        for (const query of [
          "kind=status&value=99",
          "kind=status&value=101",
          "kind=status&value=204",
          "kind=status&value=600",
          "kind=set&name=x-a&value=b%0d%0ax-injected:%20yes",
          "kind=set&name=content-length&value=5",
          "kind=huge&value=200000",
        ]) {
          const response = await change(query);
          assert.equal(statusOf(response), 500, query);
          assert.equal(fieldOf(response, "x-injected"), undefined);
        }
      });
    });

    it("see the responses that the proxy makes", async () => {
      for (const [target, status] of [
        ["/missing/none", 404],
        ["/missing/dead", 502],
        ["/missing/direct", 203],
      ] as const) {
        for (const method of ["GET", "HEAD"]) {
          const { response } = await exchange(target, { method });
          assert.equal(statusOf(response), status);
          assert.equal(fieldOf(response, "x-mark"), "local");
        }
      }
      scene.upstream.answer = (request, upstream) => {
        if (request.startLine.includes("/next")) upstream.send(respond(request.startLine));
        else if (request.startLine.includes("invalid")) upstream.end("nonsense\r\n\r\n");
      };
      for (const [target, status] of [
        ["/missing/timeout", 504],
        ["/missing/invalid", 502],
      ] as const) {
        const { response } = await exchange(target);
        assert.equal(statusOf(response), status);
        assert.equal(fieldOf(response, "x-mark"), "local");
      }
      scene.upstream.answer = (request, upstream) => upstream.send(respond(request.startLine));
    });

    it("keep apart what belongs to 50 requests at the same time", async () => {
      const ids = Array.from({ length: 50 }, (_, index) => index);
      await Promise.all(
        ids.map(async (id) => {
          const response = await fetch(`http://127.0.0.1:${scene.port}/state/${id}`, {
            headers: { "x-id": String(id) },
          });
          assert.equal(response.headers.get("x-state"), String(id));
          assert.match(await response.text(), new RegExp(`^GET /state/${id} `));
        }),
      );
    });

    it("keep pipelined requests in their order", async () => {
      const peer = await scene.client();
      const request = (id: string, path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Id: ${id}\r\n\r\n`;
      peer.send(
        request("1", "/state/one") +
          request("2", "/answer/two?wait=timer") +
          `POST /read/three?limit=10 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nthree` +
          request("3", "/missing/none") +
          request("4", "/state/five") +
          request("5", "/plain"),
      );
      const bodies: string[] = [];
      for (let index = 0; index < 6; index++) bodies.push((await peer.response()).body);
      bodies[3] = bodies[3]?.includes("Nothing is served here") ? "404" : (bodies[3] ?? "");
      assert.deepEqual(bodies, [
        "GET /state/one HTTP/1.1",
        "an answer",
        "POST /read/three?limit=10 HTTP/1.1",
        "404",
        "GET /state/five HTTP/1.1",
        "GET /plain HTTP/1.1",
      ]);
      peer.destroy();
    });

    it("are for the requests that their conditions say, and for paths that could be read in two ways", async () => {
      const statusFor = async (path: string) => statusOf((await exchange(path)).response);
      assert.equal(await statusFor("/guarded"), 418);
      assert.equal(await statusFor("/guarded/x"), 418);
      assert.equal(await statusFor("/x/../guarded/y"), 418);
      assert.equal(await statusFor("/x/%2e%2E/guarded/y"), 418);
      assert.equal(await statusFor("/%67uarded/y"), 418);
      assert.equal(await statusFor("/other"), 200);
      assert.equal(await statusFor("http://a/guarded/x"), 418);
    });

    it("may be kept beyond the end, and change nothing then", async () => {
      const { id } = await exchange("/keep/this?first");
      const end = await scene.end(id);
      const second = await exchange("/keep/touch?second", { method: "POST", body: "body" });
      assert.equal(second.response.body.includes("/keep/touch"), true);
      assert.equal(statusOf(second.response), 200);
      const { notes } = await scene.events("kept");
      const found = (notes.at(-1) ?? "").split(", ");
      assert.equal(found[0], "TypeError");
      assert.deepEqual(found.slice(3, 5), ["TypeError", "TypeError"]);
      assert.equal(found[6], `${end.status} ${end.flag} ${id} ${end.sentBytes}`);
    });
  });
}
