/**
 * Makes valid messages almost valid.
 *
 * @module
 */

/** What confuses parsers. */
export const CONFUSION: readonly string[] = [
  ..."\r\n\t :;,=\"\\'/?#@[]+-_.x0519afgF\0\x0b\x0c\x1b\x7f\x80\x85\xa0\xff".split(""),
  "\r\n",
  "\r\n\r\n",
  "\r\n ",
  "\r\r\n",
  "chunked",
  ", chunked",
  "Host: b\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 05\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: x\r\n",
  "Connection: close\r\n",
  "0\r\n\r\n",
  "HTTP/1.1",
  "HTTP/1.0",
  "http://",
  "*",
  "ffffffffffffffff",
];

/** A change at a place: so many characters less, and a text instead. */
export interface Change {
  /** Counted from 0, again and again if there are fewer places. */
  readonly at: number;
  readonly drop: number;
  readonly insert: string;
}

/** The text with the changes, anywhere or at places where something starts or ends. */
export function changeText(text: string, changes: readonly Change[], isAtEdge: boolean): string {
  return changes.reduce((before, { at, drop, insert }) => {
    const places = isAtEdge ? edges(before) : null;
    const place = places === null ? at % (before.length + 1) : (places[at % places.length] ?? 0);
    return before.slice(0, place) + insert + before.slice(place + drop);
  }, text);
}

function edges(text: string): number[] {
  return [0, ...[...text.matchAll(/\b|[\r\n:;,=]/g)].map((match) => match.index), text.length];
}
