/**
 * Compresses responses for clients that accept it.
 *
 * @module
 */

import { isToken } from "../../../../http/characters.ts";
import type { BodyTransform, FilterResponse, HttpExchange, HttpFilter } from "../filter.ts";
import { chooseEncoding } from "./accept_encoding.ts";
import { type Algorithm, type Codec, makeCodecs } from "./compression_codecs.ts";
import { Compressor } from "./compressor.ts";
import { addVary, listItems } from "./field_text.ts";
import type { CompressionOptions } from "./options.ts";
import { checkInteger, optionsError } from "./options_error.ts";

const ACCEPT = "compression.accept";

/** No content, or a part of one whose other parts may come from elsewhere. */
const STATUS_WITHOUT_CODING: ReadonlySet<number> = new Set([204, 205, 206, 304]);

/** Somebody may wait for each piece of these. */
const STREAMED_TYPES: ReadonlySet<string> = new Set([
  "application/json-seq",
  "application/jsonl",
  "application/x-ndjson",
  "multipart/x-mixed-replace",
  "text/event-stream",
]);

/** They are about the bytes of the content, which change (RFC 9530, and RFC 3230 and RFC 1864 before it). */
const DIGEST_FIELDS = ["content-digest", "repr-digest", "digest", "content-md5"];

/** For a response whose head is like that of one with a body. */
const NO_BODY: BodyTransform = { onPiece: () => undefined };

/**
 * Compresses bodies on their way to the client. Throws ERR_FILTER_OPTIONS; so does `onStart`, for an algorithm that
 * this runtime lacks.
 */
export function compression(options: CompressionOptions): HttpFilter {
  return new CompressionFilter(options);
}

class CompressionFilter implements HttpFilter {
  readonly name: string = "compression";
  readonly #options: CompressionOptions;
  readonly #types: ReadonlySet<string>;
  #codecs: ReadonlyMap<Algorithm, Codec> = new Map();

  constructor(options: CompressionOptions) {
    checkOptions(options);
    this.#options = options;
    this.#types = new Set(options.types.map((type) => type.toLowerCase()));
  }

  async onStart(): Promise<void> {
    const { algorithms, level } = this.#options;
    this.#codecs = makeCodecs(await import("node:zlib"), algorithms, level);
  }

  onRequestHead({ request, state }: HttpExchange): undefined {
    // A later filter may hide it from the endpoint.
    const accept = request.fields.get("accept-encoding");
    if (accept !== null) state.set(ACCEPT, accept);
  }

  onResponseHead(exchange: HttpExchange): undefined {
    const { request, response, state } = exchange;
    if (response?.status === 304) weakenAsBefore(exchange, response);
    const type = mediaType(response);
    if (response === null || !this.#mayCompress(response, type, request.method === "HEAD")) return;
    addVary(response.fields, "Accept-Encoding");
    const accept = (state.get(ACCEPT) as string | undefined) ?? request.fields.get("accept-encoding") ?? "";
    const algorithm = chooseEncoding(accept, this.#options.algorithms);
    const codec = algorithm === null ? undefined : this.#codecs.get(algorithm);
    if (algorithm === null || codec === undefined) return;
    changeHead(response, algorithm);
    response.transformBody(response.hasBody ? new Compressor(codec, STREAMED_TYPES.has(type)) : NO_BODY);
  }

  #mayCompress({ status, hasBody, fields }: FilterResponse, type: string, isHead: boolean): boolean {
    if (!this.#isListed(type) || STATUS_WITHOUT_CODING.has(status) || !(hasBody || isHead)) return false;
    if (fields.has("content-encoding") || fields.has("content-range")) return false;
    const length = fields.get("content-length");
    if (length !== null && Number(length) < Math.max(this.#options.minimumBytes, 1)) return false;
    return !listItems(fields.get("cache-control") ?? "").some((item) => item.toLowerCase() === "no-transform");
  }

  #isListed(type: string): boolean {
    const family = type.slice(0, type.indexOf("/") + 1);
    return family !== "" && (this.#types.has(type) || this.#types.has(`${family}*`) || this.#types.has("*/*"));
  }
}

/** Without parameters, in small letters. */
function mediaType(response: FilterResponse | null): string {
  return (response?.fields.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function changeHead({ fields }: FilterResponse, algorithm: Algorithm): void {
  fields.set("Content-Encoding", algorithm);
  // A part of the compressed bytes can't be asked for: they may be others the next time.
  fields.delete("accept-ranges");
  for (const name of DIGEST_FIELDS) fields.delete(name);
  const tag = fields.get("etag");
  if (tag?.startsWith('"')) fields.set("ETag", `W/${tag}`);
}

/** What the client has may have come compressed, with a weak tag: only with that one is it renewed (RFC 9111 4.3.4). */
function weakenAsBefore({ request }: HttpExchange, { fields }: FilterResponse): void {
  const tag = fields.get("etag");
  if (!tag?.startsWith('"') || !request.fields.get("if-none-match")?.includes(`W/${tag}`)) return;
  fields.set("ETag", `W/${tag}`);
  addVary(fields, "Accept-Encoding");
}

function checkOptions({ algorithms, minimumBytes, types, level }: CompressionOptions): void {
  if (algorithms.length === 0) throw optionsError("compression", "algorithms is empty: name br, gzip, deflate or zstd");
  const bad = types.find((type) => !/^[^/*]+\/(?:[^/*]+|\*)$|^\*\/\*$/.test(type) || !isToken(type.replace("/", "")));
  if (bad !== undefined) {
    throw optionsError("compression", `types has "${bad}", which is not a type such as text/html, nor one as text/*`);
  }
  checkInteger("compression", "minimum_bytes", minimumBytes, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("compression", "level", level, 0, 11);
}
