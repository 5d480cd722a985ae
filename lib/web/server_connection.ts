/**
 * One client's connection: requests in, one after the other, and their responses out.
 *
 * ```text
 *  head ──> body ──> waiting for the rest of the response ──> head ...
 *    │        └── response complete first: the rest of the body is dropped ──> head ...
 *    └── bad request: answer, FIN, drop what comes ──> closed
 * ```
 *
 * What becomes of a request is in `server_exchange.ts`.
 *
 * @module
 */
import { BodyReader } from "../http/body_reader.ts";
import { HttpFault } from "../http/fault.ts";
import { FRAMING_LENGTH, FRAMING_NONE, type Head } from "../http/head.ts";
import { METHOD_CONNECT, METHOD_HEAD, METHOD_TRACE } from "../http/methods.ts";
import { PARSE_FAULT, PARSE_INCOMPLETE, parseRequestHead } from "../http/parse_head.ts";
import { statusText } from "../http/status.ts";
import { formatAddress } from "../net/address.ts";
import type { Connection, ConnectionHandler } from "../net/connection.ts";
import { followBody, followPieces, type PieceTaker } from "../proxy/http/body_lease.ts";
import { ascii } from "../proxy/http/bytes.ts";
import { HeadReader } from "../proxy/http/head_reader.ts";
import { type HeldBytesTaker, hasToDrain, holdBytes, takeHeldBytes } from "../proxy/http/held_bytes.ts";
import { LazyTimer } from "../proxy/http/lazy_timer.ts";
import { LINGER_MS, Linger } from "../proxy/http/linger.ts";
import { replyBytes } from "../proxy/http/reply.ts";
import { detachLease, dropFront, type Lease, type LeaseQueue, leaseBytes } from "../ring/lease.ts";
import { ConnectionInfo } from "./connection_info.ts";
import { RequestBodyError } from "./errors.ts";
import { joinPieces } from "./incoming_body.ts";
import type { ServerCore } from "./server_core.ts";
import { type ExchangeOwner, ServerExchange } from "./server_exchange.ts";
import { partsOf } from "./server_request.ts";

/** What the client sends next. */
const IN_HEAD = 0;
const IN_BODY = 1;
/** The request is complete, its response is not: what comes now is the next request's. */
const WAITING = 2;
/** The response is complete, the request is not: its body is dropped. */
const DROPPING = 3;
/** Nothing that comes is looked at any more. */
const LINGERING = 4;

/** How long a response may stand still for want of a handler's stream, to a client that sends no more. */
const HALF_CLOSED_MS = 1000;
const CONTINUE: Uint8Array = ascii("HTTP/1.1 100 Continue\r\n\r\n");
const BODY_TOO_LONG: HttpFault = new HttpFault(
  413,
  "ERR_HTTP_BODY_BYTES",
  "The body is longer than this server takes",
  "RFC 9110 15.5.14",
);
const METHOD_REFUSED = "The method is not allowed";

/** See the module. */
export class ServerConnection implements ConnectionHandler, ExchangeOwner, HeldBytesTaker, PieceTaker {
  readonly connection: Connection;
  readonly info: ConnectionInfo;
  isLast = false;
  /** Is the client still to be told to send the body? */
  expectsContinue = false;
  readonly #core: ServerCore;
  readonly #reader: HeadReader = new HeadReader();
  #exchange: ServerExchange | null = null;
  #state = IN_HEAD;
  #body: BodyReader | null = null;
  /** The body's pieces that arrived with the head, until the handler is called. */
  #pieces: Lease[] | null = null;
  /** Bytes of the next request that came before the present one's response was complete. */
  #held: LeaseQueue | null = null;
  #isHeadOnly = false;
  #isTaking = false;
  #hasEnded = false;
  #droppedBytes = 0;
  readonly #timer: LazyTimer;
  /** Bytes that had moved when progress was last looked at. */
  #movedBytes = -1;
  #linger: Linger | null = null;

  /** A connection that was just accepted. */
  constructor(core: ServerCore, connection: Connection) {
    this.#core = core;
    this.connection = connection;
    this.info = new ConnectionInfo(connection);
    this.#timer = new LazyTimer(core.driver, () => this.#onTimer());
    this.#startTimer(core.options.keepAliveTimeoutMs);
  }

