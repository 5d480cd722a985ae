/**
 * Compares the parsers with the naive ones.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FIELD_WORDS, FRAMING_CHUNKED, FRAMING_LENGTH, type Head } from "./head.ts";
import { latin1, parseHead, readBody, textOf } from "./test_messages.ts";
import { naiveChunkedBody, naiveHead } from "./test_naive_parser.ts";

const FRAMINGS = ["none", "length", "chunked", "close"] as const;

/** The framing in the naive parser's words. */
function framingOf(head: Head): string {
  if (head.framing === FRAMING_LENGTH) return String(head.contentLength);
  return FRAMINGS[head.framing] ?? "";
}

/** May the naive parser look for a head in the text? It knows no incomplete ones. */
export function hasHeadEnd(text: string, isRequest: boolean): boolean {
  return text.includes("\r\n\r\n", isRequest && text.startsWith("\r\n") ? 2 : 0);
}

/** Does the parser find in a text what the naive parser finds? */
export function expectAsNaive(text: string, isRequest: boolean): void {
  const naive = naiveHead(text, isRequest);
  const bytes = latin1(text);
  const { head, length } = parseHead(bytes, { isRequest });
  if (naive === null) {
    assert.notEqual(head.fault, null, "accepted, but not by the naive parser");
    return;
  }
  assert.equal(head.fault, null, "refused, but not by the naive parser");
  assert.equal(length, naive.length);
  const fields = Array.from({ length: head.fieldCount }, (_, field) => {
    const [nameStart, nameEnd, valueStart, valueEnd] = head.fields.slice(
      field * FIELD_WORDS,
      (field + 1) * FIELD_WORDS,
    );
    return [textOf(bytes.subarray(nameStart, nameEnd)), textOf(bytes.subarray(valueStart, valueEnd))];
  });
  assert.deepEqual(fields, naive.fields);
  assert.equal(framingOf(head), naive.framing);
  assert.equal(head.minorVersion, Number(naive.startLine[isRequest ? 2 : 0]));
  if (!isRequest) assert.equal(head.status, Number(naive.startLine[1]));
}

/** Is a chunked body complete in a text, and has the data, as the naive parser finds? */
export function expectBodyAsNaive(text: string): void {
  const { result, position, data } = readBody(latin1(text), { framing: FRAMING_CHUNKED });
  assert.deepEqual(result === "complete" ? { position, data } : null, naiveChunkedBody(text));
}
