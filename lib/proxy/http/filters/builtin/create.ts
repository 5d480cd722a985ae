/**
 * Makes built-in filters of what a configuration says. What they need of heavy modules they load when a worker starts.
 *
 * @module
 */
import type { HttpFilter } from "../filter.ts";
import { basicAuth } from "./basic_auth.ts";
import { compression } from "./compression.ts";
import { cors } from "./cors.ts";
import { fault } from "./fault.ts";
import { ipFilter } from "./ip_filter.ts";
import { jwt } from "./jwt.ts";
import type { FilterOptions } from "./options.ts";
import { rateLimit } from "./rate_limit.ts";

/** A filter for one worker. Throws a RingwayError of code ERR_FILTER_OPTIONS that names what is wrong. */
export function createFilter(filter: FilterOptions): HttpFilter {
  switch (filter.type) {
    case "cors":
      return cors(filter.options);
    case "basic-auth":
      return basicAuth(filter.options);
    case "ip-filter":
      return ipFilter(filter.options);
    case "rate-limit":
      return rateLimit(filter.options);
    case "compression":
      return compression(filter.options);
    case "jwt":
      return jwt(filter.options);
    case "fault":
      return fault(filter.options);
  }
}
