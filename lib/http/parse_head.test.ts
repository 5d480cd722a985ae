import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FAULT } from "./fault.ts";
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  type Head,
  TARGET_ABSOLUTE,
  TARGET_ASTERISK,
  TARGET_AUTHORITY,
  TARGET_ORIGIN,
} from "./head.ts";
import { METHOD_CONNECT, METHOD_GET, METHOD_HEAD, METHOD_OTHER, METHOD_POST } from "./methods.ts";
import { PARSE_FAULT, PARSE_INCOMPLETE, parseRequestHead, parseResponseHead } from "./parse_head.ts";
import { BAD_REQUESTS, BAD_RESPONSES } from "./test_bad_heads.ts";
import { latin1, parseHead, summarize } from "./test_messages.ts";

function request(text: string): Head {
  const { head, length } = parseHead(latin1(text), { isRequest: true, isGuarded: true });
  assert.equal(head.fault, null, JSON.stringify(text));
  assert.equal(length, text.length, JSON.stringify(text));
  return head;
}

function response(text: string, requestMethod: number = METHOD_GET): Head {
  const { head, length } = parseHead(latin1(text), { isRequest: false, requestMethod, isGuarded: true });
  assert.equal(head.fault, null, JSON.stringify(text));
  assert.equal(length, text.length, JSON.stringify(text));
  return head;
}

/** What a request with these lines says, behind a request line. */
function get(...lines: string[]): Head {
  return request(`GET / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`);
}

function short(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.length > 90 ? `${quoted.slice(0, 80)}... (${text.length})` : quoted;
}

describe("refused", () => {
  for (const [kind, heads] of [
    ["request", BAD_REQUESTS],
    ["response", BAD_RESPONSES],
  ] as const) {
    for (const [fault, section, text] of heads) {
      it(`${kind}, ${fault} (${section}): ${short(text)}`, () => {
        const bytes = latin1(text);
        const isRequest = kind === "request";
        assert.equal(summarize(bytes, { isRequest, isGuarded: true }).result, fault);
        const cuts = bytes.length > 1000 ? [1, 500, bytes.length - 1] : bytes.keys();
        assert.equal(summarize(bytes, { isRequest, cuts: [...cuts] }).result, fault, "in parts");
      });
    }
  }
});

