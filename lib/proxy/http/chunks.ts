/**
 * Writing bodies in chunks (RFC 9112 section 7.1).
 *
 * @module
 */
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { ascii, putHex } from "./bytes.ts";

const CHUNK_HEAD_BYTES = 12;

/** The end of a chunk's data. */
export const CHUNK_END: Uint8Array = ascii("\r\n");
/** The end of a body in chunks, without trailers. */
export const LAST_CHUNK: Uint8Array = ascii("0\r\n\r\n");

/** What comes before a chunk's data of so many bytes, at least one. */
export function chunkHead(dataBytes: number): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEAD_BYTES);
  const end = putHex(bytes, 0, dataBytes);
  bytes.set(CHUNK_END, end);
  return bytes.subarray(0, end + CHUNK_END.length);
}

/** Where the bytes of a body go. False: no more for now. */
export interface ChunkTarget {
  write(lease: Lease): boolean;
}

/** Send data, at least one byte, as a chunk. */
export function writeChunk(target: ChunkTarget, data: Lease): boolean {
  target.write(leaseBytes(chunkHead(data.length)));
  target.write(data);
  return target.write(leaseBytes(CHUNK_END));
}
