/**
 * Bodies that filters read, replace and change, as clients and upstreams see them, on every driver.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "./support/command.ts";
import { echoAll, FilterScene } from "./support/filter_scene.ts";
import { allOf, chunkData, fieldOf, type Message, type Peer, respond, statusOf } from "./support/http_peers.ts";

const CHUNKS = "5;a=b\r\nhello\r\n2\r\n, \r\n0a\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n";
const CHUNKS_DATA = "hello, 0123456789";
/** What a proxy may have under way for one exchange, with all buffers of the kernel's. */
const BOUND_BYTES = 25_000_000;

let count = 0;

function newId(): string {
  return `body${count++}`;
}

/** The body without its framing. */
function dataOf(message: Message): string {
  return fieldOf(message, "transfer-encoding") === undefined ? message.body : chunkData(message.body);
}

for (const driver of ["uring", "default"]) {
  describe(`bodies that filters see on the ${driver} driver`, () => {
    let scene: FilterScene;
    before(async () => {
      scene = await FilterScene.start(driver);
    });
    after(async () => {
      await scene.close();
      assert.doesNotMatch(scene.command.error, /bug|crashed/);
    });

    interface Sent {
      readonly method?: string;
      readonly fields?: string;
      readonly body?: string;
      readonly version?: string;
    }

    function requestBytes(target: string, id: string, { method = "POST", fields = "", body = "", version }: Sent) {
      const length = body !== "" && fields === "" ? `Content-Length: ${body.length}\r\n` : fields;
      return `${method} ${target} HTTP/${version ?? "1.1"}\r\nHost: a\r\nX-Id: ${id}\r\n${length}\r\n${body}`;
    }

    /** One exchange, whose connection goes on afterwards unless it says that it ends. */
    async function exchange(
      target: string,
      sent: Sent = {},
    ): Promise<{ response: Message; seen: Message | undefined; id: string }> {
      const id = newId();
      const peer = await scene.client();
      peer.send(requestBytes(target, id, sent));
      const response = await peer.response(sent.method);
      const seen = scene.upstream.requests.find((request) => fieldOf(request, "x-id") === id);
      if (fieldOf(response, "connection") !== "close" && response.isComplete && sent.version === undefined) {
        scene.upstream.answer = echoAll;
        peer.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal((await peer.response()).body, "GET /next HTTP/1.1");
      }
      peer.destroy();
      return { response, seen, id };
    }

    /** What the upstream has received on all connections. */
    function receivedBytes(): number {
      return scene.upstream.peers.reduce((sum, peer) => sum + peer.receivedBytes, 0);
    }

    /** The next request is answered with this, the others as usual. */
    function answerOnce(answer: string | ((peer: Peer) => void)): void {
      scene.upstream.answer = (request, peer) => {
        if (request.startLine.includes("/next")) return echoAll(request, peer);
        if (typeof answer === "string") peer.send(answer);
        else answer(peer);
      };
    }

    describe("read as a whole", () => {
      for (const wait of ["", "timer"]) {
        for (const hook of ["request", "route"]) {
          const read = async (query: string, sent: Sent) => {
            scene.upstream.answer = echoAll;
            return await exchange(`/read/x?hook=${hook}&wait=${wait}&${query}`, sent);
          };
          const name = `(${hook} hook${wait && `, after: ${wait}`})`;

          it(`requests up to the limit ${name}`, async () => {
            for (const length of [1, 9, 10]) {
              const { seen, response } = await read("limit=10", { body: "x".repeat(length) });
              assert.equal(seen?.body, "x".repeat(length));
              assert.equal(fieldOf(seen, "x-read"), String(length));
              assert.equal(response.body, "x".repeat(length));
            }
            const large = "0123456789".repeat(20_000);
            const { seen } = await read("limit=200000", { body: large });
            assert.ok(seen?.body === large);
          });

          it(`requests beyond the limit ${name}`, async () => {
            for (const then of ["", "ignore", "retry"]) {
              for (const length of [11, 50_000]) {
                const { response, seen, id } = await read(`limit=10&then=${then}`, { body: "x".repeat(length) });
                assert.ok(statusOf(response) === 413 || (then === "retry" && statusOf(response) === 500));
                assert.equal(seen, undefined);
                if (statusOf(response) === 413) assert.equal((await scene.end(id)).flag, "BL");
              }
            }
          });

          it(`requests without a body ${name}`, async () => {
            for (const sent of [{ method: "GET" }, { fields: "Content-Length: 0\r\n" }]) {
              const { seen, id } = await read("limit=0", sent);
              assert.equal(fieldOf(seen as Message, "x-read"), "0");
              assert.deepEqual((await scene.events(id)).notes, ["read 0"]);
            }
            const { response } = await read("limit=0", { body: "x" });
            assert.equal(statusOf(response), 413);
          });

          it(`requests in chunks ${name}`, async () => {
            const { seen } = await read("limit=20", {
              fields: "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n",
              body: CHUNKS,
            });
            assert.equal(dataOf(seen as Message), CHUNKS_DATA);
            const empty = await read("limit=0", { fields: "Transfer-Encoding: chunked\r\n", body: "0\r\n\r\n" });
            assert.equal(dataOf(empty.seen as Message), "");
          });

          it(`requests, and answer or replace them ${name}`, async () => {
            assert.equal((await read("limit=20&then=answer", { body: "to you" })).response.body, "to you");
            assert.equal((await read("limit=20&then=replace", { body: "to you" })).seen?.body, "<to you>");
            const { id } = await read("limit=20&then=again", { body: "to you" });
            assert.deepEqual((await scene.events(id)).notes, ["read 6", "again 6"]);
          });
        }

        it(`requests that wait for 100 Continue${wait && `, after: ${wait}`}`, async () => {
          scene.upstream.answer = echoAll;
          for (const path of [`/read/x?limit=9&wait=${wait}`, `/transform/x?kind=micro&wait=${wait}`]) {
            const peer = await scene.client();
            peer.send(
              `POST ${path} HTTP/1.1\r\nHost: a\r\nX-Id: ${newId()}\r\n` +
                "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n",
            );
            assert.equal(statusOf(await peer.response()), 100, path);
            peer.send("BODY");
            assert.equal(statusOf(await peer.response()), 200);
            assert.equal(dataOf(scene.upstream.requests.at(-1) as Message), "BODY");
            peer.destroy();
          }
          const seen = scene.upstream.requests.at(-1) as Message;
          assert.deepEqual(allOf(seen, "expect"), []);
        });

        it(`responses up to the limit, and beyond it${wait && `, after: ${wait}`}`, async () => {
          const target = `/read/x?hook=response&wait=${wait}&limit=10`;
          for (const body of ["", "x", "x".repeat(10)]) {
            const chunk = body && `${body.length.toString(16)}\r\n${body}\r\n`;
            for (const answer of [
              respond(body),
              `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\nX-T: 1\r\n\r\n`,
            ]) {
              answerOnce(answer);
              const { response } = await exchange(target);
              assert.equal(dataOf(response), body);
              assert.equal(fieldOf(response, "x-read"), String(body.length));
            }
            answerOnce((peer) => peer.end(`HTTP/1.1 200 OK\r\n\r\n${body}`));
            assert.equal(dataOf((await exchange(target)).response), body);
          }
          for (const then of ["", "ignore"]) {
            for (const length of [11, 300_000]) {
              answerOnce(respond("x".repeat(length)));
              const { response, id } = await exchange(`${target}&then=${then}`);
              assert.equal(statusOf(response), 502);
              assert.equal((await scene.end(id)).flag, "BL");
            }
          }
        });

        it(`responses without a body${wait && `, after: ${wait}`}`, async () => {
          const target = `/read/x?hook=response&wait=${wait}&limit=10`;
          answerOnce("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
          const head = await exchange(target, { method: "HEAD" });
          assert.equal(fieldOf(head.response, "x-read"), "0");
          assert.equal(fieldOf(head.response, "content-length"), "100");
          answerOnce("HTTP/1.1 304 Not Modified\r\n\r\n");
          assert.equal(statusOf((await exchange(target)).response), 304);
        });

        it(`responses that are not complete${wait && `, after: ${wait}`}`, async () => {
          answerOnce((peer) => peer.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
          const { response, id } = await exchange(`/read/x?hook=response&wait=${wait}&limit=10`);
          assert.equal(statusOf(response), 502);
          await scene.noted(id, "ERR_BODY_INCOMPLETE");
          assert.equal((await scene.end(id)).flag, "UC");
        });
      }

      it("responses that the proxy makes", async () => {
        const { response } = await exchange("/read/x?hook=response&limit=1000&then=replace", { method: "TRACE" });
        assert.match(response.body, /^<405 .*>$/s);
        const tooLong = await exchange("/read/x?hook=response&limit=10", { method: "TRACE" });
        assert.equal(statusOf(tooLong.response), 502);
      });

      it("requests whose client leaves", async () => {
        for (const wait of ["", "timer"]) {
          const id = newId();
          const peer = await scene.client();
          peer.send(
            `POST /read/x?limit=99&wait=${wait} HTTP/1.1\r\nHost: a\r\nX-Id: ${id}\r\nContent-Length: 9\r\n\r\nhalf`,
          );
          await new Promise((resolve) => setTimeout(resolve, 20));
          peer.destroy();
          await scene.noted(id, "ERR_BODY_INCOMPLETE");
          const { flag, status, receivedBytes } = await scene.end(id);
          assert.deepEqual([flag, status, receivedBytes], ["DC", 0, 4]);
        }
      });

      it("requests whose chunks break a rule", async () => {
        const { response, id } = await exchange("/read/x?limit=99", {
          fields: "Transfer-Encoding: chunked\r\n",
          body: "3\r\nabc\r\nnonsense\r\n",
        });
        assert.equal(statusOf(response), 400);
        await scene.noted(id, "ERR_BODY_INCOMPLETE");
        assert.equal((await scene.end(id)).flag, "DPE");
      });

      it("requests that stand still", async () => {
        const id = newId();
        const peer = await scene.client();
        peer.send(`POST /read/x?limit=99 HTTP/1.1\r\nHost: a\r\nX-Id: ${id}\r\nContent-Length: 9\r\n\r\nhalf`);
        assert.equal(statusOf(await peer.response()), 504);
        peer.destroy();
        await scene.noted(id, "ERR_BODY_INCOMPLETE");
        assert.equal((await scene.end(id)).flag, "FT");
      });
    });

    describe("replaced", () => {
      const REPLACED: readonly (readonly [kind: string, body: string])[] = [
        ["text", "r\xc3\xa9placed"],
        ["bytes", "bytes"],
        ["empty", ""],
        ["stream", "piece 0;piece 1;piece 2;"],
        ["slow", "piece 0;piece 1;piece 2;"],
      ];
      for (const wait of ["", "timer"]) {
        for (const [kind, body] of wait === "" ? REPLACED : REPLACED.filter(([one]) => one.startsWith("s"))) {
          const name = `by: ${kind}${wait && `, after: ${wait}`}`;
          it(`requests, ${name}`, async () => {
            scene.upstream.answer = echoAll;
            for (const hook of ["request", "route"]) {
              for (const sent of [
                { body: "as it was" },
                { method: "GET" },
                { fields: "Transfer-Encoding: chunked\r\n", body: CHUNKS },
                { body: "x".repeat(70_000) },
              ]) {
                const { seen } = await exchange(`/replace/x?hook=${hook}&wait=${wait}&kind=${kind}`, sent);
                assert.ok(seen?.isComplete);
                assert.equal(dataOf(seen), body);
                const isKnown = !["stream", "slow"].includes(kind);
                assert.equal(fieldOf(seen, "content-length"), isKnown ? String(body.length) : undefined);
              }
            }
          });

          it(`responses, ${name}`, async () => {
            const target = `/replace/x?hook=response&wait=${wait}&kind=${kind}`;
            for (const answer of [
              respond("as it was"),
              respond("x".repeat(300_000)),
              respond(""),
              `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
            ]) {
              answerOnce(answer);
              const { response } = await exchange(target);
              assert.ok(response.isComplete);
              assert.equal(dataOf(response), body);
            }
            answerOnce((peer) => peer.end("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
            assert.equal(dataOf((await exchange(target)).response), body);
            answerOnce(respond("old"));
            const old = await exchange(target, { version: "1.0" });
            assert.equal(old.response.body, body);
            assert.ok(old.response.isComplete);
            answerOnce("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
            const head = await exchange(target, { method: "HEAD" });
            assert.equal(statusOf(head.response), 200);
            answerOnce("HTTP/1.1 204 No Content\r\n\r\n");
            assert.equal(statusOf((await exchange(target)).response), 204);
          });
        }
      }

      it("by a stream that fails", async () => {
        scene.upstream.answer = (request, peer) => {
          if (request.isComplete) return echoAll(request, peer);
        };
        const { response, id } = await exchange("/replace/x?kind=failing", { body: "x" });
        assert.equal(statusOf(response), 500);
        assert.equal((await scene.end(id)).flag, "FE");
        answerOnce(respond("x"));
        const cut = await exchange("/replace/x?hook=response&kind=failing");
        assert.equal(cut.response.isComplete, false);
        assert.ok(cut.response.body.includes("piece 1;"));
        assert.equal((await scene.end(cut.id)).flag, "FE");
      });

      it("by a stream whose client leaves", async () => {
        for (const target of ["/replace/x?kind=endless", "/replace/x?hook=response&kind=endless"]) {
          answerOnce(respond("x"));
          const id = newId();
          const bytesBefore = receivedBytes();
          const peer = await scene.client();
          peer.send(requestBytes(target, id, { method: "GET" }));
          if (target.includes("response")) await peer.takeThrough("piece 3;");
          else await until(() => receivedBytes() > bytesBefore + 2000, "it is sent");
          peer.socket.resetAndDestroy();
          await scene.noted(id, "cancelled");
          assert.equal((await scene.end(id)).flag, "DC");
        }
      });

      it("by a stream that nobody is sent", async () => {
        const head = await exchange("/replace/x?hook=response&kind=endless", { method: "HEAD" });
        await scene.noted(head.id, "cancelled");
        // Answered before its body was wanted.
        const dead = await exchange("/replace/dead?kind=endless");
        assert.equal(statusOf(dead.response), 502);
        await scene.noted(dead.id, "cancelled");
      });

      it("by a stream that is faster than its reader", async () => {
        answerOnce(respond("x"));
        const peer = await scene.client();
        const id = newId();
        peer.socket.pause();
        peer.send(requestBytes("/replace/x?hook=response&kind=flood", id, { method: "GET" }));
        const before = await memoryOf(scene);
        await new Promise((resolve) => setTimeout(resolve, 300));
        assert.ok((await memoryOf(scene)) - before < 100_000_000);
        peer.destroy();
        await scene.noted(id, "cancelled");
      });

      it("in a request that asks for another protocol: not possible", async () => {
        const { response } = await exchange("/replace/x?kind=text", {
          method: "GET",
          fields: "Connection: upgrade\r\nUpgrade: websocket\r\n",
        });
        assert.equal(statusOf(response), 500);
      });
    });

    describe("changed", () => {
      const CHANGED: readonly (readonly [kind: string, of: (data: string) => string])[] = [
        ["upper", (data) => data.toUpperCase()],
        ["micro", (data) => data.toUpperCase()],
        ["async", (data) => data.toUpperCase()],
        ["shrink", () => ""],
        ["split", (data) => data],
        ["none upper split micro none", (data) => data.toUpperCase()],
      ];
      for (const wait of ["", "timer"]) {
        for (const [kind, change] of CHANGED) {
          for (const tail of wait === "" ? ["", "yes"] : ["yes"]) {
            const query = `kind=${kind.replaceAll(" ", "%20")}&wait=${wait}&tail=${tail}`;
            const expected = (data: string) => change(data) + tailOf(kind, tail);
            const name = `${kind}${tail && ", with a tail"}${wait && `, after: ${wait}`}`;
            it(`requests: ${name}`, async () => {
              scene.upstream.answer = echoAll;
              for (const [data, sent] of [
                ["hello", { body: "hello" }],
                [CHUNKS_DATA, { fields: "Transfer-Encoding: chunked\r\n", body: CHUNKS }],
              ] as const) {
                const { seen, id } = await exchange(`/transform/x?${query}`, sent);
                assert.ok(seen?.isComplete);
                assert.equal(dataOf(seen), expected(data));
                assert.equal(fieldOf(seen, "transfer-encoding"), "chunked");
                assert.equal(fieldOf(seen, "content-length"), undefined);
                const ends = kind.split(" ").map((_, index) => `end ${index}`);
                assert.deepEqual((await scene.events(id)).notes, ends);
              }
              const { seen } = await exchange(`/transform/x?${query}`, { method: "GET" });
              assert.equal(seen?.body, "");
              assert.equal(fieldOf(seen as Message, "transfer-encoding"), undefined);
            });

            it(`responses: ${name}`, async () => {
              const target = `/transform/x?hook=response&${query}`;
              answerOnce(respond("hello"));
              const { response } = await exchange(target);
              assert.equal(dataOf(response), expected("hello"));
              answerOnce(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`);
              assert.equal(dataOf((await exchange(target)).response), expected(CHUNKS_DATA));
              answerOnce((peer) => peer.end("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
              assert.equal(dataOf((await exchange(target)).response), expected("until the end"));
              answerOnce(respond("old"));
              const old = await exchange(target, { version: "1.0", method: "GET" });
              assert.equal(old.response.body, expected("old"));
              assert.ok(old.response.isComplete);
              assert.equal(fieldOf(old.response, "transfer-encoding"), undefined);
              const local = await exchange(target, { method: "TRACE" });
              assert.match(dataOf(local.response), kind === "shrink" ? /^(tail 0;)?$/ : /not allowed/i);
            });
          }
        }
      }

      it("responses without a body are left alone", async () => {
        answerOnce("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        const head = await exchange("/transform/x?hook=response&kind=upper", { method: "HEAD" });
        assert.equal(statusOf(head.response), 200);
        assert.equal(fieldOf(head.response, "transfer-encoding"), undefined);
        assert.deepEqual((await scene.events(head.id)).notes, ["abort 0"]);
        for (const status of ["204 No Content", "304 Not Modified"]) {
          answerOnce(`HTTP/1.1 ${status}\r\n\r\n`);
          const { response } = await exchange("/transform/x?hook=response&kind=upper", { method: "GET" });
          assert.equal(response.startLine, `HTTP/1.1 ${status}`);
        }
      });

      it("interim responses pass", async () => {
        answerOnce(`HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${respond("x")}`);
        const peer = await scene.client();
        peer.send(requestBytes("/transform/x?hook=response&kind=micro", newId(), { method: "GET" }));
        assert.equal(statusOf(await peer.response()), 103);
        assert.equal(dataOf(await peer.response()), "X");
        peer.destroy();
      });

      for (const kind of ["throw", "reject", "throw-first", "garbage"]) {
        it(`and cut short where that fails: ${kind}`, async () => {
          const isFirst = kind === "throw-first" || kind === "garbage";
          answerOnce(async (peer) => {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\npiece one.");
            await new Promise((resolve) => setTimeout(resolve, 20));
            peer.send("piece two.");
          });
          const { response, id } = await exchange(`/transform/x?hook=response&kind=${kind}`, { method: "GET" });
          assert.equal(statusOf(response), 200);
          assert.equal(response.isComplete, false);
          assert.equal(response.body.includes("piece one."), !isFirst);
          assert.equal(response.body.includes("piece two."), false);
          assert.equal((await scene.end(id)).flag, "FE");
          assert.deepEqual((await scene.events(id)).notes, ["abort 0"]);
          // The request's, too, and nobody takes it for complete.
          scene.upstream.answer = echoAll;
          const failed = await exchange(`/transform/x?kind=${kind} none`.replace(" ", "%20"), {
            fields: "Transfer-Encoding: chunked\r\n",
            body: CHUNKS,
          });
          assert.equal(statusOf(failed.response), 500);
          assert.deepEqual((await scene.events(failed.id)).notes, ["abort 0", "abort 1"]);
        });
      }

      it("aborted once when the client leaves, or the endpoint", async () => {
        for (const kind of ["none", "micro", "async"]) {
          let peers: Peer[] = [];
          answerOnce((peer) => {
            peers.push(peer);
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\npiece one.");
          });
          const start = async (target: string, method: string, after: string) => {
            const id = newId();
            const peer = await scene.client();
            const fields = method === "POST" ? "Content-Length: 9\r\n" : "";
            peer.send(`${requestBytes(target, id, { method, fields })}${after}`);
            return { id, peer };
          };
          const download = `/transform/x?hook=response&kind=${kind}`;
          const left = await start(download, "GET", "");
          await left.peer.takeThrough(kind === "none" ? "piece one." : "PIECE ONE.");
          left.peer.socket.resetAndDestroy();
          assert.equal((await scene.end(left.id)).flag, "DC");
          assert.deepEqual((await scene.events(left.id)).notes, ["abort 0"]);
          peers = [];
          const cut = await start(download, "GET", "");
          await cut.peer.takeThrough(kind === "none" ? "piece one." : "PIECE ONE.");
          peers[0]?.destroy();
          await cut.peer.takeRest();
          assert.equal((await scene.end(cut.id)).flag, "UC");
          assert.deepEqual((await scene.events(cut.id)).notes, ["abort 0"]);
          const bytesBefore = receivedBytes();
          const upload = await start(`/transform/x?kind=${kind}`, "POST", "half");
          await until(() => receivedBytes() > bytesBefore, "it is forwarded");
          upload.peer.socket.resetAndDestroy();
          assert.equal((await scene.end(upload.id)).flag, "DC");
          assert.deepEqual((await scene.events(upload.id)).notes, ["abort 0"]);
        }
      });
    });

    describe("sent again", () => {
      it("as filters changed them", async () => {
        for (const query of ["kind=upper", "kind=micro", "kind=text", "kind=stream"]) {
          let tries = 0;
          const bodies: string[] = [];
          scene.upstream.answer = (request, peer) => {
            if (request.startLine.includes("/next")) return echoAll(request, peer);
            bodies.push(dataOf(request));
            if (++tries === 1) peer.destroy();
            else if (tries === 2) peer.send(respond("", "", "503 No"));
            else peer.send(respond("done"));
          };
          const { response } = await exchange(`/retry/x?${query}`, { body: "hello" });
          assert.equal(response.body, "done");
          assert.equal(bodies.length, 3);
          const expected =
            { "kind=text": "r\xc3\xa9placed", "kind=stream": "piece 0;piece 1;piece 2;" }[query] ?? "HELLO";
          assert.deepEqual(bodies, [expected, expected, expected]);
        }
      });
    });

    describe("larger than memory should be", () => {
      for (const kind of ["micro", "grow"]) {
        it(`responses, for a client that does not read: ${kind}`, async () => {
          const total = 30_000_000;
          let sent = 0;
          const piece = Buffer.alloc(100_000, "a");
          answerOnce((peer) => {
            peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
            const go = () => {
              while (sent < total && !peer.isClosed) {
                sent += piece.length;
                if (!peer.socket.write(piece)) {
                  peer.socket.once("drain", go);
                  return;
                }
              }
            };
            go();
          });
          const peer = await scene.client();
          peer.socket.pause();
          peer.send(requestBytes(`/transform/x?hook=response&kind=${kind}`, newId(), { method: "GET" }));
          await untilStill(() => sent);
          assert.ok(sent < BOUND_BYTES, `${sent} bytes were taken`);
          // All of it arrives in the end.
          let received = 0;
          let last = "";
          peer.socket.removeAllListeners("data");
          peer.socket.on("data", (bytes: Buffer) => {
            received += bytes.length;
            last = bytes.toString("latin1").slice(-5);
          });
          peer.socket.resume();
          await until(() => last === "0\r\n\r\n", "all has arrived");
          assert.ok(received > (kind === "grow" ? total * 10 : total));
          peer.destroy();
        });

        it(`requests, for an endpoint that does not read: ${kind}`, async () => {
          const total = 30_000_000;
          const id = newId();
          const peer = await scene.client();
          peer.send(requestBytes(`/transform/silent?kind=${kind}`, id, { fields: `Content-Length: ${total}\r\n` }));
          const piece = Buffer.alloc(100_000, "a");
          let sent = 0;
          const go = () => {
            while (sent < total && !peer.isClosed) {
              sent += piece.length;
              if (!peer.socket.write(piece)) {
                peer.socket.once("drain", go);
                return;
              }
            }
          };
          go();
          await untilStill(() => sent);
          assert.ok(sent < BOUND_BYTES, `${sent} bytes were taken`);
          peer.socket.resetAndDestroy();
          assert.equal((await scene.end(id)).flag, "DC");
        });
      }
    });
  });
}

/** What the `onEnd` of all transforms together adds, each by those behind it. */
function tailOf(kind: string, tail: string): string {
  if (tail === "") return "";
  const kinds = kind.split(" ");
  return kinds
    .map((_, index) => {
      const isUpper = kinds.slice(index + 1).some((one) => ["upper", "micro", "async"].includes(one));
      return isUpper ? `TAIL ${index};` : `tail ${index};`;
    })
    .join("");
}

/** Resolves when a number does not grow any more. */
async function untilStill(value: () => number): Promise<void> {
  let last = -1;
  let sameRounds = 0;
  await until(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    sameRounds = value() === last && last > 0 ? sameRounds + 1 : 0;
    last = value();
    return sameRounds >= 10;
  }, "nothing more is taken");
}

/** The memory of the proxy's process in bytes. */
async function memoryOf(scene: FilterScene): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const status = await readFile(`/proc/${scene.command.child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