  /** Is a request being served? */
  get isBusy(): boolean {
    return this.#exchange !== null;
  }

  onConnect(): void {}

  onData(_connection: Connection, lease: Lease): void {
    if (this.#held === null) this.take(lease);
    // It came before the pause took effect.
    else this.#held.push(detachLease(lease));
  }

  take(lease: Lease): void {
    this.#isTaking = true;
    let rest: Lease | null = lease;
    while (rest !== null) rest = this.#takeSome(rest);
    this.#isTaking = false;
  }

  #takeSome(lease: Lease): Lease | null {
    switch (this.#state) {
      case IN_HEAD:
        if (!hasToDrain(this.connection, this.#core.driver)) return this.#takeHead(lease);
        this.#hold(lease);
        return null;
      case IN_BODY:
        return this.#takeBody(lease);
      case WAITING:
        this.#hold(lease);
        return null;
      case DROPPING:
        return this.#dropSome(lease);
      default:
        lease.release();
        return null;
    }
  }

  #hold(lease: Lease): void {
    this.#held = holdBytes(this.#held, lease, this.connection);
  }

  #takeHead(lease: Lease): Lease | null {
    const { heads, options } = this.#core;
    const reader = this.#reader;
    const end = reader.gather(lease, heads);
    const { memory, base, earlierBytes } = reader;
    const parsed = parseRequestHead(reader.head, memory, base, end);
    if (parsed === PARSE_INCOMPLETE) {
      if (reader.keep(lease, heads)) this.#startTimer(options.headTimeoutMs);
      return null;
    }
    const head = reader.end();
    if (parsed === PARSE_FAULT) {
      lease.release();
      this.#refuse(head.fault as HttpFault);
      heads.giveHead(head);
      return null;
    }
    return this.#begin(head, memory, base, lease, parsed - earlierBytes);
  }

