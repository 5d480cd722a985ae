/**
 * The rules for a head as a whole, applied when it has ended: how the body is framed (RFC 9112 section 6.3), and
 * whether the connection goes on (RFC 9112 section 9.3).
 *
 * @module
 */
import { applyConnectionOptions } from "./connection_options.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE, type Head } from "./head.ts";
import { METHOD_CONNECT, METHOD_HEAD } from "./methods.ts";

/** The end of a request's head. */
export function finishRequest(head: Head, memory: Uint8Array, start: number): HttpFault | null {
  if (head.hostField < 0 && head.minorVersion === 1) return FAULT.hostMissing;
  if (head.transferEncodingField >= 0) head.framing = FRAMING_CHUNKED;
  else if (head.contentLengthField >= 0) head.framing = FRAMING_LENGTH;
  // What follows is for the tunnel; a body would be read by one side only.
  if (head.method === METHOD_CONNECT && (head.framing === FRAMING_CHUNKED || head.contentLength > 0)) {
    return FAULT.connectBody;
  }
  return finishConnection(head, memory, start);
}

/** The end of a response's head. */
export function finishResponse(head: Head, memory: Uint8Array, start: number, requestMethod: number): HttpFault | null {
  const isTunnel = requestMethod === METHOD_CONNECT && head.status >= 200 && head.status <= 299;
  const mustNotHaveFraming = head.status <= 199 || head.status === 204 || isTunnel;
  if (mustNotHaveFraming || head.status === 304 || requestMethod === METHOD_HEAD) head.framing = FRAMING_NONE;
  else if (head.transferEncodingField >= 0) head.framing = FRAMING_CHUNKED;
  else if (head.contentLengthField >= 0) head.framing = FRAMING_LENGTH;
  else head.framing = FRAMING_UNTIL_CLOSE;
  const fault = finishConnection(head, memory, start);
  if (head.framing === FRAMING_UNTIL_CLOSE) head.isPersistent = false;
  if (mustNotHaveFraming) dropFraming(head);
  return fault;
}

/**
 * Such a response must not say that it has a body (RFC 9110 section 8.6, RFC 9112 section 6.1). If it does, there
 * is none all the same (RFC 9112 section 6.3), but its sender may think otherwise: nobody else is told, and the
 * connection is not used again.
 */
function dropFraming(head: Head): void {
  if (head.contentLengthField >= 0) head.hopByHop[head.contentLengthField] = 1;
  if (head.transferEncodingField >= 0) head.hopByHop[head.transferEncodingField] = 1;
  if (head.contentLength > 0 || head.transferEncodingField >= 0) head.isPersistent = false;
}

function finishConnection(head: Head, memory: Uint8Array, start: number): HttpFault | null {
  const fault = head.hasConnection ? applyConnectionOptions(head, memory, start) : null;
  head.isPersistent = !head.hasClose && (head.minorVersion === 1 || head.hasKeepAlive);
  return fault;
}
