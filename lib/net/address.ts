/**
 * Socket addresses: as text, as data, and as the bytes of a struct sockaddr.
 *
 * @module
 */

import { ADDRESS_BYTES } from "../../ffi/abi.ts";
import { RingwayError } from "../../ffi/errors.ts";
import { isIP } from "./ip_version.ts";

/** An address and port of the Internet protocols. */
export interface IpAddress {
  /** Which of the two. */
  readonly family: "ipv4" | "ipv6";
  /** The address in its usual form, without brackets. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** A unix domain socket. */
export interface UnixAddress {
  /** Always `"unix"`. */
  readonly family: "unix";
  /** The path; one that starts with `@` is in the abstract namespace. Up to 107 bytes. */
  readonly path: string;
}

/** Where a socket is bound or connected to. */
export type SocketAddress = IpAddress | UnixAddress;

/** AF_UNIX, AF_INET and AF_INET6 of Linux. */
export const ADDRESS_FAMILY: Readonly<Record<SocketAddress["family"], number>> = { unix: 1, ipv4: 2, ipv6: 10 };

/** sun_path of struct sockaddr_un, with the closing zero. */
const UNIX_PATH_BYTES = 108;

/** An address from a host that is an IP address and a port. Throws a RangeError for anything else. */
export function ipAddress(host: string, port: number): IpAddress {
  const version = isIP(host);
  if (version === 0) throw new RangeError(`Not an IP address: "${host}"`);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new RangeError(`Not a port: ${port}`);
  return { family: version === 4 ? "ipv4" : "ipv6", host, port };
}

/** `127.0.0.1:80`, `[::1]:80`, `unix:/path` or `unix:@name`. */
export function formatAddress(address: SocketAddress): string {
  if (address.family === "unix") return `unix:${address.path}`;
  return address.family === "ipv6" ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** The bytes of a struct sockaddr_in, sockaddr_in6 or sockaddr_un (ip(7), ipv6(7), unix(7)). */
export function encodeAddress(address: SocketAddress): Uint8Array {
  if (address.family === "unix") return encodeUnix(address.path);
  const bytes = new Uint8Array(address.family === "ipv4" ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ADDRESS_FAMILY[address.family], true);
  view.setUint16(2, address.port, false);
  if (address.family === "ipv4") {
    for (const [index, part] of address.host.split(".").entries()) bytes[4 + index] = Number(part);
    return bytes;
  }
  const [host = "", zone] = address.host.split("%");
  const groups = expandIpv6(host);
  for (const [index, group] of groups.entries()) view.setUint16(8 + index * 2, group, false);
  if (zone !== undefined) view.setUint32(24, Number.parseInt(zone, 10) || 0, true);
  return bytes;
}

function encodeUnix(path: string): Uint8Array {
  const encoded = new TextEncoder().encode(path);
  if (encoded.length === 0 || encoded.length >= UNIX_PATH_BYTES) {
    throw new RingwayError(
      `The path of a unix socket has 1 to ${UNIX_PATH_BYTES - 1} bytes, not ${encoded.length}: "${path}"`,
      {
        code: "ERR_ADDRESS",
        source: "internal",
        operation: "encode an address",
      },
    );
  }
  const isAbstract = path.startsWith("@");
  const bytes = new Uint8Array(2 + encoded.length + (isAbstract ? 0 : 1));
  bytes[0] = ADDRESS_FAMILY.unix;
  bytes.set(encoded, 2);
  if (isAbstract) bytes[2] = 0;
  return bytes;
}

/** The eight groups of an IPv6 address; the last two may be written as an IPv4 address (RFC 4291, section 2.2). */
function expandIpv6(host: string): number[] {
  const lastColon = host.lastIndexOf(":");
  const tail = host.slice(lastColon + 1);
  let text = host;
  if (tail.includes(".")) {
    const parts = tail.split(".").map(Number);
    const high = ((parts[0] ?? 0) << 8) | (parts[1] ?? 0);
    const low = ((parts[2] ?? 0) << 8) | (parts[3] ?? 0);
    text = `${host.slice(0, lastColon + 1)}${high.toString(16)}:${low.toString(16)}`;
  }
  const [before = "", after] = text.split("::");
  const parse = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const head = parse(before);
  if (after === undefined) return head;
  const end = parse(after);
  return [...head, ...new Array<number>(8 - head.length - end.length).fill(0), ...end];
}

/** The address in the bytes of a struct sockaddr, or `null` for an unnamed socket or an unknown family. */
export function decodeAddress(bytes: Uint8Array): SocketAddress | null {
  if (bytes.length < 2 || bytes.length > ADDRESS_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = view.getUint16(0, true);
  if (family === ADDRESS_FAMILY.ipv4 && bytes.length >= 8) {
    return { family: "ipv4", host: bytes.subarray(4, 8).join("."), port: view.getUint16(2, false) };
  }
  if (family === ADDRESS_FAMILY.ipv6 && bytes.length >= 28) {
    return { family: "ipv6", host: compressIpv6(view), port: view.getUint16(2, false) };
  }
  if (family === ADDRESS_FAMILY.unix && bytes.length > 2) {
    const isAbstract = bytes[2] === 0;
    const end = isAbstract ? -1 : bytes.indexOf(0, 2);
    const name = new TextDecoder().decode(bytes.subarray(isAbstract ? 3 : 2, end < 0 ? bytes.length : end));
    return { family: "unix", path: isAbstract ? `@${name}` : name };
  }
  return null;
}

/** The canonical text of an IPv6 address (RFC 5952, section 4). */
function compressIpv6(view: DataView): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(8 + index * 2, false));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${[12, 13, 14, 15].map((index) => view.getUint8(8 + index)).join(".")}`;
  }
  let bestStart = 0;
  let bestLength = 0;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (bestLength < 2) return text(groups);
  return `${text(groups.slice(0, bestStart))}::${text(groups.slice(bestStart + bestLength))}`;
}
