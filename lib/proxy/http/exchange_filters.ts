/**
 * An exchange as its filters need it: heads that wait, bodies that are gathered, changed or replaced.
 *
 * ```text
 *  request:   head ──> onRequestHead ──> route ──> onRoute ──> forward      while a hook waits, nothing more is read,
 *  response:  head ──> onResponseHead ──> send                              unless it wants the whole body
 * ```
 *
 * @module
 */
import { RingwayError } from "../../../ffi/errors.ts";
import type { Head } from "../../http/head.ts";
import { parseRequestHead, parseResponseHead } from "../../http/parse_head.ts";
import { hasNoBody } from "../../http/status.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { type ChunkTarget, LAST_CHUNK, writeChunk } from "./chunks.ts";
import type { Exchange } from "./exchange.ts";
import { BODY_TOO_LARGE, bodyError, incompleteBody } from "./filters/body_error.ts";
import { BodyStage } from "./filters/body_stage.ts";
import type { FilterRoute } from "./filters/filter.ts";
import { type FilterChain, HOOK_REQUEST, HOOK_RESPONSE, HOOK_ROUTE } from "./filters/filter_chain.ts";
import { type FilterHost, FilterRun, RUN_DONE, RUN_PENDING, RUN_REPLY } from "./filters/filter_run.ts";
import type { MessageView } from "./filters/message_view.ts";
import type { HttpProxy } from "./http_proxy.ts";
import { BODY_TOO_LONG, FILTER_FAILED } from "./reasons.ts";
import type { LocalReplyBytes } from "./reply.ts";
import { FRAMING_IN_CHUNKS, FRAMING_KEPT } from "./request_head.ts";
import { BODY_UNFRAMED, RESPONSE_FRAMING_KEPT, RESPONSE_FRAMING_UNKNOWN } from "./response_head.ts";
import { HEAD_HELD } from "./upstream_client.ts";

/** A response to a body that was too long for the filter that wanted all of it. */
const BAD_GATEWAY = 502;

/** See the module. One for each exchange. */
export class ExchangeFilters implements FilterHost {
  readonly run: FilterRun;
  readonly #proxy: HttpProxy;
  readonly #exchange: Exchange;
  readonly #chain: FilterChain;
  /** Was the request's head written anew, without what an untrusted client claims? */
  #isCleaned = false;
  /** The head that a hook waits with. */
  #saved: Uint8Array | null = null;
  #isRequestHeld = false;
  /** Is nothing more of the request sent? */
  #isRequestOver = false;
  /** Is the exchange over, as far as filters can change anything? */
  #isOver = false;
  /** May the route's cluster be changed? */
  #isRouting = false;
  #requestStage: BodyStage | null = null;
  #responseStage: BodyStage | null = null;
  /** The response that the proxy made, while it waits. */
  #local: LocalReplyBytes | null = null;
  #isUpstreamDone = false;
  #isResponseSent = false;
  #isInChunks = false;

  constructor(proxy: HttpProxy, exchange: Exchange, chain: FilterChain) {
    this.#proxy = proxy;
    this.#exchange = exchange;
    this.#chain = chain;
    this.run = new FilterRun(chain, this, exchange);
  }

  /** Was the request's head written anew, so that all that it says about where it comes from is a filter's? */
  get isCleaned(): boolean {
    return this.#isCleaned;
  }

  /** Is nothing more of the request wanted for now? */
  get isHoldingRequest(): boolean {
    return this.#isRequestHeld && this.#requestStage?.isCollecting !== true;
  }

  /** Is the request's body wanted without its framing? */
  get takesRequest(): boolean {
    return this.#requestStage !== null;
  }

  /** Is the response's body wanted here? */
  get takesResponse(): boolean {
    return this.#responseStage !== null;
  }

