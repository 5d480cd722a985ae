/**
 * The addresses of clients, in the form in which they are compared.
 *
 * @module
 */

import { encodeAddress, ipAddress } from "../../../../net/address.ts";
import { isIPv6 } from "../../../../net/ip_version.ts";

/** Where the address stands in a struct sockaddr_in6. */
const ADDRESS_START = 8;

/** IPv4 for IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2), IPv6 without its zone; others as they are. */
export function unmapped(address: string): string {
  if (!isIPv6(address)) return address;
  const bytes = addressBytes(address);
  const isMapped = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
  return isMapped ? bytes.subarray(12).join(".") : withoutZone(address);
}

/**
 * Whose address it is: an IPv4 address is its own; of an IPv6 address the first 64 bits, as one client has at least
 * the other 64 for itself (RFC 6177). Others as they are.
 */
export function clientNetwork(address: string): string {
  const own = unmapped(address);
  if (!isIPv6(own)) return own;
  const bytes = addressBytes(own);
  let network = "";
  for (let at = 0; at < 8; at += 2) {
    network += `${(((bytes[at] as number) << 8) | (bytes[at + 1] as number)).toString(16)}:`;
  }
  return `${network}:/64`;
}

function addressBytes(address: string): Uint8Array {
  return encodeAddress(ipAddress(withoutZone(address), 0)).subarray(ADDRESS_START, ADDRESS_START + 16);
}

function withoutZone(address: string): string {
  const zone = address.indexOf("%");
  return zone < 0 ? address : address.slice(0, zone);
}
