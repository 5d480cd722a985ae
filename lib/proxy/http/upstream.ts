/**
 * One connection to an endpoint, for one request after the other.
 *
 * ```text
 *  connecting ──> head ──> (held) ──> body ──> idle ──> head ...       surplus bytes, close, error in any state: closed
 *      │           │
 *   CONNECT       101 ──> tunnel
 * ```
 *
 * @module
 */
import { BodyReader } from "../../http/body_reader.ts";
import type { HttpFault } from "../../http/fault.ts";
import type { Head } from "../../http/head.ts";
import { PARSE_FAULT, PARSE_INCOMPLETE, parseResponseHead } from "../../http/parse_head.ts";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import { detachLease, dropFront, type Lease, LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import { followBody, followPieces, type PieceTaker } from "./body_lease.ts";
import { LAST_CHUNK, writeChunk } from "./chunks.ts";
import { type HeadLender, HeadReader } from "./head_reader.ts";
import { UPSTREAM_CLOSED, UPSTREAM_ERROR } from "./reasons.ts";
import { BODY_CHUNKED, BODY_RAW, BODY_UNFRAMED } from "./response_head.ts";
import { HEAD_HELD, type UpstreamClient } from "./upstream_client.ts";
import type { UpstreamPool } from "./upstream_pool.ts";

const CONNECTING = 0;
const IDLE = 1;
const IN_HEAD = 2;
/** The client has the head and has not said yet how it wants the body. */
const HELD = 3;
const IN_BODY = 4;
const TUNNEL = 5;
/** Nothing is expected any more. */
const ENDED = 6;

/** Interim responses before a final one, at the most. */
const INTERIM_RESPONSES = 16;
/** See the module. */
export class Upstream implements ConnectionHandler, PieceTaker {
  readonly connection: Connection;
  /** When it was last used. */
  idleSinceMs = 0;
  readonly #pool: UpstreamPool;
  #client: UpstreamClient | null;
  #state = CONNECTING;
  #requests = 0;
  #interimResponses = 0;
  /** Has anything of the response arrived? */
  #hasAnswered = false;
  readonly #reader: HeadReader = new HeadReader();
  /** Whose heads it parses into. */
  #lender: HeadLender | null = null;
  #body: BodyReader | null = null;
  /** What came while the head was held. */
  #held: LeaseQueue | null = null;
  #hasEnded = false;
  /** Bytes of the head that stand right before the body's first ones, to be sent with them. */
  #headBytes = 0;
  #isPersistent = false;
  #isReleased = false;

  /** Connect, for a request. */
  constructor(pool: UpstreamPool, client: UpstreamClient) {
    this.#pool = pool;
    this.#client = client;
    this.connection = pool.cluster.driver.connect(pool.endpoint.address, this);
    client.onConnecting(this);
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
  begin(client: UpstreamClient): void {
    this.#client = client;
    this.#start(client);
  }

  #start(client: UpstreamClient): void {
    this.#state = client.isConnect ? TUNNEL : IN_HEAD;
    this.#requests++;
    this.#interimResponses = 0;
    this.#hasAnswered = false;
    this.#lender = client.lender;
    client.onUpstream(this);
  }

  /** The client is gone, or does not wait any more: nothing can be done with what still comes. */
  abandon(): void {
    this.#client = null;
    this.#state = ENDED;
    this.connection.reset();
  }

  /** The client's side of a tunnel has ended in order. */
  endTunnel(): void {
    this.#client = null;
    this.#state = ENDED;
    this.connection.close();
  }

  onConnect(): void {
    if (this.#client !== null) this.#start(this.#client);
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
        case HELD:
          this.#held ??= new LeaseQueue();
          this.#held.push(detachLease(rest));
          // A client that can take more may have resumed it.
          this.connection.pauseReading();
          return;
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
    const client = this.#client as UpstreamClient;
    const reader = this.#reader;
    const { lender } = client;
    this.#hasAnswered = true;
    const end = reader.gather(lease, lender);
    const { head, memory, base, earlierBytes } = reader;
    const parsed = parseResponseHead(head, memory, base, end, client.method);
    if (parsed === PARSE_INCOMPLETE) {
      reader.keep(lease, lender);
      return null;
    }
    if (parsed === PARSE_FAULT) {
      lease.release();
      this.#fail(head.fault);
      return null;
    }
    const isMoreThere = parsed - earlierBytes < lease.length;
    const roomBytes = !reader.hasBegun && isMoreThere ? parsed : 0;
    reader.end();
    this.#onHead(client, head, memory, base, isMoreThere, roomBytes);
    lender.giveHead(head);
    return dropFront(lease, parsed - earlierBytes);
  }

  /** `roomBytes`: how many bytes before the body, in the same memory, are free once the head is parsed. */
  #onHead(
    client: UpstreamClient,
    head: Head,
    memory: Uint8Array,
    base: number,
    isMoreThere: boolean,
    roomBytes: number,
  ): void {
    if (head.status < 200 && head.status !== 101) {
      if (++this.#interimResponses > INTERIM_RESPONSES) this.#fail(null);
      else client.onInterimHead(head, memory, base);
      return;
    }
    if (head.status === 101) {
      if (!client.isUpgrade || head.upgradeField < 0) {
        this.#fail(null);
        return;
      }
      this.#state = TUNNEL;
      client.onUpgrade(head, memory, base);
      return;
    }
    this.#isPersistent = head.isPersistent;
    if (this.#body?.limits !== client.limits) this.#body = new BodyReader(client.limits);
    this.#body.begin(head.framing, head.contentLength);
    this.#state = IN_BODY;
    this.#headBytes = client.onHead(head, memory, base, this.#body.isComplete ? 0 : roomBytes);
    if (this.#state !== IN_BODY) return;
    if (this.#headBytes === HEAD_HELD) {
      this.#state = HELD;
      this.connection.pauseReading();
      return;
    }
    if (!this.#body.isComplete) return;
    if (isMoreThere) this.#isPersistent = false;
    this.#finish();
  }

  /** The client, which held the head, has said by now how it wants the body. */
  proceed(): void {
    if (this.#state !== HELD) return;
    const held = this.#held;
    this.#held = null;
    this.#state = IN_BODY;
    this.#headBytes = 0;
    if (this.#body?.isComplete) {
      if (held !== null) this.#isPersistent = false;
      held?.clear();
      this.#finish();
      return;
    }
    this.connection.resumeReading();
    for (let lease = held?.shift(); lease; lease = held?.shift()) this.onData(this.connection, lease);
    if (this.#hasEnded) this.onEnd();
  }

  /** Returns what is behind the body. */
  #takeBody(lease: Lease): Lease | null {
    const body = this.#body as BodyReader;
    const bodyMode = this.#client?.bodyMode ?? BODY_RAW;
    if (bodyMode === BODY_UNFRAMED) return this.#takeUnframed(lease, body);
    const rest = followBody(body, lease);
    if (body.fault !== null) {
      lease.release();
      this.#fail(body.fault);
      return null;
    }
    lease.offset -= this.#headBytes;
    lease.length += this.#headBytes;
    this.#headBytes = 0;
    if (bodyMode === BODY_CHUNKED && this.#client !== null) this.#pauseUnless(writeChunk(this.#client, lease));
    else this.#write(lease);
    // Before the rest is looked at: it is none of this response.
    if (body.isComplete) this.#endBody(rest);
    return rest;
  }

  #takeUnframed(lease: Lease, body: BodyReader): Lease | null {
    const rest = followPieces(body, lease, this);
    if (body.fault !== null) {
      this.#fail(body.fault);
      return null;
    }
    if (body.isComplete) this.#endBody(rest);
    return rest;
  }

  /** A piece of a body that is wanted without its framing. */
  takePiece(lease: Lease): void {
    this.#write(lease);
  }

  #endBody(rest: Lease | null): void {
    // The client may have left at the last piece.
    if (this.#state !== IN_BODY) return;
    if (rest !== null) this.#isPersistent = false;
    this.#finish();
  }

  #write(lease: Lease): void {
    if (this.#client === null) lease.release();
    else this.#pauseUnless(this.#client.write(lease));
  }

  #pauseUnless(hasRoom: boolean): void {
    if (!hasRoom) this.connection.pauseReading();
  }

  /** The response is complete. */
  #finish(): void {
    const client = this.#client as UpstreamClient;
    const { cluster } = this.#pool;
    if (client.bodyMode === BODY_CHUNKED) client.write(leaseBytes(LAST_CHUNK));
    this.#client = null;
    const { requestsPerConnection } = cluster.options;
    const isReusable =
      this.#isPersistent &&
      !this.#hasEnded &&
      client.isRequestComplete &&
      (requestsPerConnection === 0 || this.#requests < requestsPerConnection);
    if (isReusable) {
      this.#state = IDLE;
      this.idleSinceMs = cluster.driver.nowMs;
      this.connection.resumeReading();
      // First, as the client's next request may begin here and now, and use it.
      this.#pool.release(this);
    } else {
      this.#close();
    }
    client.onResponseComplete();
  }

  /** The response breaks a rule; `null`: one that is no fault by itself. */
  #fail(fault: HttpFault | null): void {
    const client = this.#client;
    this.#client = null;
    this.#state = ENDED;
    this.connection.reset();
    client?.onUpstreamFailed(UPSTREAM_ERROR, fault);
  }

  #close(): void {
    this.#state = ENDED;
    this.connection.close();
  }

  onEnd(): void {
    if (this.#state === TUNNEL) {
      this.#client?.onUpstreamEnd();
      return;
    }
    if (this.#state === HELD) {
      this.#hasEnded = true;
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
    this.#client?.onUpstreamDrained();
  }

  onClose(_connection: Connection, errno: number): void {
    const wasConnecting = this.#state === CONNECTING;
    // Both directions have ended, and the client knows of both.
    if (this.#state === TUNNEL && errno === 0) this.#client = null;
    if (this.#lender !== null) this.#reader.drop(this.#lender);
    this.#held?.clear();
    this.#leavePool();
    if (this.#state === HELD && this.#body?.isComplete) {
      // Nothing of the response is missing.
      this.#hasEnded = true;
      return;
    }
    this.#state = ENDED;
    const client = this.#client;
    if (client === null) return;
    if (!wasConnecting) {
      this.#onBroken();
      return;
    }
    this.#client = null;
    client.onConnectFailed(errno);
  }

  #leavePool(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#pool.onClosed(this);
  }

  /** The connection ended in the middle of a request. */
  #onBroken(): void {
    const client = this.#client;
    this.#client = null;
    client?.onUpstreamFailed(UPSTREAM_CLOSED, null);
  }
}
