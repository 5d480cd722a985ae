/**
 * One client's connection: requests in, one after the other, and their responses out.
 *
 * ```text
 *  head ──> body ──> waiting for the rest of the response ──> head ...
 *    │        └── response complete first: the rest of the body is dropped ──> head ...
 *    ├── bad request: answer, FIN, drop what comes ──> closed
 *    └── 101: tunnel ──> closed
 * ```
 *
 * What becomes of a request is in `exchange.ts`.
 *
 * @module
 */
import { BodyReader } from "../../http/body_reader.ts";
import type { HttpFault } from "../../http/fault.ts";
import { FRAMING_LENGTH, FRAMING_NONE, type Head } from "../../http/head.ts";
import { METHOD_CONNECT } from "../../http/methods.ts";
import { PARSE_FAULT, PARSE_INCOMPLETE, parseRequestHead } from "../../http/parse_head.ts";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import { detachLease, dropFront, type Lease, type LeaseQueue } from "../../ring/lease.ts";
import { STATISTIC } from "../statistics.ts";
import { followBody, followPieces } from "./body_lease.ts";
import { Exchange } from "./exchange.ts";
import { HeadReader } from "./head_reader.ts";
import { type HeldBytesTaker, hasToDrain, holdBytes, takeHeldBytes } from "./held_bytes.ts";
import type { HttpProxy } from "./http_proxy.ts";
import { LazyTimer } from "./lazy_timer.ts";
import { LINGER_MS, Linger } from "./linger.ts";
import { HEAD_TIMEOUT, PROTOCOL_ERROR } from "./reasons.ts";
import type { RequestAdditions } from "./request_head.ts";

/** What the client sends next. */
const IN_HEAD = 0;
const IN_BODY = 1;
/** The request is complete, its response is not: what comes now is the next request's. */
const WAITING = 2;
/** The response is complete, the request is not: its body is dropped. */
const DROPPING = 3;
/** Nothing that comes is looked at any more. */
const LINGERING = 4;
const TUNNEL = 5;

/** See the module. */
export class Downstream implements ConnectionHandler, HeldBytesTaker {
  readonly connection: Connection;
  /** Has the present request arrived whole? */
  isRequestComplete = false;
  /** Is the connection closed after the present response? */
  isLast = false;
  readonly #proxy: HttpProxy;
  readonly #reader: HeadReader = new HeadReader();
  #exchange: Exchange | null = null;
  #state = IN_HEAD;
  #body: BodyReader | null = null;
  /** Bytes of the next request that came before the present one's response was complete. */
  #held: LeaseQueue | null = null;
  #hasBody = false;
  #droppedBytes = 0;
  #isTaking = false;
  #hasEnded = false;
  #additions: RequestAdditions | null = null;
  /** For a connection without a request, a head, and lingering; it may expire in other states, which ignore it. */
  readonly #timer: LazyTimer;
  #linger: Linger | null = null;

  /** A connection that was just accepted. */
  constructor(proxy: HttpProxy, connection: Connection) {
    this.#proxy = proxy;
    this.connection = connection;
    this.#timer = new LazyTimer(proxy.driver, () => this.#onTimer());
    this.#startTimer(proxy.keepAliveTimeoutMs);
  }

  /** Has the client ended its side? */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Bytes of the present request's body so far. */
  get bodyBytes(): number {
    return this.#hasBody ? (this.#body as BodyReader).bodyBytes : 0;
  }

  /** What the client's requests are given on their way. */
  additions(): RequestAdditions {
    this.#additions ??= this.#proxy.additionsFor(this.connection);
    return this.#additions;
  }

  onConnect(): void {}

