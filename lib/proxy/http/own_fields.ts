/**
 * The fields that the proxy answers for: neither routes nor filters can change them, since messages would be read in
 * another way than they are written.
 *
 * @module
 */

/** The name of such a field, in lower case. */
export type OwnField =
  | "connection"
  | "content-length"
  | "host"
  | "keep-alive"
  | "proxy-connection"
  | "te"
  | "trailer"
  | "transfer-encoding"
  | "upgrade";

const NAMES: Readonly<Record<OwnField, true>> = {
  connection: true,
  "content-length": true,
  host: true,
  "keep-alive": true,
  "proxy-connection": true,
  te: true,
  trailer: true,
  "transfer-encoding": true,
  upgrade: true,
};

/** Is it one of them? The name is in lower case. */
export function isOwnField(name: string): name is OwnField {
  return Object.hasOwn(NAMES, name);
}
