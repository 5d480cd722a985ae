/**
 * Follows a body through the bytes that arrived.
 *
 * @module
 */
import type { BodyReader } from "../../http/body_reader.ts";
import type { Lease } from "../../ring/lease.ts";

/**
 * Follow the body to its end, its first fault, or the end of the lease, which is cut there. Returns what is behind the
 * body, if anything is.
 */
export function followBody(body: BodyReader, lease: Lease): Lease | null {
  const start = lease.offset;
  const end = start + lease.length;
  let position = start;
  while (position < end && !body.isComplete && body.fault === null) position = body.read(lease.memory, position, end);
  return position < end && body.fault === null ? lease.split(position - start) : null;
}
