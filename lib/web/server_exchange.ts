/**
 * One request and its response, between a client's connection and the handler.
 *
 * ```text
 *  begin ──> handler ──> Response ──> head and body sent ──> end
 *               │            └── can't be sent, or its stream fails: 500, or the connection is cut
 *               └── throws ──> onError ──> Response
 * ```
 *
 * @module
 */
import type { HttpFault } from "../http/fault.ts";
import type { Connection } from "../net/connection.ts";
import type { Driver } from "../net/driver.ts";
import { type Lease, takeBytes } from "../ring/lease.ts";
import { BodyWriter, type BodyWriterOwner, ignore } from "./body_writer.ts";
import { HttpServerError, RequestBodyError } from "./errors.ts";
import { BODY_WINDOW_BYTES, type BodyOrigin, IncomingBody } from "./incoming_body.ts";
import type { ServeInfo } from "./serve_options.ts";
import type { ServerCore } from "./server_core.ts";
import { type RequestParts, ServerRequest, type SignalOwner } from "./server_request.ts";
import { writeResponseHead } from "./server_response.ts";

/** The client's connection, as its exchange sees it. */
export interface ExchangeOwner extends BodyOrigin {
  readonly connection: Connection;
  readonly info: ServeInfo;
  /** Is the connection closed after this response? */
  isLast: boolean;
  /** Is the body one that the client sends only when it is told to? */
  readonly expectsContinue: boolean;
  /** The client does not take more of the response for now. */
  watchProgress(): void;
  /** All of the response was given to the connection. */
  onResponseSent(): void;
  /** Answer in the server's own words; the rest of the request is not needed. */
  answer(status: number, text: string): void;
  /** The response can't be completed: the client has to see that. */
  cutShort(): void;
}

const NOTHING: Uint8Array = new Uint8Array(0);
const INTERNAL_ERROR = "Internal Server Error";
const METHOD_UNKNOWN = "The method is not known here";

/** See the module. */
export class ServerExchange implements BodyWriterOwner, SignalOwner {
  readonly driver: Driver;
  readonly target: Connection;
  readonly #core: ServerCore;
  readonly #owner: ExchangeOwner;
  readonly #isHeadOnly: boolean;
  readonly #isOldClient: boolean;
  #controller: AbortController | null = null;
  #abortReason: unknown = null;
  #request: Request | null = null;
  #body: IncomingBody | null = null;
  #response: Response | null = null;
  #writer: BodyWriter | null = null;
  /** Is it `onError` that makes the response? */
  #isFailing = false;
  #isOver = false;

  constructor(core: ServerCore, owner: ExchangeOwner, isHeadOnly: boolean, isOldClient: boolean) {
    this.#core = core;
    this.driver = core.driver;
    this.target = owner.connection;
    this.#owner = owner;
    this.#isHeadOnly = isHeadOnly;
    this.#isOldClient = isOldClient;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortReason !== null) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** Has anything of the response been sent? */
  get isAnswered(): boolean {
    return this.#writer?.isHeadSent === true;
  }

  /** Does the client have to take more of the response before it can go on? */
  get isFull(): boolean {
    return this.#writer?.isFull === true;
  }

  /** Does the response wait for a stream of the handler's? */
  get isStreaming(): boolean {
    return this.isAnswered && this.#writer?.isWaitingForStream === true;
  }

  /**
   * Call the handler. `body`: all of it if it is there, `null` if there is none, `"later"` if it is still to come.
   */
  begin(parts: RequestParts, body: Uint8Array<ArrayBuffer> | null | "later"): void {
    let request: Request;
    try {
      request = new ServerRequest(this, parts, this.#bodyFor(parts.method, body));
    } catch {
      this.#refuse(400, "The URL of the request is not valid");
      return;
    }
    // The web platform writes some methods in another case, to which they are other methods.
    if (request.method !== parts.method) {
      this.#refuse(501, METHOD_UNKNOWN);
      return;
    }
    this.#request = request;
    let result: Response | Promise<Response>;
    try {
      const { handler } = this.#core;
      result = handler(request, this.#owner.info);
    } catch (error) {
      this.#onThrown(error);
      return;
    }
    this.#await(result);
  }

  #bodyFor(method: string, body: Uint8Array<ArrayBuffer> | null | "later"): BodyInit | null {
    // A body of these has no meaning (RFC 9110 section 9.3.1), and no `Request` has one.
    if (body === null || method === "GET" || method === "HEAD") return null;
    if (body !== "later") return body;
    this.#body = new IncomingBody(this.#owner, this.#owner.expectsContinue ? 0 : BODY_WINDOW_BYTES);
    return this.#body.stream;
  }

  #refuse(status: number, text: string): void {
    this.#isOver = true;
    this.#owner.answer(status, text);
  }

  #await(result: Response | Promise<Response>): void {
    if (result instanceof Response) {
      this.#respond(result);
      return;
    }
    if (!isPromise(result)) {
      this.#onThrown(new TypeError(`The handler returned ${describe(result)} instead of a Response`));
      return;
    }
    this.driver.userCode.begin();
    result.then(
      (response) => {
        this.driver.userCode.end();
        this.#respond(response);
      },
      (error: unknown) => {
        this.driver.userCode.end();
        this.#onThrown(error);
      },
    );
  }

