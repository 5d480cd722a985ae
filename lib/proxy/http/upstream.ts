/**
 * One connection to an endpoint, for one request after the other.
 *
 * ```text
 *  connecting ──> head ──> body ──> idle ──> head ...       surplus bytes, close, error in any state: closed
 *                  │
 *                 101 ──> tunnel
 * ```
 *
 * @module
 */
import { BodyReader } from "../../http/body_reader.ts";
import { FRAMING_CHUNKED, FRAMING_UNTIL_CLOSE, type Head } from "../../http/head.ts";
import { PARSE_FAULT, PARSE_INCOMPLETE, parseResponseHead } from "../../http/parse_head.ts";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import { dropFront, type Lease, leaseBytes } from "../../ring/lease.ts";
import { ascii, putHex } from "./bytes.ts";
import type { Downstream } from "./downstream.ts";
import { PartialHead } from "./partial_head.ts";
import { UPSTREAM_CLOSED, UPSTREAM_ERROR } from "./reasons.ts";
import { BODY_CHUNKED, BODY_RAW, BODY_UNFRAMED } from "./response_head.ts";
import type { UpstreamPool } from "./upstream_pool.ts";

const CONNECTING = 0;
const IDLE = 1;
const IN_HEAD = 2;
const IN_BODY = 3;
const TUNNEL = 4;
/** Nothing is expected any more. */
const ENDED = 5;

/** Interim responses before a final one, at the most. */
const INTERIM_RESPONSES = 16;
const CHUNK_HEAD_BYTES = 12;
const CHUNK_END: Uint8Array = ascii("\r\n");
const LAST_CHUNK: Uint8Array = ascii("0\r\n\r\n");

/** See the module. */
export class Upstream implements ConnectionHandler {
  readonly connection: Connection;
  /** When it was last used. */
  idleSinceMs = 0;
  readonly #pool: UpstreamPool;
  #downstream: Downstream | null;
  #state = CONNECTING;
  #requests = 0;
  #interimResponses = 0;
  /** Has anything of the response arrived? */
  #hasAnswered = false;
  #head: Head | null = null;
  #partial: PartialHead | null = null;
  #body: BodyReader | null = null;
  #bodyMode = BODY_RAW;
  /** Bytes of the head that stand right before the body's first ones, to be sent with them. */
  #headBytes = 0;
  #isPersistent = false;
  #isReleased = false;

  /** Connect, for a request. */
  constructor(pool: UpstreamPool, downstream: Downstream) {
    this.#pool = pool;
    this.#downstream = downstream;
    this.connection = pool.proxy.driver.connect(pool.endpoint.address, this);
    downstream.onConnecting(this);
  }

  /** Was it used before the present request? */
  get isReused(): boolean {
    return this.#requests > 1;
  }

  /** Has anything of the present request's response arrived? */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Serve a request. */
  begin(downstream: Downstream): void {
    this.#downstream = downstream;
    this.#start();
  }

  #start(): void {
    this.#state = IN_HEAD;
    this.#requests++;
    this.#interimResponses = 0;
    this.#hasAnswered = false;
    (this.#downstream as Downstream).onUpstream(this);
  }

  /** The client is gone, or does not wait any more: nothing can be done with what still comes. */
  abandon(): void {
    this.#downstream = null;
    this.#state = ENDED;
    this.connection.reset();
  }

  /** The client's side of a tunnel has ended in order. */
  endTunnel(): void {
    this.#downstream = null;
    this.#state = ENDED;
    this.connection.close();
  }