  onData(_connection: Connection, lease: Lease): void {
    if (this.#held === null) this.take(lease);
    // It came before the pause took effect.
    else this.#held.push(detachLease(lease));
  }

  take(lease: Lease): void {
    this.#isTaking = true;
    this.#exchange?.touch();
    let rest: Lease | null = lease;
    while (rest !== null) rest = this.#takeSome(rest);
    this.#isTaking = false;
  }

  #takeSome(lease: Lease): Lease | null {
    switch (this.#state) {
      case IN_HEAD:
        if (!hasToDrain(this.connection, this.#proxy.driver)) return this.#takeHead(lease);
        this.#hold(lease);
        return null;
      case IN_BODY:
        if (this.#exchange?.isHolding !== true) return this.#takeBody(lease);
        this.#hold(lease);
        return null;
      case DROPPING:
        return this.#dropSome(lease);
      case WAITING:
        this.#hold(lease);
        return null;
      case TUNNEL:
        this.#exchange?.forward(lease);
        return null;
      default:
        lease.release();
        return null;
    }
  }

  #hold(lease: Lease): void {
    this.#held = holdBytes(this.#held, lease, this.connection);
  }

  #takeHead(lease: Lease): Lease | null {
    const proxy = this.#proxy;
    const reader = this.#reader;
    const end = reader.gather(lease, proxy);
    const { memory, base, earlierBytes } = reader;
    const parsed = parseRequestHead(reader.head, memory, base, end);
    if (parsed === PARSE_INCOMPLETE) {
      if (reader.keep(lease, proxy)) this.#startTimer(proxy.options.headTimeoutMs);
      return null;
    }
    const head = reader.end();
    if (parsed === PARSE_FAULT) {
      lease.release();
      const { status, message } = head.fault as HttpFault;
      this.#hasBody = false;
      this.#currentExchange().answerUnknown(PROTOCOL_ERROR, status, message);
    } else {
      this.#begin(head, memory, base);
    }
    proxy.giveHead(head);
    return parsed === PARSE_FAULT ? null : dropFront(lease, parsed - earlierBytes);
  }

  #currentExchange(): Exchange {
    this.#exchange ??= new Exchange(this.#proxy, this);
    return this.#exchange;
  }