  /** Are filters asked about the next response? Only once: those that have seen one would see another one. */
  get seesResponses(): boolean {
    return (this.#chain.hooks[HOOK_RESPONSE] as readonly unknown[]).length > 0 && this.run.response === null;
  }

  /** Does any filter look at the route? */
  get seesRoute(): boolean {
    return this.#chain.isCurious;
  }

  /** May the route's cluster be changed? */
  get isRouting(): boolean {
    return this.#isRouting;
  }

  /** Has the client to wait before it sends more of the request? */
  get isRequestFull(): boolean {
    return this.#requestStage?.isFull === true;
  }

  /** Has the endpoint to wait before it sends more of the response? */
  get isResponseFull(): boolean {
    return this.#responseStage?.isFull === true;
  }

  /** A request's head has arrived. */
  onRequest(head: Head, memory: Uint8Array, base: number): void {
    this.run.begin(head, memory, base, this.#proxy.options.trustedHops > 0, this.#exchange.requestId);
    this.#runRequestHook(HOOK_REQUEST, head, memory, base);
  }

  /** The route was chosen. */
  onRoute(route: FilterRoute, head: Head, memory: Uint8Array, base: number): void {
    this.run.route = route;
    this.#isRouting = true;
    this.#runRequestHook(HOOK_ROUTE, head, memory, base);
  }

  #runRequestHook(hook: number, head: Head, memory: Uint8Array, base: number): void {
    const result = this.run.run(hook);
    if (result === RUN_PENDING) {
      this.#isRequestHeld = true;
      this.#saved = memory.slice(base, base + head.length);
      this.#exchange.onFilterWait();
      return;
    }
    this.#afterRequestHook(hook, result, head, memory, base);
  }

  /** `head`: as it was before the hook. */
  #afterRequestHook(hook: number, result: number, head: Head, memory: Uint8Array, base: number): void {
    if (result !== RUN_DONE) {
      this.#answer(result);
      return;
    }
    const view = this.run.requestView;
    if (view === null || !view.isChanged) {
      this.#goOn(hook, head, memory, base);
      return;
    }
    this.#isCleaned = true;
    const bytes = view.bytes();
    view.settle();
    this.#withRequestHead(bytes, (changed) => this.#goOn(hook, changed, bytes, 0));
  }

