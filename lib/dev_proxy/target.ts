/**
 * Reads where requests go.
 *
 * @module
 */
import { isIP } from "../net/ip_version.ts";
import type { AddressTarget } from "../server/config.ts";
import { devProxyError } from "./errors.ts";
import type { DevProxyTarget } from "./options.ts";

/** Where requests go. */
export interface ParsedTarget {
  /** What is connected to. */
  readonly endpoint: AddressTarget;
  /** The value of Host. */
  readonly host: string;
  /** What is put before all paths; empty, or with a slash at its beginning. */
  readonly path: string;
  /** For messages, such as `http://localhost:3000`. */
  readonly text: string;
}

const HTTP_PORT = 80;

/** Read an option. Throws a RingwayError that says what to write. */
export function parseDevTarget(option: string, value: string | URL | DevProxyTarget): ParsedTarget {
  if (typeof value === "string" || value instanceof URL) return fromUrl(option, toUrl(option, value));
  if (typeof value !== "object" || value === null) {
    throw devProxyError(`The option "${option}" is missing: write the URL of a server, such as http://localhost:3000`);
  }
  const { protocol = "http:", host = "localhost", port = HTTP_PORT, socketPath } = value;
  const authority = isIP(host) === 6 ? `[${host}]` : host;
  const url = toUrl(option, `${protocol.replace(/:?$/, "://")}${authority}:${port}`);
  if (socketPath === undefined) return fromUrl(option, url);
  checkProtocol(option, url);
  return { endpoint: { family: "unix", path: socketPath }, host: url.host, path: "", text: `unix:${socketPath}` };
}

function toUrl(option: string, value: string | URL): URL {
  const url = value instanceof URL ? value : URL.parse(value);
  // "localhost:3000" is a URL too, with the scheme "localhost".
  if (url === null || url.hostname === "") {
    throw devProxyError(`The option "${option}" is "${value}", which is no URL: write http://${value}`);
  }
  return url;
}

function fromUrl(option: string, url: URL): ParsedTarget {
  checkProtocol(option, url);
  if (url.username !== "" || url.password !== "") {
    throw devProxyError(`The option "${option}" has a user in its URL: give it as the option "auth"`);
  }
  if (url.search !== "" || url.hash !== "") {
    throw devProxyError(`The option "${option}" is "${url}": it can have a path, but no query and no fragment`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    endpoint: { family: "name", host, port: url.port === "" ? HTTP_PORT : Number(url.port) },
    host: url.host,
    path: url.pathname === "/" ? "" : url.pathname,
    text: `http://${url.host}`,
  };
}

function checkProtocol(option: string, url: URL): void {
  if (url.protocol === "http:" || url.protocol === "ws:") return;
  const isTls = url.protocol === "https:" || url.protocol === "wss:";
  const why = isTls ? "TLS is not spoken with targets yet: use the server's http address" : "http and ws are known";
  throw devProxyError(`The option "${option}" is "${url}": ${why}`);
}
