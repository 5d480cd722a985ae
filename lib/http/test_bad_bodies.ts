/**
 * Chunked bodies that are refused: the fault, the section of the rule, where the faulty byte is, and the bytes.
 *
 * @module
 */
import type { HttpFaults } from "./fault.ts";

/** A chunked body that is refused, and why. */
export type BadBody = readonly [fault: keyof HttpFaults, section: string, position: number, text: string];

const EXTENSION = "a".repeat(255);

/** Chunked bodies. */
export const BAD_BODIES: readonly BadBody[] = [
  // Sizes.
  ["chunkSize", "RFC 9112 7.1", 1, "0x3\r\nabc\r\n0\r\n\r\n"],
  ["chunkSize", "RFC 9112 7.1", 0, " 3\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1", 2, "3 \r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1", 2, "3\t\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1", 2, "3 3\r\nabc\r\n0\r\n\r\n"],
  ["chunkSize", "RFC 9112 7.1", 0, "-1\r\nabc\r\n0\r\n\r\n"],
  ["chunkSize", "RFC 9112 7.1", 0, "+3\r\nabc\r\n0\r\n\r\n"],
  ["chunkSize", "RFC 9112 7.1", 1, "3_0\r\nabc\r\n0\r\n\r\n"],
  ["chunkSize", "RFC 9112 7.1", 1, "3,\r\nabc\r\n0\r\n\r\n"],
  ["chunkSize", "RFC 9112 7.1", 1, "3\0\r\nabc\r\n0\r\n\r\n"],
  ["chunkSize", "RFC 9112 7.1", 1, "3\x0b\r\nabc\r\n0\r\n\r\n"],
  ["chunkSize", "RFC 9112 7.1", 0, "g\r\n"],
  ["chunkSize", "RFC 9112 7.1", 0, ";a\r\n"],
  ["chunkSize", "RFC 9112 7.1", 8, "3\r\nabc\r\n\xb2\r\n"],
  ["bareCarriageReturn", "RFC 9112 7.1", 0, "\r\n3\r\nabc\r\n0\r\n\r\n"],
  ["bareCarriageReturn", "RFC 9112 7.1", 8, "3\r\nabc\r\n\r\n0\r\n\r\n"],
  ["bareLineFeed", "RFC 9112 7.1", 0, "\n3\r\nabc\r\n0\r\n\r\n"],
  ["chunkSizeOverflow", "RFC 9112 7.1", 13, "20000000000000\r\n"],
  ["chunkSizeOverflow", "RFC 9112 7.1", 14, "100000000000003\r\n"],
  ["chunkSizeOverflow", "RFC 9112 7.1", 13, "ffffffffffffffff1\r\n"],
  ["chunkSizeOverflow", "RFC 9112 7.1", 16, "00000000000000003\r\nabc"],

  // The ends of lines.
  ["bareLineFeed", "RFC 9112 7.1", 1, "3\nabc\r\n0\r\n\r\n"],
  ["bareCarriageReturn", "RFC 9112 7.1", 2, "3\rabc\r\n0\r\n\r\n"],
  ["bareCarriageReturn", "RFC 9112 7.1", 2, "3\r\r\nabc\r\n0\r\n\r\n"],
  ["bareLineFeed", "RFC 9112 7.1", 6, "3\r\nabc\n0\r\n\r\n"],
  ["bareCarriageReturn", "RFC 9112 7.1", 7, "3\r\nabc\r0\r\n\r\n"],
  ["chunkEnd", "RFC 9112 7.1", 6, "3\r\nabcd\r\n0\r\n\r\n"],
  ["chunkEnd", "RFC 9112 7.1", 6, "3\r\nabc0\r\n\r\n"],
  ["bareLineFeed", "RFC 9112 7.1", 1, "0\n\r\n"],
  ["bareLineFeed", "RFC 9112 7.1", 3, "0\r\n\n"],
  ["bareCarriageReturn", "RFC 9112 7.1", 4, "0\r\n\ra"],

  // Extensions.
  ["bareLineFeed", "RFC 9112 7.1.1", 3, "3;a\nabc\r\n0\r\n\r\n"],
  ["bareLineFeed", "RFC 9112 7.1.1", 2, "3;\nabc\r\n0\r\n\r\n"],
  ["bareLineFeed", "RFC 9112 7.1.1", 6, '3;a="b\n"\r\nabc\r\n0\r\n\r\n'],
  ["bareCarriageReturn", "RFC 9112 7.1.1", 4, "3;a\rb\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1.1", 2, "3;\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1.1", 2, "3;;a\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1.1", 4, "3;a=\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1.1", 2, "3;=a\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1.1", 4, "3;a \r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1.1", 4, "3;a b\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1.1", 6, '3;a="b\r\nabc\r\n0\r\n\r\n'],
  ["chunkExtension", "RFC 9112 7.1.1", 7, '3;a="b"c\r\nabc\r\n0\r\n\r\n'],
  ["chunkExtension", "RFC 9112 7.1.1", 5, '3;a="\0"\r\nabc\r\n0\r\n\r\n'],
  ["chunkExtension", "RFC 9112 7.1.1", 6, '3;a="\\\0"\r\nabc\r\n0\r\n\r\n'],
  ["chunkExtension", "RFC 9112 7.1.1", 3, "3;a,b\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtension", "RFC 9112 7.1.1", 6, "3;a=b c\r\nabc\r\n0\r\n\r\n"],
  ["chunkExtensionBytes", "RFC 9112 7.1.1", 1025, `3;${"a".repeat(1024)}\r\n`],
  ["chunkExtensionBytes", "RFC 9112 7.1.1", 1049, `${`1;${EXTENSION}\r\na\r\n`.repeat(4)}0;\r\n\r\n`],

  // Trailers.
  ["trailerField", "RFC 9110 6.5.1", 17, "0\r\nContent-Length: 5\r\n\r\n"],
  ["trailerField", "RFC 9110 6.5.1", 24, "0\r\nX:\r\nTransfer-encodinG: chunked\r\n\r\n"],
  ["trailerField", "RFC 9110 6.5.1", 7, "0\r\nHost: a\r\n\r\n"],
  ["trailerField", "RFC 9110 6.5.1", 10, "0\r\nTrailer: a\r\n\r\n"],
  ["trailerField", "RFC 9110 6.5.1", 13, "0\r\nConnection: close\r\n\r\n"],
  ["trailerField", "RFC 9110 6.5.1", 16, "0\r\nAuthorization: a\r\n\r\n"],
  ["bareLineFeed", "RFC 9112 2.2", 7, "0\r\nX: a\nY: b\r\n\r\n"],
  ["bareCarriageReturn", "RFC 9112 2.2", 8, "0\r\nX: a\rY: b\r\n\r\n"],
  ["fieldNameSpace", "RFC 9112 5.1", 4, "0\r\nX : a\r\n\r\n"],
  ["fieldNameEmpty", "RFC 9110 5.1", 3, "0\r\n: a\r\n\r\n"],
  ["fieldName", "RFC 9110 5.1", 4, "0\r\nX\r\n\r\n"],
  ["fieldName", "RFC 9110 5.1", 3, "0\r\n\0X: a\r\n\r\n"],
  ["fieldValue", "RFC 9110 5.5", 6, "0\r\nX: \0\r\n\r\n"],
  ["leadingSpace", "RFC 9112 2.2", 3, "0\r\n X: a\r\n\r\n"],
  ["obsoleteFold", "RFC 9112 5.2", 9, "0\r\nX: a\r\n b\r\n\r\n"],
  ["trailerCount", "RFC 6585 5", 503, `0\r\n${"X:a\r\n".repeat(101)}\r\n`],
  ["trailerBytes", "RFC 6585 5", 8195, `0\r\nX: ${"a".repeat(8190)}\r\n\r\n`],
];
