/**
 * Tells IP addresses from names. `node:net` can do that too, but loading it takes a third of the time in which a
 * thread is ready to use io_uring, where nothing else needs it.
 *
 * @module
 */

const BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);
const IPV6_GROUP = /^[\da-f]{1,4}$/i;
const IPV6_GROUPS = 8;
const ZONE = /^[\da-z.:-]+$/i;

/** The version of the Internet protocol whose address a text is, without brackets; 0: it is none. */
export function isIP(text: string): 0 | 4 | 6 {
  if (IPV4.test(text)) return 4;
  return isIPv6(text) ? 6 : 0;
}

/** Is a text an IPv6 address (RFC 4291, section 2.2), perhaps with a zone (RFC 4007, section 11)? */
export function isIPv6(text: string): boolean {
  if (!text.includes(":")) return false;
  const percent = text.indexOf("%");
  if (percent >= 0 && !ZONE.test(text.slice(percent + 1))) return false;
  const [before = "", after, ...more] = (percent < 0 ? text : text.slice(0, percent)).split("::");
  if (after === undefined) return countGroups(before, true) === IPV6_GROUPS;
  // Two colons stand for one group at the least.
  return more.length === 0 && countGroups(before, false) + countGroups(after, true) < IPV6_GROUPS;
}

/** The groups between colons, of which an IPv4 address at the end is two; NaN if something else is there. */
function countGroups(text: string, mayEndInIpv4: boolean): number {
  if (text === "") return 0;
  const groups = text.split(":");
  const isIpv4 = mayEndInIpv4 && IPV4.test(groups.at(-1) ?? "");
  if (isIpv4) groups.pop();
  return groups.every((group) => IPV6_GROUP.test(group)) ? groups.length + (isIpv4 ? 2 : 0) : Number.NaN;
}