  #begin(head: Head, memory: Uint8Array, base: number): void {
    const { options, isDraining } = this.#proxy;
    this.#timer.stop();
    // What follows CONNECT may be meant for a tunnel.
    this.isLast = !head.isPersistent || isDraining || head.method === METHOD_CONNECT;
    this.isRequestComplete =
      head.framing === FRAMING_NONE || (head.framing === FRAMING_LENGTH && head.contentLength === 0);
    this.#hasBody = !this.isRequestComplete;
    if (this.isRequestComplete) {
      this.#state = WAITING;
    } else {
      this.#body ??= new BodyReader(options.limits);
      this.#body.begin(head.framing, head.contentLength);
      this.#state = IN_BODY;
    }
    this.#currentExchange().begin(head, memory, base);
  }

  #takeBody(lease: Lease): Lease | null {
    const body = this.#body as BodyReader;
    const exchange = this.#exchange as Exchange;
    if (exchange.takesPieces) return this.#takePieces(body, exchange, lease);
    const rest = followBody(body, lease);
    if (body.fault !== null) {
      lease.release();
      exchange.refuseBody(PROTOCOL_ERROR, body.fault.status, body.fault.message);
      return null;
    }
    if (body.isComplete) {
      this.isRequestComplete = true;
      this.#state = WAITING;
    }
    exchange.forward(lease);
    if (body.isComplete) exchange.onRequestComplete();
    return rest;
  }

  #takePieces(body: BodyReader, exchange: Exchange, lease: Lease): Lease | null {
    const rest = followPieces(body, lease, exchange);
    if (body.fault !== null) {
      if (this.#state === DROPPING) this.#closeAndLinger();
      else exchange.refuseBody(PROTOCOL_ERROR, body.fault.status, body.fault.message);
    } else if (body.isComplete) {
      this.isRequestComplete = true;
      if (this.#state === IN_BODY) {
        this.#state = WAITING;
        exchange.onRequestComplete();
      } else if (this.#state === DROPPING) {
        // A filter failed at the last piece.
        this.#finish();
      }
    }
    return rest;
  }

  #dropSome(lease: Lease): Lease | null {
    const body = this.#body as BodyReader;
    const rest = followBody(body, lease);
    this.#droppedBytes += lease.length;
    lease.release();
    if (body.fault !== null || this.#droppedBytes > this.#proxy.options.lingerBytes) {
      this.#closeAndLinger();
    } else if (body.isComplete) {
      this.isRequestComplete = true;
      this.#finish();
    }
    return rest;
  }

  #closeAndLinger(): void {
    this.#exchange?.close();
    this.linger();
  }

  /** The endpoint can take more of the request, or of what goes through the tunnel. */
  resumeRequest(): void {
    if (this.#state === IN_BODY || this.#state === TUNNEL) this.connection.resumeReading();
  }

  onDrain(): void {
    this.#exchange?.onDownstreamDrained();
    if (this.#state === IN_HEAD) this.#takeHeld();
  }

  /** From now on bytes are bytes. */
  becomeTunnel(): void {
    this.#state = TUNNEL;
    const held = this.#held;
    this.#held = null;
    for (let lease = held?.shift(); lease; lease = held?.shift()) this.#exchange?.forward(lease);
    this.connection.resumeReading();
    if (this.#hasEnded) this.#exchange?.endRequestOfTunnel();
  }

  /** The response is complete, and nothing of the request is needed any more. */
  onResponseComplete(): void {
    if (this.isRequestComplete) {
      this.#finish();
      return;
    }
    this.#state = DROPPING;
    this.#droppedBytes = 0;
    this.#timer.start(LINGER_MS);
    if (this.#isTaking) this.connection.resumeReading();
    else this.#takeHeld();
  }

  /** Request and response are complete. */
  #finish(): void {
    this.#exchange?.close();
    if (this.isLast || this.#hasEnded) {
      this.linger();
      return;
    }
    this.#state = IN_HEAD;
    this.#startTimer(this.#proxy.keepAliveTimeoutMs);
    if (!this.#isTaking) this.#takeHeld();
  }

  #takeHeld(): void {
    const held = this.#held;
    if (held !== null) {
      if (!takeHeldBytes(held, this)) return;
      this.#held = null;
    }
    this.connection.resumeReading();
  }

  /** What was held while a filter waited is wanted. */
  resumeHeld(): void {
    if (this.#state === IN_BODY && !this.#isTaking) this.#takeHeld();
  }

  get takesMore(): boolean {
    if (this.#state === IN_HEAD) return !hasToDrain(this.connection, this.#proxy.driver);
    if (this.#state === DROPPING) return true;
    return this.#state === IN_BODY && this.#exchange?.isHolding !== true;
  }

  /** The response can't be completed: the client has to see that. */
  cutShort(isSelfDelimiting: boolean): void {
    this.#state = LINGERING;
    if (isSelfDelimiting) this.connection.close();
    else this.connection.reset();
  }

  onEnd(): void {
    this.#hasEnded = true;
    switch (this.#state) {
      case IN_HEAD:
        // It may still be reading the last response.
        this.linger();
        return;
      case IN_BODY:
      case DROPPING:
        this.connection.close();
        return;
      case WAITING:
        // The response is still wanted.
        this.isLast = true;
        return;
      case TUNNEL:
        this.#exchange?.endRequestOfTunnel();
    }
  }

  onClose(_connection: Connection, errno: number): void {
    const { statistics } = this.#proxy;
    this.#timer.close();
    if (errno !== 0) statistics.add(STATISTIC.downstream_resets_total, 1);
    statistics.add(STATISTIC.downstream_bytes_received_total, this.connection.bytesRead);
    statistics.add(STATISTIC.downstream_bytes_sent_total, this.connection.bytesWritten);
    this.#exchange?.onDownstreamClosed(errno);
    this.#held?.clear();
    this.#reader.drop(this.#proxy);
    this.#proxy.onDownstreamClosed(this);
  }

  /**
   * The proxy ends: connections without a request are closed, the others after their response. A client may be about to
   * send one, and would not know what became of it: it may do so for `idleMs`.
   */
  drain(idleMs: number): void {
    // Otherwise the next head says so, and a response whose head has said nothing is followed by a wait.
    if (idleMs === 0) this.isLast = true;
    if (this.#state !== IN_HEAD || this.#reader.hasBegun) return;
    if (idleMs > 0) this.#timer.start(idleMs);
    else this.linger();
  }

  /** Send FIN after what is queued, and drop what still comes. */
  linger(): void {
    this.#state = LINGERING;
    this.#reader.drop(this.#proxy);
    // What comes now would be put behind it, without end.
    this.#held?.clear();
    this.#held = null;
    this.#linger ??= new Linger();
    this.#linger.begin(this.connection, this.#timer);
  }

  /** 0: without limit. */
  #startTimer(delayMs: number): void {
    if (delayMs > 0) this.#timer.start(delayMs);
    else this.#timer.stop();
  }

  #onTimer(): void {
    switch (this.#state) {
      case IN_HEAD:
        if (this.#reader.hasBegun) this.#currentExchange().answerUnknown(HEAD_TIMEOUT, HEAD_TIMEOUT.status, "");
        else this.linger();
        return;
      case DROPPING:
        this.#closeAndLinger();
        return;
      case LINGERING:
        this.#linger?.onTimer(this.connection, this.#timer, this.#proxy.options.streamIdleTimeoutMs);
    }
  }
}
