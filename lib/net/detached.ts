/**
 * Bytes whose memory was given away.
 *
 * @module
 */

/** Is their memory gone, as it was transferred to another thread or stream? Shared memory can't be. */
export function isDetached({ buffer }: Uint8Array): boolean {
  return (buffer as Partial<ArrayBuffer>).detached === true;
}