  onConnect(): void {
    if (this.#downstream !== null) this.#start();
  }

  onData(_connection: Connection, lease: Lease): void {
    let rest: Lease | null = lease;
    while (rest !== null) {
      switch (this.#state) {
        case IN_HEAD:
          rest = this.#takeHead(rest);
          break;
        case IN_BODY:
          rest = this.#takeBody(rest);
          break;
        case TUNNEL:
          this.#write(rest);
          return;
        default:
          // Bytes that nobody asked for: whose response they are can't be known.
          rest.release();
          if (this.#state === IDLE) this.#close();
          return;
      }
    }
  }

  /** Returns what is behind the head. */
  #takeHead(lease: Lease): Lease | null {
    const { proxy } = this.#pool;
    const downstream = this.#downstream as Downstream;
    this.#hasAnswered = true;
    this.#head ??= proxy.takeHead();
    const head = this.#head;
    const earlier = this.#partial?.length ?? 0;
    if (this.#partial !== null) this.#partial.append(lease);
    const memory = this.#partial?.bytes ?? lease.memory;
    const base = this.#partial === null ? lease.offset : 0;
    const end = this.#partial === null ? lease.offset + lease.length : this.#partial.length;
    const parsed = parseResponseHead(head, memory, base, end, downstream.method);
    if (parsed === PARSE_INCOMPLETE) {
      if (this.#partial === null) {
        this.#partial = new PartialHead(proxy.partialHeadBytes);
        this.#partial.append(lease);
      }
      lease.release();
      return null;
    }
    if (parsed === PARSE_FAULT) {
      lease.release();
      this.#fail();
      return null;
    }
    const isMoreThere = parsed - earlier < lease.length;
    const roomBytes = this.#partial === null && isMoreThere ? parsed : 0;
    this.#partial = null;
    this.#head = null;
    this.#onHead(head, memory, base, isMoreThere, roomBytes);
    proxy.giveHead(head);
    return dropFront(lease, parsed - earlier);
  }

  /** `roomBytes`: how many bytes before the body, in the same memory, are free once the head is parsed. */
  #onHead(head: Head, memory: Uint8Array, base: number, isMoreThere: boolean, roomBytes: number): void {
    const downstream = this.#downstream as Downstream;
    if (head.status < 200 && head.status !== 101) {
      if (++this.#interimResponses > INTERIM_RESPONSES) this.#fail();
      else downstream.onInterimHead(head, memory, base);
      return;
    }
    if (head.status === 101) {
      if (!downstream.isUpgrade || head.upgradeField < 0) {
        this.#fail();
        return;
      }
      this.#state = TUNNEL;
      downstream.onUpgrade(head, memory, base);
      return;
    }
    this.#isPersistent = head.isPersistent;
    this.#bodyMode = bodyMode(head, downstream.isOldClient);
    this.#body ??= new BodyReader(this.#pool.proxy.options.limits);
    this.#body.begin(head.framing, head.contentLength);
    this.#state = IN_BODY;
    const isInPlace = this.#bodyMode === BODY_RAW && !this.#body.isComplete;
    this.#headBytes = downstream.onHead(head, memory, base, this.#bodyMode, isInPlace ? roomBytes : 0);
    if (!this.#body.isComplete || this.#state !== IN_BODY) return;
    if (isMoreThere) this.#isPersistent = false;
    this.#finish();
  }

  /** Returns what is behind the body. */
  #takeBody(lease: Lease): Lease | null {
    const body = this.#body as BodyReader;
    if (this.#bodyMode === BODY_UNFRAMED) return this.#takeUnframed(lease, body);
    const start = lease.offset;
    const end = start + lease.length;
    let position = start;
    while (position < end && !body.isComplete && body.fault === null) {
      position = body.read(lease.memory, position, end);
    }
    if (body.fault !== null) {
      lease.release();
      this.#fail();
      return null;
    }
    const rest = position < end ? lease.split(position - start) : null;
    lease.offset -= this.#headBytes;
    lease.length += this.#headBytes;
    this.#headBytes = 0;
    if (this.#bodyMode === BODY_CHUNKED) this.#writeChunk(lease);
    else this.#write(lease);
    if (body.isComplete) {
      // Before the rest is looked at: it is none of this response.
      if (rest !== null) this.#isPersistent = false;
      this.#finish();
    }
    return rest;
  }

  #takeUnframed(lease: Lease, body: BodyReader): Lease | null {
    const start = lease.offset;
    const end = start + lease.length;
    let position = start;
    while (position < end && !body.isComplete && body.fault === null) {
      position = body.read(lease.memory, position, end);
      if (body.pieceEnd === body.pieceStart) continue;
      const piece = lease.share();
      piece.offset = body.pieceStart;
      piece.length = body.pieceEnd - body.pieceStart;
      this.#write(piece);
    }
    if (body.fault !== null) {
      lease.release();
      this.#fail();
      return null;
    }
    const rest = dropFront(lease, position - start);
    if (body.isComplete) {
      if (rest !== null) this.#isPersistent = false;
      this.#finish();
    }
    return rest;
  }

  #writeChunk(lease: Lease): void {
    const chunkHead = new Uint8Array(CHUNK_HEAD_BYTES);
    const end = putHex(chunkHead, 0, lease.length);
    chunkHead.set(CHUNK_END, end);
    this.#downstream?.write(leaseBytes(chunkHead.subarray(0, end + CHUNK_END.length)));
    this.#downstream?.write(lease);
    this.#write(leaseBytes(CHUNK_END));
  }

  #write(lease: Lease): void {
    if (this.#downstream === null) {
      lease.release();
      return;
    }
    if (!this.#downstream.write(lease)) this.connection.pauseReading();
  }

  /** The response is complete. */
  #finish(): void {
    const downstream = this.#downstream as Downstream;
    const { proxy } = this.#pool;
    if (this.#bodyMode === BODY_CHUNKED) downstream.write(leaseBytes(LAST_CHUNK));
    this.#downstream = null;
    const { requestsPerConnection } = proxy.options;
    const isReusable =
      this.#isPersistent &&
      downstream.isRequestComplete &&
      (requestsPerConnection === 0 || this.#requests < requestsPerConnection);
    if (isReusable) {
      this.#state = IDLE;
      this.idleSinceMs = proxy.driver.nowMs;
      this.connection.resumeReading();
    } else {
      this.#close();
    }
    downstream.onResponseComplete();
    // Last, as the next request may begin here and now.
    if (isReusable && this.#state === IDLE) this.#pool.release(this);
  }

  /** The response breaks a rule. */
  #fail(): void {
    const downstream = this.#downstream;
    this.#downstream = null;
    this.#state = ENDED;
    this.connection.reset();
    downstream?.onUpstreamFailed(UPSTREAM_ERROR);
  }

  #close(): void {
    this.#state = ENDED;
    this.connection.close();
  }

  onEnd(): void {
    if (this.#state === TUNNEL) {
      this.#downstream?.onUpstreamEnd();
      return;
    }
    if (this.#state === IN_BODY && this.#body?.finish()) {
      this.#finish();
      return;
    }
    this.#close();
    this.#onBroken();
  }

  onDrain(): void {
    this.#downstream?.onUpstreamDrained();
  }

  onClose(_connection: Connection, errno: number): void {
    const wasConnecting = this.#state === CONNECTING;
    // Both directions have ended, and the client knows of both.
    if (this.#state === TUNNEL && errno === 0) this.#downstream = null;
    this.#state = ENDED;
    this.#partial = null;
    if (this.#head !== null) {
      this.#pool.proxy.giveHead(this.#head);
      this.#head = null;
    }
    this.#leavePool();
    const downstream = this.#downstream;
    if (downstream === null) return;
    if (!wasConnecting) {
      this.#onBroken();
      return;
    }
    this.#downstream = null;
    downstream.onConnectFailed(errno);
  }

  #leavePool(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#pool.onClosed(this);
  }

  /** The connection ended in the middle of a request. */
  #onBroken(): void {
    const downstream = this.#downstream;
    this.#downstream = null;
    downstream?.onUpstreamFailed(UPSTREAM_CLOSED);
  }
}

/** How the client has to get the body. */
function bodyMode(head: Head, isOldClient: boolean): number {
  if (isOldClient) return head.framing === FRAMING_CHUNKED ? BODY_UNFRAMED : BODY_RAW;
  return head.framing === FRAMING_UNTIL_CLOSE ? BODY_CHUNKED : BODY_RAW;
}
