/**
 * How a runtime's own zlib is asked for each content coding.
 *
 * @module
 */
import type { Transform } from "node:stream";
import type { CompressionOptions } from "./options.ts";
import { optionsError } from "./options_error.ts";

/** The name of a content coding. */
export type Algorithm = CompressionOptions["algorithms"][number];

/** A stream that compresses. */
export type CompressionStreamOfZlib = Transform & { flush(kind: number, callback: () => void): void };

/** How bodies are compressed. */
export interface Codec {
  /** A stream for one body. */
  create(): CompressionStreamOfZlib;
  /** For its `flush`: pass on all that was written, so that it can be read. */
  readonly flushKind: number;
}

type Zlib = typeof import("node:zlib");

/** What is usual for content that is made on the fly. */
const USUAL_LEVEL: Readonly<Record<Algorithm, number>> = { br: 4, gzip: 6, deflate: 6, zstd: 3 };
const HIGHEST_LEVEL: Readonly<Record<Algorithm, number>> = { br: 11, gzip: 9, deflate: 9, zstd: 11 };

/** 512 KiB of what went before: more gains little for web pages, and each response that is under way holds it. */
const WINDOW_BITS = 19;

const FUNCTIONS: Readonly<Record<Algorithm, keyof Zlib>> = {
  br: "createBrotliCompress",
  gzip: "createGzip",
  deflate: "createDeflate",
  zstd: "createZstdCompress",
};

/** Codecs of these names. Throws ERR_FILTER_OPTIONS if the runtime lacks one of them. */
export function makeCodecs(zlib: Zlib, algorithms: readonly Algorithm[], level: number): Map<Algorithm, Codec> {
  const missing = algorithms.filter((name) => typeof zlib[FUNCTIONS[name]] !== "function");
  if (missing.length > 0) {
    throw optionsError(
      "compression",
      `this runtime's node:zlib lacks ${missing.join(", ")}: take it out of algorithms`,
    );
  }
  return new Map(algorithms.map((name) => [name, makeCodec(zlib, name, level)]));
}

function makeCodec(zlib: Zlib, name: Algorithm, wantedLevel: number): Codec {
  const { constants } = zlib;
  const level = wantedLevel === 0 ? USUAL_LEVEL[name] : Math.min(wantedLevel, HIGHEST_LEVEL[name]);
  if (name === "gzip") return { create: () => zlib.createGzip({ level }), flushKind: constants.Z_SYNC_FLUSH };
  // The coding "deflate" is the zlib format (RFC 9110 section 8.4.1.2).
  if (name === "deflate") return { create: () => zlib.createDeflate({ level }), flushKind: constants.Z_SYNC_FLUSH };
  if (name === "br") {
    const params = { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS };
    return { create: () => zlib.createBrotliCompress({ params }), flushKind: constants.BROTLI_OPERATION_FLUSH };
  }
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: WINDOW_BITS };
  return { create: () => zlib.createZstdCompress({ params }), flushKind: constants.ZSTD_e_flush };
}