  #refuse({ status, message }: HttpFault): void {
    this.#core.counts.badRequests++;
    this.#isHeadOnly = false;
    this.isLast = true;
    this.answer(status, message);
  }

  /** A request's head has arrived, of which so many bytes are in the lease. Returns what is behind the request. */
  #begin(head: Head, memory: Uint8Array, base: number, lease: Lease, headBytes: number): Lease | null {
    const core = this.#core;
    const { method } = head;
    core.counts.requests++;
    this.#timer.stop();
    this.isLast = !head.isPersistent || core.isDraining;
    this.#isHeadOnly = method === METHOD_HEAD;
    const hasBody = head.framing !== FRAMING_NONE && !(head.framing === FRAMING_LENGTH && head.contentLength === 0);
    this.expectsContinue = hasBody && head.expectsContinue;
    const exchange = new ServerExchange(core, this, this.#isHeadOnly, head.minorVersion === 0);
    this.#exchange = exchange;
    const isRefused = method === METHOD_CONNECT || method === METHOD_TRACE;
    // What follows CONNECT may be meant for a tunnel.
    if (isRefused) this.isLast = true;
    const isTooLong = head.contentLength > core.options.maximumBodyBytes;
    const parts = isRefused ? null : partsOf(head, memory, base, this.#authority);
    if (hasBody) {
      this.#body ??= new BodyReader(core.options.limits);
      this.#body.begin(head.framing, head.contentLength);
    }
    core.heads.giveHead(head);
    let rest = dropFront(lease, headBytes);
    this.#state = hasBody ? IN_BODY : WAITING;
    if (parts === null) {
      this.answer(405, METHOD_REFUSED);
      return rest;
    }
    if (!hasBody) {
      exchange.begin(parts, null);
      return rest;
    }
    if (isTooLong) {
      this.#refuse(BODY_TOO_LONG);
      return rest;
    }
    const pieces: Lease[] = [];
    this.#pieces = pieces;
    if (rest !== null) rest = followPieces(this.#body as BodyReader, rest, this);
    this.#pieces = null;
    const fault = this.#bodyFault;
    const { isComplete } = this.#body as BodyReader;
    if (fault !== null) {
      for (const piece of pieces) piece.release();
      rest?.release();
      this.#refuse(fault);
      return null;
    }
    if (isComplete) {
      this.#state = WAITING;
      exchange.begin(parts, wholeOf(pieces));
      for (const piece of pieces) piece.release();
    } else {
      exchange.begin(parts, "later");
      for (const piece of pieces) this.takePiece(piece);
      if (this.#state === IN_BODY) this.watchProgress();
    }
    return rest;
  }

  /** What a client that names no host has asked. */
  readonly #authority = (): string => {
    const local = this.info.localAddress;
    return local === null || local.family === "unix" ? "localhost" : formatAddress(local);
  };

  #takeBody(lease: Lease): Lease | null {
    const body = this.#body as BodyReader;
    // It did not wait to be told.
    this.expectsContinue = false;
    const rest = followPieces(body, lease, this);
    const fault = this.#bodyFault;
    if (fault !== null) {
      rest?.release();
      this.#refuseBody(fault);
      return null;
    }
    if (!body.isComplete) return rest;
    this.#state = WAITING;
    this.#exchange?.endBody();
    return rest;
  }

  get #bodyFault(): HttpFault | null {
    const { fault, bodyBytes } = this.#body as BodyReader;
    return fault ?? (bodyBytes > this.#core.options.maximumBodyBytes ? BODY_TOO_LONG : null);
  }

  takePiece(lease: Lease): void {
    if (this.#pieces !== null) this.#pieces.push(lease);
    else if (this.#exchange === null) lease.release();
    else if (!this.#exchange.takePiece(lease)) this.connection.pauseReading();
  }

  #refuseBody(fault: HttpFault): void {
    const exchange = this.#exchange as ServerExchange;
    const { isAnswered } = exchange;
    exchange.refuseBody(fault);
    if (isAnswered) this.cutShort();
    else this.#refuse(fault);
  }

  /** The handler wants more of the body. */
  resumeBody(): void {
    if (this.#state !== IN_BODY) return;
    if (this.expectsContinue) {
      this.expectsContinue = false;
      this.connection.write(leaseBytes(CONTINUE));
    }
    if (!this.connection.isReadingPaused) return;
    this.connection.resumeReading();
    this.watchProgress();
  }

  /** The handler does not want the rest of the body: until there is a response, it may stay where it is. */
  dropBody(): void {
    if (this.#state === IN_BODY) this.connection.pauseReading();
  }

  #dropSome(lease: Lease): Lease | null {
    const body = this.#body as BodyReader;
    const rest = followBody(body, lease);
    this.#droppedBytes += lease.length;
    lease.release();
    if (body.fault !== null || this.#droppedBytes > this.#core.options.lingerBytes) this.#end();
    else if (body.isComplete) this.#finish();
    return rest;
  }

  /** See that bytes move, in one direction or the other. */
  watchProgress(): void {
    this.#startTimer(this.#hasEnded ? HALF_CLOSED_MS : this.#core.options.bodyTimeoutMs);
  }

  onDrain(): void {
    this.#exchange?.onDrain();
    if (this.#state === IN_HEAD && this.#held !== null) this.#takeHeld();
  }

  onResponseSent(): void {
    this.#exchange = null;
    if (this.#state === WAITING) {
      this.#finish();
      return;
    }
    // A client that was not told to send the body may do so or not.
    if (this.expectsContinue) {
      this.#end();
      return;
    }
    this.#state = DROPPING;
    this.#droppedBytes = 0;
    this.#timer.start(LINGER_MS);
    if (this.#isTaking) this.connection.resumeReading();
    else this.#takeHeld();
  }

  answer(status: number, text: string): void {
    this.#exchange?.giveUp(new RequestBodyError("ERR_BODY_DROPPED", text));
    this.#exchange = null;
    const fields = [["content-type", "text/plain; charset=utf-8"]] as const;
    const line = text === statusText(status) ? text : `${statusText(status)}: ${text}`;
    const isWhole = this.#state === WAITING;
    this.isLast ||= !isWhole || this.#core.isDraining;
    const { bytes } = replyBytes(status, fields, ascii(`${line}\n`), {
      isHeadOnly: this.#isHeadOnly,
      isLast: this.isLast,
      date: this.#core.date.bytes(),
      edits: null,
    });
    this.connection.write(leaseBytes(bytes));
    if (isWhole) this.#finish();
    else this.#end();
  }

  cutShort(): void {
    this.#exchange = null;
    this.#state = LINGERING;
    this.connection.reset();
  }

  /** Request and response are complete. */
  #finish(): void {
    this.#exchange = null;
    if (this.isLast || (this.#hasEnded && this.#held === null)) {
      this.#end();
      return;
    }
    this.#state = IN_HEAD;
    this.#startTimer(this.#core.options.keepAliveTimeoutMs);
    if (!this.#isTaking) this.#takeHeld();
  }

  #takeHeld(): void {
    const held = this.#held;
    if (held !== null) {
      if (!takeHeldBytes(held, this)) return;
      this.#held = null;
      // What was held was all that there will be.
      if (this.#hasEnded && this.#state === IN_HEAD) this.#end();
    }
    this.connection.resumeReading();
  }

  get takesMore(): boolean {
    if (this.#state === IN_HEAD) return !hasToDrain(this.connection, this.#core.driver);
    return this.#state === DROPPING || this.#state === IN_BODY;
  }

  onEnd(): void {
    this.#hasEnded = true;
    switch (this.#state) {
      case IN_HEAD:
        // It may still be reading the last response.
        if (this.#held === null) this.#end();
        return;
      case IN_BODY:
        this.#giveUp();
        this.connection.close();
        return;
      case DROPPING:
        this.connection.close();
        return;
      case WAITING:
        this.#exchange?.onClientEnd();
        this.watchProgress();
    }
  }

  onClose(): void {
    this.#state = LINGERING;
    this.#timer.close();
    this.#giveUp();
    this.#held?.clear();
    this.#held = null;
    this.#reader.drop(this.#core.heads);
    this.#core.onConnectionClosed(this);
  }

  #giveUp(): void {
    const message = "The connection ended before the request's body was complete";
    this.#exchange?.giveUp(new RequestBodyError("ERR_BODY_INCOMPLETE", message));
    this.#exchange = null;
  }

  /** The server is about to end: connections without a request are closed, the others after their response. */
  drain(): void {
    this.isLast = true;
    if (this.#state === IN_HEAD && !this.#reader.hasBegun && this.#held === null) this.#end();
  }

  /** Send FIN after what is queued, and drop what still comes. */
  #end(): void {
    this.#state = LINGERING;
    this.#reader.drop(this.#core.heads);
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
        if (!this.#reader.hasBegun) {
          this.#end();
          return;
        }
        this.isLast = true;
        this.#isHeadOnly = false;
        this.answer(408, "The request's head did not arrive in time");
        return;
      case IN_BODY:
      case WAITING:
        this.#onProgressTimer();
        return;
      case DROPPING:
        this.#end();
        return;
      case LINGERING:
        this.#linger?.onTimer(this.connection, this.#timer, this.#core.options.bodyTimeoutMs);
    }
  }

  #onProgressTimer(): void {
    const { connection } = this;
    const exchange = this.#exchange;
    if (exchange === null) return;
    const movedBytes = connection.bytesRead + connection.bytesWritten;
    const hasMoved = movedBytes !== this.#movedBytes;
    this.#movedBytes = movedBytes;
    if (hasMoved) {
      this.watchProgress();
    } else if (exchange.isFull || (this.#hasEnded && exchange.isStreaming)) {
      this.#giveUp();
      this.cutShort();
    } else if (this.#state === IN_BODY && !connection.isReadingPaused) {
      this.#onBodyTimeout(exchange);
    } else if (this.#hasEnded) {
      // The handler takes its time, and may have a stream then.
      this.watchProgress();
    }
  }

  #onBodyTimeout(exchange: ServerExchange): void {
    const message = "The request's body did not arrive in time";
    const { isAnswered } = exchange;
    exchange.giveUp(new RequestBodyError("ERR_BODY_INCOMPLETE", message));
    if (isAnswered) this.cutShort();
    else this.answer(408, message);
  }
}

/** A body that is there, perhaps in the memory of its only lease: whoever makes a `Request` of it copies it. */
function wholeOf(pieces: readonly Lease[]): Uint8Array<ArrayBuffer> {
  return joinPieces(pieces.map((piece) => piece.bytes() as Uint8Array<ArrayBuffer>));
}