  #respond(response: Response): void {
    if (this.#isOver) {
      discard(response);
      return;
    }
    if (!(response instanceof Response)) {
      this.#onThrown(new TypeError(`The handler returned ${describe(response)} instead of a Response`));
      return;
    }
    this.#response = response;
    this.#writer = new BodyWriter(this);
    const { body } = response;
    if (body === null) {
      this.#writer.sendBytes(NOTHING);
      return;
    }
    try {
      this.#writer.sendStream(body);
    } catch (error) {
      this.#onThrown(new TypeError("The response's body was read by somebody else", { cause: error }));
    }
  }

  headFor(bodyBytes: number): Uint8Array | null {
    const owner = this.#owner;
    const writer = this.#writer as BodyWriter;
    try {
      const head = writeResponseHead(this.#core.writer, this.#response as Response, bodyBytes, {
        isHeadOnly: this.#isHeadOnly,
        isOldClient: this.#isOldClient,
        // Whether the body follows that the client was not told to send, nobody knows.
        isLast: owner.isLast || owner.expectsContinue,
        date: this.#core.date.bytes(),
      });
      owner.isLast = head.isLast;
      writer.framing = head.framing;
      writer.promisedBytes = head.promisedBytes;
      return head.bytes;
    } catch (error) {
      this.#onThrown(error);
      return null;
    }
  }

  onFull(): void {
    this.#owner.watchProgress();
  }

  /** The client can take more of the response. */
  onDrain(): void {
    this.#writer?.resume();
  }

  onBodySent(): void {
    this.#end();
    this.#owner.onResponseSent();
  }

  onBodyFailed(error: unknown): void {
    if (!this.isAnswered) {
      this.#onThrown(error);
      return;
    }
    const message = `The body of the response to ${this.#name} failed: ${stackOf(error)}`;
    this.#end();
    this.#owner.cutShort();
    this.#report(new HttpServerError("ERR_RESPONSE_BODY", message, error));
  }

  /** What the handler threw, or what is wrong with what it returned. Nothing was sent yet. */
  #onThrown(error: unknown): void {
    // Whoever is told that the client is gone may well throw.
    if (this.#isOver) return;
    const { counts, options } = this.#core;
    const { onError } = options;
    const request = this.#request as Request;
    const isFirst = !this.#isFailing;
    this.#isFailing = true;
    this.#response = null;
    this.#writer = null;
    if (isFirst) counts.handlerErrors++;
    if (isFirst && onError !== undefined) {
      try {
        this.#await(onError(error, request));
        return;
      } catch (second) {
        this.#onThrown(second);
        return;
      }
    }
    // A client that is gone is a reason to throw.
    const isExpected = this.#abortReason !== null;
    this.#end();
    this.#owner.answer(500, INTERNAL_ERROR);
    if (isExpected) return;
    // At the end, as it is user code that may throw as well.
    const message = `The handler failed at ${this.#name}: ${stackOf(error)}`;
    this.#report(new HttpServerError("ERR_HANDLER", message, error));
  }

  get #name(): string {
    return `${this.#request?.method} ${this.#request?.url}`;
  }

  #report(problem: HttpServerError): void {
    this.#core.report(problem);
  }

  /** Bytes of the request's body. False: no more for now, perhaps as nobody wants them. */
  takePiece(lease: Lease): boolean {
    if (this.#body?.isOpen) return this.#body.push(takeBytes(lease));
    lease.release();
    return false;
  }

  /** The request's body is complete. */
  endBody(): void {
    this.#body?.end();
  }

  /** The request's body breaks a rule: where it ends is unknown, and so is where the next request starts. */
  refuseBody(fault: HttpFault): void {
    this.giveUp(new RequestBodyError(fault.code, fault.message));
  }

  /** The client sends no more, which most do only when they are gone; the response is sent all the same. */
  onClientEnd(): void {
    this.#abort(clientGone());
  }

  /** There is no way to complete the exchange. */
  giveUp(error: unknown): void {
    if (this.#isOver) return;
    this.#abort(clientGone());
    this.#body?.fail(error);
    const writer = this.#writer;
    this.#end();
    writer?.abandon(error);
  }

  #abort(reason: unknown): void {
    if (this.#abortReason !== null) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  /** Nothing of what still comes of it is of interest. */
  #end(): void {
    this.#isOver = true;
    const body = this.#body;
    this.#body = null;
    body?.fail(new RequestBodyError("ERR_BODY_DROPPED", "The response was complete before the request's body"));
  }
}

/** As `fetch` says it. */
function clientGone(): DOMException {
  return new DOMException("The client closed the connection", "AbortError");
}

/** Where it happened, for whoever has to look for it. */
function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isPromise(value: unknown): value is Promise<Response> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
}

/** A response that comes too late. */
function discard(response: unknown): void {
  if (response instanceof Response && !response.bodyUsed) response.body?.cancel().catch(ignore);
}