  #goOn(hook: number, head: Head, memory: Uint8Array, base: number): void {
    if (hook === HOOK_REQUEST) this.#exchange.decide(head, memory, base);
    else {
      this.#isRouting = false;
      this.#exchange.follow(head, memory, base);
    }
  }

  /** What filters wrote is read as strictly as what clients write. */
  #withRequestHead(bytes: Uint8Array, use: (head: Head) => void): void {
    const head = this.#proxy.takeHead();
    if (parseRequestHead(head, bytes, 0, bytes.length) === bytes.length) {
      this.#exchange.adopt(head, bytes, 0);
      use(head);
    } else {
      this.#refuseHead(head);
    }
    this.#proxy.giveHead(head);
  }

  #refuseHead(head: Head): void {
    const why = head.fault?.message ?? "it is not complete";
    this.onFilterError("a filter", new TypeError(`The head as the filters left it is not valid: ${why}`));
    this.#exchange.fail(FILTER_FAILED, FILTER_FAILED.status);
  }

  onHooksDone(hook: number, result: number): void {
    const saved = this.#saved as Uint8Array;
    this.#saved = null;
    if (hook === HOOK_RESPONSE) {
      this.#finishResponseHook(result, saved);
      return;
    }
    this.#isRequestHeld = false;
    this.#withRequestHead(saved, (head) => this.#afterRequestHook(hook, result, head, saved, 0));
    this.#exchange.resumeHeldRequest();
  }

  #answer(result: number): void {
    if (result === RUN_REPLY && this.run.answer !== null) {
      this.#exchange.answerByFilter(this.run.answer);
      return;
    }
    const { failure } = this.run;
    if (!(failure instanceof RingwayError) || failure.code !== BODY_TOO_LARGE) {
      this.#exchange.fail(FILTER_FAILED, FILTER_FAILED.status);
    } else {
      this.#exchange.fail(BODY_TOO_LONG, this.run.response === null ? BODY_TOO_LONG.status : BAD_GATEWAY);
    }
  }

  /**
   * How the request's body is framed: a `FRAMING_` number or a length. It will be sent from now on. `null`: it can't
   * be, and the request was answered.
   */
  requestFraming(): number | null {
    const view = this.run.requestView;
    if (view === null) return FRAMING_KEPT;
    view.close();
    if (view.isLost) {
      this.#loseBody(BODY_TOO_LONG.status, this.#requestStage);
      return null;
    }
    if (view.replacement !== null && this.#exchange.isTunnelWanted) {
      this.#failBody(new TypeError("A request that asks for another protocol has no body"));
      return null;
    }
    const isChanged = view.replacement !== null || (view.transforms.length > 0 && view.hasBody);
    if (!isChanged) return FRAMING_KEPT;
    const framing = lengthOf(view) ?? FRAMING_IN_CHUNKS;
    this.#isInChunks = framing === FRAMING_IN_CHUNKS;
    this.#requestStage ??= this.#createRequestStage();
    return framing;
  }

  /** A filter read the body in part, and was content with that: it can't be sent any more. */
  #loseBody(status: number, stage: BodyStage | null): void {
    if (stage?.isCollecting !== true) this.#exchange.fail(BODY_TOO_LONG, status);
    else this.#failBody(new TypeError("A hook ended before the body that it reads was complete: wait for readBody()"));
  }

  /** The request's head is on its way, or waits for a connection: its body may follow. */
  startRequestBody(): void {
    const view = this.run.requestView;
    if (this.#requestStage === null || view === null) return;
    const isReplaced = view.replacement !== null;
    this.#requestStage.start(view);
    // The endpoint, which would ask for it, does not know that the client waits for that.
    if (!isReplaced) this.#exchange.askForBody();
  }

  /** A piece of the request's body, without framing. */
  takeRequest(lease: Lease): boolean {
    const stage = this.#requestStage;
    if (stage === null) {
      // A filter failed at the piece before.
      lease.release();
      return true;
    }
    if (stage.isCollecting) this.#exchange.onFilterWait();
    return stage.push(lease);
  }

  /** The request's body has arrived whole. */
  endRequest(): void {
    this.#requestStage?.end();
  }

  /** The endpoint can take more. */
  resumeRequest(): void {
    this.#requestStage?.resume();
  }

  #writePiece(target: ChunkTarget, piece: Uint8Array): boolean {
    return this.#isInChunks ? writeChunk(target, leaseBytes(piece)) : target.write(leaseBytes(piece));
  }

  #createRequestStage(): BodyStage {
    const exchange = this.#exchange;
    const target: ChunkTarget = { write: (lease) => exchange.send(lease) };
    const output = {
      writePiece: (piece: Uint8Array): boolean => {
        exchange.touch();
        return this.#writePiece(target, piece);
      },
      endBody: () => {
        if (this.#isInChunks) target.write(leaseBytes(LAST_CHUNK));
        exchange.onRequestSent();
      },
      failBody: (error: unknown) => this.#failBody(error),
      resumeSource: () => exchange.resumeSource(),
      track: (promise: Promise<unknown>) => this.onWait(promise),
    };
    return new BodyStage(output, this.#proxy.driver.connectionOptions.writeHighWatermarkBytes);
  }

  #failBody(error: unknown): void {
    this.onFilterError("a filter's body", error);
    this.#exchange.fail(FILTER_FAILED, FILTER_FAILED.status);
  }

  /** The response's head has arrived. Returns what `UpstreamClient.onHead` does. */
  onResponse(head: Head, memory: Uint8Array, base: number, roomBytes: number): number {
    this.run.beginResponse(head, memory, base, false);
    const result = this.run.run(HOOK_RESPONSE);
    if (result !== RUN_PENDING) return this.#sendResponse(result, head, memory, base, roomBytes);
    this.#saved = memory.slice(base, base + head.length);
    this.#exchange.onFilterWait();
    return this.#responseStage?.isCollecting === true ? 0 : HEAD_HELD;
  }

  /** The proxy made a response of its own. */
  onLocalResponse(reply: LocalReplyBytes): void {
    this.#local = reply;
    this.#isUpstreamDone = true;
    const head = this.#proxy.takeHead();
    const headBytes = parseResponseHead(head, reply.bytes, 0, reply.bytes.length, this.#exchange.method);
    if (headBytes <= 0) {
      // A filter's own may be longer than heads may be.
      this.#refuseHead(head);
      this.#proxy.giveHead(head);
      return;
    }
    this.run.beginResponse(head, reply.bytes, 0, true);
    const result = this.run.run(HOOK_RESPONSE);
    if (result === RUN_PENDING) {
      this.#saved = reply.bytes.slice(0, headBytes);
      this.#exchange.onFilterWait();
    } else {
      this.#sendResponse(result, head, reply.bytes, 0, 0);
    }
    this.#proxy.giveHead(head);
  }

  #finishResponseHook(result: number, saved: Uint8Array): void {
    const head = this.#proxy.takeHead();
    parseResponseHead(head, saved, 0, saved.length, this.#exchange.method);
    this.#sendResponse(result, head, saved, 0, 0);
    this.#proxy.giveHead(head);
    this.#exchange.proceed();
  }

  /** `head`: as it was before the hook. */
  #sendResponse(result: number, head: Head, memory: Uint8Array, base: number, roomBytes: number): number {
    const view = this.run.responseView;
    if (result !== RUN_DONE || view === null) {
      this.#answer(result);
      return 0;
    }
    view.close();
    if (view.isLost) {
      this.#loseBody(BAD_GATEWAY, this.#responseStage);
      return 0;
    }
    const framing = responseFraming(view, head);
    let headBytes = 0;
    if (view.isChanged) {
      const bytes = view.bytes();
      const changed = this.#proxy.takeHead();
      const isValid = parseResponseHead(changed, bytes, 0, bytes.length, this.#exchange.method) === bytes.length;
      if (isValid) this.#exchange.sendHead(changed, bytes, 0, framing, 0);
      else this.#refuseHead(changed);
      this.#proxy.giveHead(changed);
      if (!isValid) return 0;
    } else {
      headBytes = this.#exchange.sendHead(
        head,
        memory,
        base,
        framing,
        framing === RESPONSE_FRAMING_KEPT ? roomBytes : 0,
      );
    }
    this.#startResponseBody(view, framing, head);
    return headBytes;
  }

  #startResponseBody(view: MessageView, framing: number, head: Head): void {
    const local = this.#local;
    const { bytes, bodyBytes } = local ?? { bytes: null, bodyBytes: 0 };
    const body = bytes === null ? null : leaseBytes(bytes.subarray(bytes.length - bodyBytes));
    if (framing === RESPONSE_FRAMING_KEPT || !this.#exchange.mayHaveBody(head)) {
      if (body === null) return;
      if (body.length > 0) this.#exchange.sendBody(body);
      this.#exchange.endResponse();
      return;
    }
    this.#isInChunks = framing === RESPONSE_FRAMING_UNKNOWN && !this.#exchange.isOldClient;
    this.#responseStage ??= this.#createResponseStage();
    const stage = this.#responseStage;
    stage.start(view);
    // With a replacement that is short all may be over.
    if (body === null || this.#responseStage !== stage) return;
    stage.push(body);
    stage.end();
  }

  /** A piece of the endpoint's response, without framing. */
  takeResponse(lease: Lease): boolean {
    const stage = this.#responseStage as BodyStage;
    if (stage.isCollecting) this.#exchange.onFilterWait();
    const hasRoom = stage.push(lease);
    // What was replaced is not worth more than a new connection.
    if (stage.droppedBytes > this.#proxy.options.lingerBytes) this.#exchange.dropUpstream();
    return hasRoom;
  }

  /** The endpoint's response is complete. */
  endUpstream(): void {
    this.#isUpstreamDone = true;
    this.#responseStage?.end();
    this.#endIfDone();
  }

  /** The client can take more. */
  resumeResponse(): void {
    this.#responseStage?.resume();
  }

  #createResponseStage(): BodyStage {
    const exchange = this.#exchange;
    const target: ChunkTarget = { write: (lease) => exchange.sendBody(lease) };
    const output = {
      writePiece: (piece: Uint8Array): boolean => this.#writePiece(target, piece),
      endBody: () => {
        if (this.#isInChunks) target.write(leaseBytes(LAST_CHUNK));
        this.#isResponseSent = true;
        this.#endIfDone();
      },
      failBody: (error: unknown) => this.#failBody(error),
      resumeSource: () => exchange.resumeUpstream(),
      track: (promise: Promise<unknown>) => this.onWait(promise),
    };
    return new BodyStage(output, this.#proxy.driver.connectionOptions.writeHighWatermarkBytes);
  }

  #endIfDone(): void {
    if (!this.#isUpstreamDone || !this.#isResponseSent || this.#isOver) return;
    // Only once: the next request may begin here and now.
    this.#isOver = true;
    this.#exchange.endResponse();
  }

  /** Nothing more of the request will be sent. */
  abortRequest(): void {
    this.#isRequestHeld = false;
    this.#isRequestOver = true;
    this.#requestStage?.abort();
    this.#requestStage = null;
  }

  /** The response is another one, which no filter is asked about. */
  abandon(): void {
    this.#isOver = true;
    this.run.stop();
    this.#responseStage?.abort();
    this.#responseStage = null;
  }

  /** The exchange is over. */
  end(): void {
    this.abandon();
    this.abortRequest();
    this.run.end();
  }

  collectRequest(limitBytes: number): Promise<Uint8Array> {
    if (this.#isRequestOver) return Promise.reject(incompleteBody());
    this.#requestStage ??= this.#createRequestStage();
    const body = this.#requestStage.collect(limitBytes);
    this.#exchange.askForBody();
    return body;
  }

  collectResponse(limitBytes: number): Promise<Uint8Array> {
    if (this.#isOver) return Promise.reject(incompleteBody());
    if (this.#local !== null) {
      const { bytes, bodyBytes } = this.#local;
      if (bodyBytes > limitBytes) {
        return Promise.reject(bodyError(`It is longer than ${limitBytes} bytes`, BODY_TOO_LARGE));
      }
      return Promise.resolve(bytes.slice(bytes.length - bodyBytes));
    }
    this.#responseStage ??= this.#createResponseStage();
    const body = this.#responseStage.collect(limitBytes);
    this.#exchange.bodyMode = BODY_UNFRAMED;
    this.#exchange.proceed();
    return body;
  }

  onWait(promise: Promise<unknown>): void {
    this.#proxy.track(promise);
  }

  onFilterError(filter: string, error: unknown): void {
    this.#proxy.reporter.onFilterError(filter, error);
  }
}

/** The length of a body that is sent as a filter gave it. */
function lengthOf({ replacement, transforms }: MessageView): number | null {
  return replacement instanceof Uint8Array && transforms.length === 0 ? replacement.length : null;
}

function responseFraming(view: MessageView, { status }: Head): number {
  if (hasNoBody(status) || (view.replacement === null && view.transforms.length === 0)) return RESPONSE_FRAMING_KEPT;
  return lengthOf(view) ?? RESPONSE_FRAMING_UNKNOWN;
}
