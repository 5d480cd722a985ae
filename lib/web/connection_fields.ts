/**
 * Fields of which a program's messages have nothing to say.
 *
 * @module
 */

/**
 * Is a field for one connection only, or about how a body is framed there (RFC 9110 section 7.6.1)? That is up to
 * whoever writes the message. `name` is in lower case.
 */
export function isOfConnection(name: string): boolean {
  switch (name) {
    case "keep-alive":
    case "proxy-connection":
    case "te":
    case "trailer":
    case "transfer-encoding":
    case "upgrade":
      return true;
    default:
      return false;
  }
}