describe("request line", () => {
  it("says method, target and version", () => {
    const head = request("POST /a/b?c=d HTTP/1.0\r\n\r\n");
    assert.equal(head.method, METHOD_POST);
    assert.equal(head.methodEnd, 4);
    assert.deepEqual([head.targetStart, head.targetEnd, head.targetForm], [5, 13, TARGET_ORIGIN]);
    assert.deepEqual([head.pathStart, head.queryStart, head.pathEnd], [5, 9, 13]);
    assert.equal(head.minorVersion, 0);
    assert.equal(head.hasHost, false);
  });

  it("accepts one empty line before it, which counts (RFC 9112 2.2)", () => {
    const head = request("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.deepEqual([head.methodStart, head.methodEnd, head.targetStart], [2, 5, 6]);
  });

  it("accepts methods that are not known, in any case", () => {
    assert.equal(request("get / HTTP/1.0\r\n\r\n").method, METHOD_OTHER);
    assert.equal(request("PROPFIND / HTTP/1.0\r\n\r\n").method, METHOD_OTHER);
    assert.equal(request(`${"A".repeat(64)} / HTTP/1.0\r\n\r\n`).methodEnd, 64);
  });

  it("accepts characters that browsers send, although a URI does not have them", () => {
    request('GET /a"<>[]\\^`{|}%zz?"<>[]\\^`{|}%zz HTTP/1.0\r\n\r\n');
  });

  it("accepts the absolute form, whose host wins over the Host field (RFC 9112 3.2.2)", () => {
    const text = "GET HTTP://b.c:81/d?e HTTP/1.1\r\nHost: a\r\n\r\n";
    const head = request(text);
    assert.equal(head.targetForm, TARGET_ABSOLUTE);
    assert.equal(text.slice(head.hostStart, head.hostEnd), "b.c:81");
    assert.equal(text.slice(head.hostStart, head.hostNameEnd), "b.c");
    assert.equal(text.slice(head.pathStart, head.pathEnd), "/d?e");
    assert.equal(text.slice(head.queryStart, head.pathEnd), "?e");
    assert.equal(head.hostField, 0);
  });

  it("accepts the absolute form without a path", () => {
    const head = request("GET https://b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.deepEqual([head.pathStart, head.pathEnd, head.queryStart], [13, 13, -1]);
    const withQuery = request("GET http://b?c HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.deepEqual([withQuery.pathStart, withQuery.queryStart, withQuery.pathEnd], [12, 12, 14]);
  });

  it("accepts the authority form with CONNECT, and the asterisk form with OPTIONS", () => {
    const connect = request("CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.equal(connect.targetForm, TARGET_AUTHORITY);
    assert.equal(connect.method, METHOD_CONNECT);
    assert.deepEqual([connect.hostStart, connect.hostNameEnd, connect.hostEnd], [8, 13, 17]);
    assert.deepEqual([connect.pathStart, connect.pathEnd], [17, 17]);
    assert.equal(request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").targetForm, TARGET_ASTERISK);
  });
});

describe("status line", () => {
  it("says version, status and reason", () => {
    const text = "HTTP/1.1 404 Not \tF\xf6und\r\n\r\n";
    const head = response(text);
    assert.equal(head.status, 404);
    assert.equal(text.slice(head.reasonStart, head.reasonEnd), "Not \tF\xf6und");
  });

  it("accepts an empty reason, with the space before it or without", () => {
    for (const text of ["HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 200\r\n\r\n"]) {
      const head = response(text);
      assert.equal(head.status, 200);
      assert.equal(head.reasonStart, head.reasonEnd);
    }
    assert.equal(response("HTTP/1.0 100 a\r\n\r\n").status, 100);
    assert.equal(response("HTTP/1.0 599 a\r\n\r\n").status, 599);
  });
});

describe("fields", () => {
  it("have values without the whitespace around them", () => {
    const { fields } = summarize(latin1("GET / HTTP/1.0\r\nA:b\r\nC: \t d \t e \t\r\nE:\r\nF: \t\r\n\r\n"), {
      isRequest: true,
    });
    assert.deepEqual(fields, ["A: b (0, end)", "C: d \t e (0, end)", "E:  (0, end)", "F:  (0, end)"]);
  });

  it("may be as many and as long as the limits say", () => {
    request(`GET / HTTP/1.1\r\nHost: a\r\n${"X: a\r\n".repeat(99)}\r\n`);
    const start = "GET / HTTP/1.0\r\nX: ";
    request(`${start}${"a".repeat(16384 - start.length - 4)}\r\n\r\n`);
    request(`GET /${"a".repeat(8191)} HTTP/1.0\r\n\r\n`);
  });

  it("are marked when they are for this hop only", () => {
    const { fields } = summarize(
      latin1(
        "GET / HTTP/1.1\r\nX-One: 1\r\nHost: a\r\nConnection: x-ONE, , TE ,host\r\nTE: trailers\r\nx-one: 2\r\n" +
          "Keep-Alive: 5\r\nProxy-Connection: close\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\nX-Two: 2\r\n" +
          "connection:transfer-encoding,via,x-forwarded-for,Y\r\nVia: b\r\nX-Forwarded-For: c\r\nTrailer: y\r\n" +
          "Proxy-Authorization: d\r\nY: 3\r\n\r\n",
      ),
      { isRequest: true },
    );
    const hops = fields.filter((field) => field.endsWith("hop)")).map((field) => field.split(":")[0]);
    const hopByHop = ["X-One", "Connection", "TE", "x-one", "Keep-Alive", "Proxy-Connection", "Upgrade", "connection"];
    assert.deepEqual(hops, [...hopByHop, "Y"]);
  });
});

describe("Host", () => {
  it("may be a name, an address, and have a port", () => {
    for (const host of ["a", "a.b-c_d~e", "127.0.0.1:80", "[::ffff:1.2.3.4]:65535", "%41", "a:", "a:0080"]) {
      const text = `GET / HTTP/1.1\r\nHost:  ${host}  \r\n\r\n`;
      const head = request(text);
      assert.equal(text.slice(head.hostStart, head.hostEnd), host);
      assert.equal(head.hasHost, true);
    }
  });

  it("may be missing in HTTP/1.0, and means nothing in a response", () => {
    assert.equal(request("GET / HTTP/1.0\r\n\r\n").hasHost, false);
    response("HTTP/1.1 200 OK\r\nHost: a b\r\nHost: c\r\n\r\n");
  });
});

describe("framing of a request (RFC 9112 6.3)", () => {
  it("is none, a length, or chunks", () => {
    assert.equal(get().framing, FRAMING_NONE);
    const withLength = get("Content-Length: 0005");
    assert.deepEqual([withLength.framing, withLength.contentLength], [FRAMING_LENGTH, 5]);
    assert.equal(withLength.contentLengthField, 1);
    assert.equal(get("Content-Length: 9007199254740991").contentLength, 2 ** 53 - 1);
    assert.equal(get("Content-Length: 0").framing, FRAMING_LENGTH);
    const chunked = get("Transfer-Encoding:\tChunked ");
    assert.deepEqual([chunked.framing, chunked.contentLength], [FRAMING_CHUNKED, -1]);
    assert.equal(chunked.transferEncodingField, 1);
  });

  it("may say that a CONNECT request has no body", () => {
    request("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n\r\n");
  });
});

describe("framing of a response (RFC 9112 6.3)", () => {
  const length = "Content-Length: 5\r\n";
  const chunked = "Transfer-Encoding: chunked\r\n";
  for (const [status, method, field, framing] of [
    [200, METHOD_GET, "", FRAMING_UNTIL_CLOSE],
    [200, METHOD_GET, length, FRAMING_LENGTH],
    [200, METHOD_GET, chunked, FRAMING_CHUNKED],
    [200, METHOD_HEAD, "", FRAMING_NONE],
    [200, METHOD_HEAD, length, FRAMING_NONE],
    [200, METHOD_HEAD, chunked, FRAMING_NONE],
    [304, METHOD_GET, length, FRAMING_NONE],
    [204, METHOD_GET, length, FRAMING_NONE],
    [100, METHOD_GET, "", FRAMING_NONE],
    [101, METHOD_GET, chunked, FRAMING_NONE],
    [200, METHOD_CONNECT, length, FRAMING_NONE],
    [407, METHOD_CONNECT, length, FRAMING_LENGTH],
    [500, METHOD_CONNECT, "", FRAMING_UNTIL_CLOSE],
  ] as const) {
    it(`of status ${status} to method ${method} with "${field.trim()}"`, () => {
      assert.equal(response(`HTTP/1.1 ${status} \r\n${field}\r\n`, method).framing, framing);
    });
  }

  it("is not forwarded where it must not be, and the connection is not used again", () => {
    for (const [status, field, isHop, isPersistent] of [
      [204, "Content-Length: 5", 1, false],
      [204, "Content-Length: 0", 1, true],
      [204, "Transfer-Encoding: chunked", 1, false],
      [304, "Content-Length: 5", 0, true],
    ] as const) {
      const head = response(`HTTP/1.1 ${status} \r\n${field}\r\n\r\n`);
      assert.deepEqual([head.hopByHop[0], head.isPersistent], [isHop, isPersistent], field);
    }
  });
});

describe("connection", () => {
  it("goes on by version and option (RFC 9112 9.3)", () => {
    for (const [version, option, expected] of [
      ["1.1", "", true],
      ["1.1", "close", false],
      ["1.1", "keep-alive", true],
      ["1.1", "keep-alive, Close", false],
      ["1.0", "", false],
      ["1.0", "Keep-Alive", true],
      ["1.0", "keep-alive, close", false],
      ["1.0", "x", false],
    ] as const) {
      const line = option === "" ? "" : `Connection: ${option}\r\n`;
      assert.equal(request(`GET / HTTP/${version}\r\nHost: a\r\n${line}\r\n`).isPersistent, expected, version + option);
      const text = `HTTP/${version} 200 OK\r\nContent-Length: 0\r\n${line}\r\n`;
      assert.equal(response(text).isPersistent, expected, version + option);
    }
    assert.equal(response("HTTP/1.1 200 OK\r\n\r\n").isPersistent, false, "until close");
  });

  it("is upgraded if a Connection field says so, and not in HTTP/1.0 (RFC 9110 7.8)", () => {
    assert.equal(get("Upgrade: websocket", "Connection: keep-alive, Upgrade").upgradeField, 1);
    assert.equal(get("Upgrade: websocket").upgradeField, -1);
    assert.equal(get("Connection: upgrade").upgradeField, -1);
    assert.equal(request("GET / HTTP/1.0\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n").upgradeField, -1);
  });

  it("waits for 100 (Continue), but not in HTTP/1.0 (RFC 9110 10.1.1)", () => {
    assert.equal(get("Expect: 100-Continue").expectsContinue, true);
    assert.equal(get("Expect: x").expectsContinue, false);
    assert.equal(request("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expectsContinue, false);
  });
});

describe("parsing in parts", () => {
  it("goes on where it stopped, and leaves what follows alone", () => {
    const text = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    const bytes = latin1(`${text}GET /b HTTP/1.1\r\n`);
    const head = parseHead(latin1(""), { isRequest: true }).head;
    for (let end = 0; end < text.length; end++) assert.equal(parseRequestHead(head, bytes, 0, end), PARSE_INCOMPLETE);
    assert.equal(parseRequestHead(head, bytes, 0, bytes.length), text.length);
    assert.equal(parseRequestHead(head, bytes, 0, bytes.length), text.length, "again");
    head.reset();
    assert.equal(parseRequestHead(head, bytes, text.length, bytes.length), PARSE_INCOMPLETE);
    assert.equal(head.fieldCount, 0);
  });

  it("stays at a fault until reset", () => {
    const bytes = latin1("HTTP/1.1 200 OK\r\n X");
    const head = parseHead(latin1(""), { isRequest: true }).head;
    assert.equal(parseResponseHead(head, bytes, 0, bytes.length, METHOD_GET), PARSE_FAULT);
    assert.equal(head.fault, FAULT.leadingSpace);
    assert.equal(parseResponseHead(head, bytes, 0, 5, METHOD_GET), PARSE_FAULT);
    head.reset();
    assert.equal(parseResponseHead(head, bytes, 0, 5, METHOD_GET), PARSE_INCOMPLETE);
    assert.equal(head.fault, null);
  });

  it("refuses what is too long or malformed without waiting for its end", () => {
    for (const [fault, text] of [
      ["headBytes", `GET / HTTP/1.1\r\nX: ${"a".repeat(16384 - 19)}`],
      ["targetBytes", `GET /${"a".repeat(8192)}`],
      ["methodBytes", "A".repeat(65)],
      ["fieldCount", `GET / HTTP/1.1\r\n${"X: a\r\n".repeat(100)}X`],
      ["method", "G@"],
      ["targetCharacter", "GET /#"],
      ["version", "GET / X"],
      ["version", "GET / HTTP/1x"],
      ["bareCarriageReturn", "GET / HTTP/1.1\rX"],
      ["targetForm", "GET x HTTP/1.1\r\n"],
      ["leadingSpace", "GET / HTTP/1.1\r\n "],
      ["fieldNameSpace", "GET / HTTP/1.1\r\nX "],
      ["fieldValue", "GET / HTTP/1.1\r\nX: \0"],
      ["contentLength", "GET / HTTP/1.1\r\nContent-Length: x\r\n"],
      ["obsoleteFold", "GET / HTTP/1.1\r\nHost: a\r\n\t"],
    ] as const) {
      const bytes = latin1(text);
      assert.equal(summarize(bytes, { isRequest: true }).result, fault);
      assert.equal(summarize(bytes.subarray(0, -1), { isRequest: true }).result, "incomplete", fault);
    }
  });
});
