/**
 * What reading and writing HTTP/1.1 costs.
 *
 * @module
 */
import { ChunkReader } from "../../lib/http/chunk_reader.ts";
import { Head } from "../../lib/http/head.ts";
import { defaultHttpLimits } from "../../lib/http/limits.ts";
import { METHOD_GET } from "../../lib/http/methods.ts";
import { parseRequestHead, parseResponseHead } from "../../lib/http/parse_head.ts";
import type { Measured } from "./measured.ts";

/** As wrk sends it. */
const SHORT_REQUEST = ["GET /4k HTTP/1.1", "Host: 127.0.0.1:10000"];
/** With what browsers send. */
const LONG_REQUEST = [
  "GET /articles/2026/11/a-proxy-for-two-runtimes?from=newsletter&page=2 HTTP/1.1",
  "Host: www.example.com",
  "Connection: keep-alive",
  "Cache-Control: max-age=0",
  'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
  "sec-ch-ua-mobile: ?0",
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Referer: https://www.example.com/articles",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9",
  "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
];
/** As nginx sends it. */
const RESPONSE = [
  "HTTP/1.1 200 OK",
  "Server: nginx/1.22.1",
  "Date: Fri, 27 Nov 2026 10:00:00 GMT",
  "Content-Type: text/plain",
  "Content-Length: 4096",
  "Last-Modified: Fri, 27 Nov 2026 09:00:00 GMT",
  "Connection: keep-alive",
  'ETag: "6745a1b2-1000"',
  "Accept-Ranges: bytes",
];
const CHUNK_BYTES = 1024;
const CHUNKS = 4;

/** Heads in one piece, and the framing of a body in chunks. */
export function codecBenchmarks(): readonly Measured[] {
  return [
    { key: "requestShort", units: 1, run: requestParser(SHORT_REQUEST) },
    { key: "requestLong", units: 1, run: requestParser(LONG_REQUEST) },
    { key: "response", units: 1, run: responseParser(RESPONSE) },
    { key: "chunk", units: CHUNKS, run: chunkReader() },
  ];
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

function requestParser(lines: readonly string[]): () => number {
  const bytes = bytesOf(lines);
  const head = new Head(defaultHttpLimits);
  return () => {
    head.reset();
    return complete(parseRequestHead(head, bytes, 0, bytes.length), bytes);
  };
}

function responseParser(lines: readonly string[]): () => number {
  const bytes = bytesOf(lines);
  const head = new Head(defaultHttpLimits);
  return () => {
    head.reset();
    return complete(parseResponseHead(head, bytes, 0, bytes.length, METHOD_GET), bytes);
  };
}

function chunkReader(): () => number {
  const chunk = `${CHUNK_BYTES.toString(16)}\r\n${"a".repeat(CHUNK_BYTES)}\r\n`;
  const bytes = new TextEncoder().encode(`${chunk.repeat(CHUNKS)}0\r\n\r\n`);
  const reader = new ChunkReader(defaultHttpLimits);
  return () => {
    reader.begin();
    let position = 0;
    while (!reader.isComplete && reader.fault === null) {
      position = reader.readFraming(bytes, position, bytes.length);
      position += reader.dataBytes;
      reader.takeData(reader.dataBytes);
    }
    return complete(position, bytes);
  };
}

/** All bytes have to be read, or something else is measured. */
function complete(position: number, bytes: Uint8Array): number {
  if (position !== bytes.length) throw new Error(`Only ${position} of ${bytes.length} bytes were read`);
  return position;
}
