/**
 * A server as a user of `node:http` writes it: `node node_http.mjs PORT`. A program that is measured, in any runtime.
 *
 * @module
 */
import { createServer } from "node:http";
import process from "node:process";

const PAGE = "a".repeat(4096);

createServer((request, response) => {
  if (request.method !== "POST") {
    response.end(request.url === "/4k" ? PAGE : "hello");
    return;
  }
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (piece) => {
    text += piece;
  });
  request.on("end", () => response.end(text));
}).listen(Number(process.argv[2]), "127.0.0.1");
