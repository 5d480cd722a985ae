/**
 * Lets clients pass by their IP address.
 *
 * @module
 */
import { isIP } from "../../../../net/ip_version.ts";
import type { FilterReply, HttpExchange, HttpFilter } from "../filter.ts";
import { unmapped } from "./client_address.ts";
import { checkIpRange, IpRanges } from "./ip_ranges.ts";
import type { IpFilterOptions } from "./options.ts";
import { optionsError } from "./options_error.ts";
import { textReply } from "./text_reply.ts";

/**
 * Answers 403 to clients that are denied or not allowed, and to those without an IP address, such as the clients of a
 * unix socket. Throws ERR_FILTER_OPTIONS.
 */
export function ipFilter(options: IpFilterOptions): HttpFilter {
  return new IpFilter(options);
}

class IpFilter implements HttpFilter {
  readonly name: string = "ip-filter";
  readonly #allow: IpRanges;
  readonly #deny: IpRanges;

  constructor({ allow, deny }: IpFilterOptions) {
    for (const entry of [...allow, ...deny]) {
      const problem = checkIpRange(entry);
      if (problem !== null) throw optionsError("ip-filter", problem);
    }
    this.#allow = new IpRanges(allow);
    this.#deny = new IpRanges(deny);
  }

  onRequestHead(exchange: HttpExchange): FilterReply | undefined {
    return this.#mayPass(exchange.client) ? undefined : textReply(exchange, 403, "This address may not come here");
  }

  #mayPass(client: string): boolean {
    const address = unmapped(client);
    if (isIP(address) === 0 || this.#deny.has(address)) return false;
    return this.#allow.isEmpty || this.#allow.has(address);
  }
}
