/**
 * Requests that two parsers read differently, against an upstream that accepts everything: none of what is hidden in
 * them is seen by the upstream as a request, and none of what is hidden in a response reaches another client.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { BAD_BODIES } from "../lib/http/test_bad_bodies.ts";
import { BAD_REQUESTS } from "../lib/http/test_bad_heads.ts";
import { type RunningCommand, until } from "./support/command.ts";
import { client, type Peer, RawUpstream, respond, statusOf } from "./support/http_peers.ts";
import { startProxy, withRawUpstream } from "./support/http_scene.ts";

/** What must not become a request, or a part of one. */
const HIDDEN = "GET /smuggled HTTP/1.1\r\nHost: victim\r\nX-Smuggled: yes\r\n\r\n";
const POST = "POST /front HTTP/1.1\r\nHost: a\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const HIDDEN_BYTES = HIDDEN.length;
const HIDDEN_SIZE = HIDDEN_BYTES.toString(16);

/** Ways to hide a request, most of them from what was found in servers and proxies. */
const ATTACKS: ReadonlyMap<string, string> = new Map([
  ["CL.TE", `${POST}Content-Length: ${HIDDEN_BYTES + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE.CL", `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${HIDDEN_SIZE}\r\n${HIDDEN}\r\n0\r\n\r\n`],
  ["TE.TE, a second coding", `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE.TE, in a list", `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE.TE, identity first", `${POST}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE with another name", `${POST}Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE with a vertical tab", `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE with a quote", `${POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE with a space before the colon", `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE on a folded line", `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE behind a folded line", `${POST}X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE behind a bare LF", `${POST}X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE behind a bare CR", `${POST}X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE in HTTP/1.0", `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE with NUL", `${POST}Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["TE with a parameter", `${POST}Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["two CL", `${POST}Content-Length: 0\r\nContent-Length: ${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`],
  ["two equal CL", `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello${HIDDEN}`],
  ["a list of CL", `${POST}Content-Length: 0, ${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`],
  ["CL with a sign", `${POST}Content-Length: +${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`],
  ["CL in hexadecimal", `${POST}Content-Length: 0x10\r\n\r\n${HIDDEN}`],
  ["CL with a space inside", `${POST}Content-Length: 1 0\r\n\r\n${HIDDEN}`],
  ["CL beyond 64 bits", `${POST}Content-Length: 18446744073709551616\r\n\r\n${HIDDEN}`],
  ["CL with a space before the colon", `${POST}Content-Length : ${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`],
  ["CL behind a bare LF", `${POST}X: a\nContent-Length: ${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`],
  ["a head that ends with bare LFs", `${POST}Content-Length: ${HIDDEN_BYTES}\n\n${HIDDEN}`],
  ["a line without a colon", `${POST}Content-Length ${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`],
  ["NUL in a name", `${POST}Content-Length\0: ${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`],
  ["a space before the first field", `POST / HTTP/1.1\r\n Host: a\r\nContent-Length: 1\r\n\r\n${HIDDEN}`],
  ["two hosts", `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${HIDDEN}`],
  ["a request in the target", `GET / HTTP/1.1\r\n\r\n${HIDDEN}`],
  ["a version of its own", `GET / HTTP/1.2\r\nHost: a\r\n\r\n${HIDDEN}`],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["CONNECT with a body", `CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 5\r\n\r\n${HIDDEN}`],
  ["a chunk that is longer than its size", `${CHUNKED}1\r\nab\r\n0\r\n\r\n${HIDDEN}`],
  ["a chunk that ends with LF", `${CHUNKED}1\r\na\n0\r\n\r\n${HIDDEN}`],
  ["a chunk line that ends with LF", `${CHUNKED}1;\na\r\n0\r\n\r\n${HIDDEN}`],
  ["a chunk line that ends with CR", `${CHUNKED}1\ra\r\n0\r\n\r\n${HIDDEN}`],
  ["a chunk extension with LF", `${CHUNKED}1;x\n${HIDDEN_SIZE}\r\na\r\n0\r\n\r\n${HIDDEN}`],
  ["a chunk size in 0x", `${CHUNKED}0x1\r\na\r\n0\r\n\r\n${HIDDEN}`],
  ["a chunk size with a sign", `${CHUNKED}-1\r\na\r\n0\r\n\r\n${HIDDEN}`],
  ["a chunk size beyond 64 bits", `${CHUNKED}10000000000000001\r\na\r\n0\r\n\r\n${HIDDEN}`],
  ["a chunk size with a space", `${CHUNKED}1 \r\na\r\n0\r\n\r\n${HIDDEN}`],
  ["a trailer that frames", `${CHUNKED}0\r\nContent-Length: ${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`],
  ["a trailer that ends with LF", `${CHUNKED}0\r\nX: a\n\r\n${HIDDEN}`],
  ["a folded trailer", `${CHUNKED}0\r\nX: a\r\n b\r\n\r\n${HIDDEN}`],
]);

/** Responses with more in them than one response, or other fields for who reads them in another way. */
const SPLITS: ReadonlyMap<string, string> = new Map([
  ["CR in a value", "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n"],
  ["LF in a value", "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n"],
  ["NUL in a value", "HTTP/1.1 200 OK\r\nX: a\0evil\r\nContent-Length: 0\r\n\r\n"],
  ["LF in the reason", "HTTP/1.1 200 OK\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n"],
  ["two CL", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nevil"],
  ["CL and TE", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"],
  ["TE with another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"],
  ["a folded field", "HTTP/1.1 200 OK\r\nX: a\r\n Set-Cookie: evil\r\nContent-Length: 0\r\n\r\n"],
  ["a space before a colon", "HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\nevil"],
]);

/** Is a whole request, as a lenient server finds it at a line's start, in what the upstream was sent? */
function requestsIn(text: string): string[] {
  return text.match(/^[A-Za-z-]+ \S+ HTTP\/[\d.]+\r?$/gm) ?? [];
}

for (const driver of ["uring", "default"]) {
  describe(`an attack on the ${driver} driver`, () => {
    let upstream: RawUpstream;
    let command: RunningCommand;
    let port = 0;
    let markers = 0;
    before(async () => {
      upstream = await RawUpstream.start();
      command = startProxy(driver, [upstream.port]);
      port = await command.port();
    });
    after(async () => {
      await command.stop();
      await upstream.close();
    });

    /** Whatever was forwarded before has arrived once this has. */
    afterEach(async () => {
      const peer = await client(port);
      const marker = `/marker-${++markers}`;
      peer.send(`GET ${marker} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await until(() => upstream.peers.some(({ text }) => text.includes(`${marker} `)), "the marker arrived");
      const seen = upstream.peers.flatMap(({ text }) => requestsIn(text));
      peer.destroy();
      for (const line of seen) assert.match(line, /^POST \/(?:front)? |^GET \/marker-\d+ /);
      for (const { text } of upstream.peers) assert.doesNotMatch(text, /smuggled/i);
    });

    /** All that comes back, and what the upstream has seen meanwhile. */
    async function attack(bytes: string): Promise<{ answer: string; seen: string }> {
      const peer = await client(port);
      const first = upstream.peers.length;
      peer.send(bytes);
      const answer = await peer.takeRest();
      peer.destroy();
      return {
        answer,
        seen: upstream.peers
          .slice(first)
          .map(({ text }) => text)
          .join(""),
      };
    }

    /** Refused, and the connection ended. */
    function assertRefused(name: string, { answer, seen }: { answer: string; seen: string }): void {
      assert.match(answer, /^HTTP\/1\.1 (?:400|413|414|431|501|505) .*\r\n(?:.*\r\n)*connection: close\r\n/, name);
      assert.equal(answer.match(/^HTTP\/1\.1 /gm)?.length, 1, `${name}: one response`);
      assert.ok(requestsIn(seen).length <= 1, `${name}: ${JSON.stringify(seen)}`);
      assert.doesNotMatch(seen, /smuggled/i, name);
    }

    it("with a request hidden in another is refused, and the upstream sees nothing of it", async () => {
      for (const [name, bytes] of ATTACKS) assertRefused(name, await attack(bytes));
    });

    it("with any head that breaks a rule is refused, and the upstream sees nothing", async () => {
      const attacks = BAD_REQUESTS.map(async ([fault, , text]) => {
        const result = await attack(text);
        assertRefused(`${fault} ${JSON.stringify(text.slice(0, 99))}`, result);
      });
      await Promise.all(attacks);
    });

    it("with any body that breaks a rule is refused, and the upstream sees no end of it", async () => {
      for (const [fault, , , text] of BAD_BODIES) {
        const result = await attack(CHUNKED + text);
        assertRefused(`${fault} ${JSON.stringify(text.slice(0, 99))}`, result);
        assert.doesNotMatch(result.seen, /\r\n0\r\n(?:.*\r\n)*\r\n$/, fault);
      }
    });

    it("that comes byte by byte is refused, too", async () => {
      for (const name of ["CL.TE", "TE.CL", "TE with a space before the colon", "a chunk extension with LF"]) {
        const peer = await client(port);
        const first = upstream.peers.length;
        for (const byte of ATTACKS.get(name) ?? assert.fail()) {
          if (peer.isOver) break;
          peer.send(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const answer = await peer.takeRest();
        peer.destroy();
        assertRefused(name, {
          answer,
          seen: upstream.peers
            .slice(first)
            .map(({ text }) => text)
            .join(""),
        });
      }
    });
  });

  describe(`a hidden request that is a body on the ${driver} driver`, () => {
    it("stays one, for the upstream and for the proxy", () =>
      withRawUpstream(driver, [], async ({ client: attacker, upstream, port }) => {
        attacker.send(`GET /front HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN_BYTES}\r\n\r\n${HIDDEN}`);
        const peer = await upstream.next();
        assert.equal((await peer.request()).body, HIDDEN);
        peer.send(respond("front"));
        assert.equal((await attacker.response()).body, "front");
        const victim = await client(port);
        victim.send("GET /victim HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal((await peer.request()).startLine, "GET /victim HTTP/1.1");
        peer.send(respond("victim"));
        assert.equal((await victim.response()).body, "victim");
        victim.destroy();
      }));
  });

  describe(`a response on the ${driver} driver`, () => {
    /** One client's request is answered with these bytes; then another client asks. */
    async function answerWith(bytes: string): Promise<{ first: string; status: number; second: string }> {
      let result = { first: "", status: 0, second: "" };
      await withRawUpstream(driver, [], async ({ client: attacker, upstream, port }) => {
        attacker.send("GET /front HTTP/1.1\r\nHost: a\r\n\r\n");
        const peer = await upstream.next();
        await peer.request();
        peer.send(bytes);
        const response = await attacker.response();
        const victim = await client(port);
        victim.send("GET /victim HTTP/1.1\r\nHost: a\r\n\r\n");
        const other: Peer = await upstream.next();
        assert.equal((await other.request()).startLine, "GET /victim HTTP/1.1");
        other.send(respond("for the victim"));
        const second = (await victim.response()).body;
        attacker.send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
        await other.request();
        other.send(respond("again"));
        const again = (await attacker.response()).body;
        assert.equal(again, "again");
        victim.destroy();
        result = { first: JSON.stringify(response), status: statusOf(response), second };
      });
      return result;
    }

    it("that can be read in two ways is 502, and nothing of it is passed on", async () => {
      for (const [name, bytes] of SPLITS) {
        const { first, status, second } = await answerWith(bytes);
        assert.equal(status, 502, name);
        assert.doesNotMatch(first, /evil/, name);
        assert.equal(second, "for the victim", name);
      }
    });

    it("that is followed by another one leaves that one to nobody", async () => {
      const { first, status, second } = await answerWith(`${respond("first")}${respond("evil")}`);
      assert.equal(status, 200);
      assert.doesNotMatch(first, /evil/);
      assert.equal(second, "for the victim");
    });
  });
}
