/**
 * Sets of IP addresses.
 *
 * @module
 */
import { BlockList } from "node:net";
import { isIP } from "../../../../net/ip_version.ts";
import { unmapped } from "./client_address.ts";

/** An address, or a network in CIDR notation (RFC 4632, RFC 4291 section 2.3). */
interface Range {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  readonly prefix: number;
}

/** What is wrong with an address or network, or `null`. */
export function checkIpRange(entry: string): string | null {
  const range = parseRange(entry);
  return typeof range === "string" ? range : null;
}

/** The range, or what is wrong with it. IPv4-mapped IPv6 is IPv4. */
function parseRange(entry: string): Range | string {
  const [text = "", prefixText, ...more] = entry.split("/");
  const version = isIP(text);
  if (version === 0 || text.includes("%") || more.length > 0) {
    return `"${entry}" is not an IP address, nor a network such as 10.0.0.0/8 or 2001:db8::/32`;
  }
  const bits = version === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  if (!/^\d{1,3}$/.test(prefixText ?? "0") || prefix > bits) {
    return `"${entry}" has a wrong prefix length: write 0 to ${bits} behind the slash`;
  }
  const address = unmapped(text);
  if (version === 4) return { address, family: "ipv4", prefix };
  if (address !== text && prefix >= 96) return { address, family: "ipv4", prefix: prefix - 96 };
  return { address: text, family: "ipv6", prefix };
}

/** A set of addresses and networks. */
export class IpRanges {
  /** Is nothing in it? */
  readonly isEmpty: boolean;
  // Two of them, as runtimes don't agree whether ::/0 has the addresses of IPv4.
  readonly #lists: Readonly<Record<Range["family"], BlockList>> = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** Make it of entries that {@linkcode checkIpRange} has nothing to say about; throws a TypeError for others. */
  constructor(entries: readonly string[]) {
    this.isEmpty = entries.length === 0;
    for (const entry of entries) {
      const range = parseRange(entry);
      if (typeof range === "string") throw new TypeError(range);
      this.#lists[range.family].addSubnet(range.address, range.prefix, range.family);
    }
  }

  /** Is the address in it? It is one that {@linkcode unmapped} gave. */
  has(address: string): boolean {
    const family = address.includes(":") ? "ipv6" : "ipv4";
    return this.#lists[family].check(address, family);
  }
}
