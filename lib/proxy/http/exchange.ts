/**
 * One request and its response, on their way between a client and an endpoint.
 *
 * ```text
 *  begin ──> connecting, or waiting for a connection ──> request sent ──> response's head ──> its body ──> end
 *    │            ^                │                          │                │
 *    │            └── next try <───┴──────────────────────────┴────────────────┘
 *    └── answered here: no route, overload, time over, ...
 * ```
 *
 * A client's connection has one exchange after the other, and uses one object for all of them.
 *
 * @module
 */
import { ETIMEDOUT } from "../../../ffi/abi.ts";
import { FRAMING_CHUNKED, FRAMING_NONE, FRAMING_UNTIL_CLOSE, type Head } from "../../http/head.ts";
import type { HttpLimits } from "../../http/limits.ts";
import { METHOD_CONNECT, METHOD_HEAD, METHOD_OPTIONS, METHOD_OTHER, METHOD_TRACE } from "../../http/methods.ts";
import { hasNoBody } from "../../http/status.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { NO_HASH } from "../hash.ts";
import { STATISTIC } from "../statistics.ts";
import { acceptsJson } from "./accept.ts";
import { Attempts, type AttemptsOwner, WAIT_BACK_OFF, WAIT_CONNECT, WAIT_PENDING } from "./attempts.ts";
import { ascii, copy } from "./bytes.ts";
import { trustedClient } from "./client_address.ts";
import type { Downstream } from "./downstream.ts";
import { ExchangeFilters } from "./exchange_filters.ts";
import { closeGaps } from "./fields.ts";
import type { FilterReply, FilterRoute } from "./filters/filter.ts";
import type { ExchangeFacts } from "./filters/filter_run.ts";
import { textOf } from "./filters/text.ts";
import type { HttpCluster } from "./http_cluster.ts";
import type { HttpProxy } from "./http_proxy.ts";
import { LazyTimer } from "./lazy_timer.ts";
import { localReply } from "./local_reply.ts";
import { Mirror } from "./mirror.ts";
import {
  BODY_TIMEOUT,
  CLIENT_CLOSED,
  FILTER_ANSWER,
  FILTER_TIMEOUT,
  LAST_HOP,
  METHOD_REFUSED,
  NO_ROUTE,
  OVERFLOW,
  OVERLOADED,
  PROTOCOL_ERROR,
  RESPONSE_TIMEOUT,
  REWRITE_FAILED,
  type Reason,
  ROUTE_ANSWER,
} from "./reasons.ts";
import { type LocalReplyBytes, type ReplyContext, replyBytes } from "./reply.ts";
import { maximumForwards, putRequestHead, requestHeadBytes } from "./request_head.ts";
import { requestIdOf } from "./request_ids.ts";
import {
  BODY_CHUNKED,
  BODY_RAW,
  BODY_UNFRAMED,
  putResponseHead,
  RESPONSE_FRAMING_KEPT,
  staysInPlace,
} from "./response_head.ts";
import type { HeaderEdits } from "./routing/header_edits.ts";
import { RewriteError } from "./routing/path_change.ts";
import { directResponse, redirectResponse } from "./routing/response.ts";
import type { Route } from "./routing/route.ts";
import { mayUpgrade } from "./upgrade.ts";
import type { Upstream } from "./upstream.ts";

/** What the timer is for, besides the waits of `attempts.ts`. */
const TIMER_NOTHING = -1;
const TIMER_RESPONSE = 10;
/** A body, in either direction, or a tunnel: since the last byte. */
const TIMER_STREAM = 11;
const TIMER_FILTER = 12;

const NOTHING: Uint8Array = new Uint8Array(0);
const CONTINUE: Uint8Array = ascii("HTTP/1.1 100 Continue\r\n\r\n");
/** The answer to CONNECT: no field says how a body is framed, as there is none (RFC 9110 section 9.3.6). */
const CONNECTED: Uint8Array = ascii("HTTP/1.1 200 OK\r\n\r\n");

/** See the module. */
export class Exchange implements AttemptsOwner, ExchangeFacts {
  readonly lender: HttpProxy;
  readonly limits: HttpLimits;
  method: number = METHOD_OTHER;
  isUpgrade = false;
  isConnect = false;
  bodyMode: number = BODY_RAW;
  /** Did the request come as HTTP/1.0? */
  isOldClient = false;
  /** Of the response that was sent, or is about to be; 0: none was. */
  status = 0;
  /** Why the proxy answered itself or cut the response short; `-`: it did not. */
  flag = "-";
  /** Bytes of the response's body that were sent. */
  sentBytes = 0;
  /** The endpoint that served the request, or an empty text. */
  upstreamName = "";
  /** The client's address as text, if there are filters. */
  clientText = "";
  /** As in X-Request-Id, if there are filters or the client is trusted; otherwise see `#idWords`. */
  requestId: Uint8Array = NOTHING;
  /** The id that the endpoint was given, in four words. */
  readonly #idWords: Uint32Array = new Uint32Array(4);
  #hasId = false;
  readonly #proxy: HttpProxy;
  readonly #downstream: Downstream;
  #isActive = false;
  #hasAnswered = false;
  /** Was all of the response given to the client's connection? */
  #isAnswered = false;
  #isTunnel = false;
  /** Is the end of the response visible to the client, without the connection's end? */
  #isSelfDelimiting = true;
  #wantsJson = false;
  #expectsContinue = false;
  #filters: ExchangeFilters | null = null;
  /** Was all of a request whose body filters changed given to the endpoint? */
  #isSent = false;
  #route: Route | null = null;
  /** The name of the route's cluster that was chosen. */
  #clusterName = "";
  #mirror: Mirror | null = null;
  readonly #attempts: Attempts;
  readonly #timer: LazyTimer;
  #timerPurpose = TIMER_NOTHING;
  /** When the request as a whole has to be over. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  #responseTimeoutMs = 0;
  #streamIdleTimeoutMs = 0;

  /** Without a request yet. */
  constructor(proxy: HttpProxy, downstream: Downstream) {
    this.#proxy = proxy;
    this.lender = proxy;
    this.limits = proxy.options.limits;
    this.#downstream = downstream;
    this.#attempts = new Attempts(proxy, this);
    this.#timer = new LazyTimer(proxy.driver, () => this.#onTimer());
  }

  get isRequestComplete(): boolean {
    return this.#filters?.takesRequest === true ? this.#isSent : this.#downstream.isRequestComplete;
  }

  get requestIdText(): string {
    return textOf(this.requestId, 0, this.requestId.length);
  }

  get nowMs(): number {
    return this.#proxy.driver.nowMs;
  }

  /** Bytes of the request's body so far. */
  get receivedBytes(): number {
    return this.#downstream.bodyBytes;
  }

  /** Does the request ask for something else than a response? */
  get isTunnelWanted(): boolean {
    return this.isUpgrade || this.isConnect;
  }

  /** Is the request's body wanted without its framing? */
  get takesPieces(): boolean {
    return this.#filters?.takesRequest === true;
  }

  /** Is nothing more of the request wanted for now? */
  get isHolding(): boolean {
    return this.#filters?.isHoldingRequest === true;
  }

  /** A request's head has arrived. */
  begin(head: Head, memory: Uint8Array, base: number): void {
    const proxy = this.#proxy;
    const { statistics, options } = proxy;
    statistics.add(STATISTIC.http_requests_total, 1);
    statistics.add(STATISTIC.http_requests_active, 1);
    this.#reset();
    this.#isActive = true;
    this.#isSelfDelimiting = true;
    this.#isSent = false;
    this.#hasId = false;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#responseTimeoutMs = options.responseTimeoutMs;
    this.#streamIdleTimeoutMs = options.streamIdleTimeoutMs;
    this.isOldClient = head.minorVersion === 0;
    this.#wantsJson = acceptsJson(head, memory, base);
    this.#expectsContinue = head.expectsContinue;
    this.adopt(head, memory, base);
    this.requestId = options.trustedHops > 0 ? proxy.requestIdOf(head, memory, base) : NOTHING;
    if (proxy.filters === null) {
      this.decide(head, memory, base);
      return;
    }
    this.clientText = trustedClient(head, memory, base, options.trustedHops) ?? this.#downstream.additions().clientText;
    if (this.requestId === NOTHING) this.requestId = proxy.requestIdOf(head, memory, base);
    this.#filters = new ExchangeFilters(proxy, this, proxy.filters);
    this.#filters.onRequest(head, memory, base);
  }

  #reset(): void {
    this.#hasAnswered = false;
    this.#isAnswered = false;
    this.#isTunnel = false;
    this.status = 0;
    this.flag = "-";
    this.sentBytes = 0;
    this.upstreamName = "";
    this.bodyMode = BODY_RAW;
    this.#route = null;
  }

  /** This is the head of the request from here on. */
  adopt(head: Head, memory: Uint8Array, base: number): void {
    this.method = head.method;
    this.isUpgrade = head.upgradeField >= 0 && head.framing === FRAMING_NONE && mayUpgrade(head, memory, base);
    this.isConnect = head.method === METHOD_CONNECT;
    if (!this.isUpgrade) head.upgradeField = -1;
  }

  /** Where does the request go? */
  decide(head: Head, memory: Uint8Array, base: number): void {
    const proxy = this.#proxy;
    if (proxy.overload?.shouldRefuse() === true) {
      proxy.statistics.add(STATISTIC.http_overload_refusals_total, 1);
      this.#replyLocally(OVERLOADED);
      return;
    }
    if (head.method === METHOD_TRACE) {
      this.#replyLocally(METHOD_REFUSED);
      return;
    }
    if (head.method === METHOD_OPTIONS && maximumForwards(head, memory, base) === 0) {
      this.#replyLocally(LAST_HOP);
      return;
    }
    if (proxy.routes.refuses(head, memory, base)) {
      this.#replyLocally(PROTOCOL_ERROR, "The path has a segment that means another one, such as ..");
      return;
    }
    const route = proxy.routes.match(head, memory, base);
    if (this.isConnect && route?.options.allowsConnect !== true) {
      this.#replyLocally(METHOD_REFUSED);
      return;
    }
    if (route === null) {
      this.#replyLocally(NO_ROUTE);
      return;
    }
    this.#take(route, head, memory, base);
  }

  #take(route: Route, head: Head, memory: Uint8Array, base: number): void {
    const { options } = route;
    this.#route = route;
    const { timeoutMs, responseTimeoutMs, streamIdleTimeoutMs } = options;
    if (timeoutMs > 0 && !this.isTunnelWanted) this.#deadlineMs = this.#proxy.driver.nowMs + timeoutMs;
    if (responseTimeoutMs !== null) this.#responseTimeoutMs = responseTimeoutMs;
    if (streamIdleTimeoutMs !== null) this.#streamIdleTimeoutMs = streamIdleTimeoutMs;
    this.#clusterName = options.action.type === "clusters" ? route.pickCluster(this.#proxy.random()) : "";
    if (this.#filters?.seesRoute !== true) this.follow(head, memory, base);
    else this.#filters.onRoute(this.#filterRoute(route), head, memory, base);
  }

  /** The route, as filters see it and may change it. */
  #filterRoute({ name, virtualHost }: Route): FilterRoute {
    const { clusters } = this.#proxy;
    const filters = this.#filters;
    let chosen = this.#clusterName;
    const set = (cluster: string): void => {
      // Later, or after the end, it would be another request's.
      if (filters !== this.#filters || filters?.isRouting !== true) throw new TypeError("Set the cluster in onRoute");
      if (!clusters.has(cluster)) throw new RangeError(`No cluster is named "${cluster}"`);
      chosen = cluster;
      this.#clusterName = cluster;
    };
    const get = (): string => chosen;
    return Object.defineProperty({ name, virtualHost, cluster: "" }, "cluster", { get, set, enumerable: true });
  }

  /** Do what the route says. */
  follow(head: Head, memory: Uint8Array, base: number): void {
    const route = this.#route as Route;
    const { action } = route.options;
    if (this.#clusterName !== "") {
      this.#forwardTo(route, this.#proxy.clusterNamed(this.#clusterName), head, memory, base);
    } else if (action.type === "redirect") {
      const location = route.redirectLocation(head, memory, base, false);
      if (location instanceof RewriteError) this.#replyLocally(REWRITE_FAILED);
      else
        this.#answer(ROUTE_ANSWER, action.redirect.status, (to) =>
          redirectResponse(action.redirect.status, location, to),
        );
    } else if (action.type === "response") {
      this.#answer(ROUTE_ANSWER, action.response.status, (to) => directResponse(action.response, route.body, to));
    }
  }

  #forwardTo(route: Route, cluster: HttpCluster, head: Head, memory: Uint8Array, base: number): void {
    const proxy = this.#proxy;
    const target = route.rewriteTarget(head, memory, base);
    if (target instanceof RewriteError) {
      this.#replyLocally(REWRITE_FAILED);
      return;
    }
    if (!cluster.begin()) {
      this.#replyLocally(OVERFLOW);
      return;
    }
    this.#attempts.cluster = cluster;
    const additions = this.#downstream.additions();
    const { changes } = proxy;
    changes.reset();
    changes.target = target;
    // HTTP/1.0 may name none, and HTTP/1.1 has to.
    changes.host = route.host ?? (head.hasHost ? null : cluster.nameBytes);
    changes.isOpen = route.isHostOfEndpoint;
    changes.edits = route.requestHeaders;
    if (this.requestId !== NOTHING) changes.requestId = this.requestId;
    const filters = this.#filters;
    if (filters !== null) {
      const framing = filters.requestFraming();
      if (framing === null) return;
      changes.framing = framing;
      changes.isCleaned = filters.isCleaned;
    }
    const lease = proxy.driver.allocate(requestHeadBytes(head, changes));
    lease.length = putRequestHead(lease.memory, lease.offset, head, memory, base, additions, changes) - lease.offset;
    if (this.requestId === NOTHING) this.#keepId(proxy.requestIds.words);
    const hash = cluster.cluster.needsHash ? this.#hash(route, head, memory, base) : NO_HASH;
    this.#attempts.begin(cluster, route, lease, hash);
    this.#startMirror(route);
    this.#attempts.acquire();
    // Not those of the next request, which may have begun.
    filters?.startRequestBody();
  }

  /** The id that the endpoint is given: it is made text only if something goes wrong. */
  #keepId(words: Uint32Array): void {
    const kept = this.#idWords;
    this.#hasId = true;
    for (let word = 0; word < kept.length; word++) kept[word] = words[word] as number;
  }

  /** The id for an answer of the proxy's own. */
  #ownId(): Uint8Array {
    if (this.requestId !== NOTHING || !this.#isActive) return this.requestId;
    return this.#hasId ? requestIdOf(this.#idWords) : this.#proxy.requestIds.next();
  }

  #hash(route: Route, head: Head, memory: Uint8Array, base: number): number {
    const client = trustedClient(head, memory, base, this.#proxy.options.trustedHops);
    return route.hash(head, memory, base, client === null ? this.#downstream.additions().client : ascii(client));
  }

  #startMirror(route: Route): void {
    if (route.options.mirror === null || this.isTunnelWanted) return;
    const name = route.mirrors(this.#proxy.random());
    if (name === null) return;
    const bytes = this.#attempts.headBytes.slice();
    this.#mirror = Mirror.start(this.#proxy, this.#proxy.clusterNamed(name), this, bytes, route.isHostOfEndpoint);
  }

  onConnecting(upstream: Upstream): void {
    this.#attempts.onConnecting(upstream);
  }

  onUpstream(upstream: Upstream): void {
    const attempts = this.#attempts;
    attempts.onUpstream(upstream);
    this.upstreamName = attempts.endpoint?.name ?? "";
    if (this.isConnect) {
      this.#onConnected();
      return;
    }
    const hadWaited = attempts.sendHead(upstream);
    if (this.isRequestComplete) this.#startTimer(TIMER_RESPONSE, this.#responseTimeoutMs);
    else this.#startTimer(TIMER_STREAM, this.#streamIdleTimeoutMs);
    if (hadWaited) this.#resumeRequest();
  }

  onConnectFailed(errno: number): void {
    this.#attempts.onConnectFailed(errno);
  }

  wait(purpose: number, delayMs: number): void {
    this.#startTimer(purpose, delayMs);
  }

  onUnserved(reason: Reason): void {
    this.#replyLocally(reason);
  }

  get hasClientEnded(): boolean {
    return this.#downstream.hasEnded;
  }

  /** The endpoint is there for a CONNECT: from now on bytes are bytes. */
  #onConnected(): void {
    this.#attempts.forget();
    this.#hasAnswered = true;
    this.#countStatus(200);
    this.#downstream.connection.write(leaseBytes(CONNECTED));
    this.#becomeTunnel();
  }

  /** The client has sent all of the request. */
  onRequestComplete(): void {
    if (this.#filters?.takesRequest === true) this.#filters.endRequest();
    else this.#onSent();
  }

  /** Filters have given all of the request's body. */
  onRequestSent(): void {
    this.#isSent = true;
    this.#onSent();
  }

  #onSent(): void {
    this.#mirror?.end(true);
    if (this.#attempts.upstream !== null && !this.#hasAnswered)
      this.#startTimer(TIMER_RESPONSE, this.#responseTimeoutMs);
  }

  /** A part of the request's body, or bytes for a tunnel. */
  forward(lease: Lease): void {
    if (!this.send(lease)) this.#downstream.connection.pauseReading();
  }

  /** A piece of the request's body, without its framing. */
  takePiece(lease: Lease): void {
    // The pieces before it may have ended the request.
    if (!this.takesPieces) lease.release();
    else if (this.#filters?.takeRequest(lease) === false) this.#downstream.connection.pauseReading();
  }

  /** Send bytes of the request. False: no more until `ExchangeFilters.resumeRequest`. */
  send(lease: Lease): boolean {
    this.#mirror?.forward(lease);
    return this.#attempts.send(lease);
  }

  /** Something moved. */
  touch(): void {
    if (!this.#isActive || this.#timerPurpose !== TIMER_STREAM) return;
    this.#startTimer(TIMER_STREAM, this.#streamIdleTimeoutMs);
  }

  onUpstreamDrained(): void {
    this.touch();
    this.#resumeRequest();
  }

  #resumeRequest(): void {
    this.#filters?.resumeRequest();
    if (this.#filters?.isRequestFull !== true) this.#downstream.resumeRequest();
  }

  /** The client can take more of the response. */
  onDownstreamDrained(): void {
    this.touch();
    this.#filters?.resumeResponse();
    if (this.#filters?.isResponseFull !== true) this.resumeUpstream();
  }

  /** The endpoint may send more. */
  resumeUpstream(): void {
    this.#attempts.upstream?.connection.resumeReading();
  }

  /** The client may send more. */
  resumeSource(): void {
    this.#downstream.resumeRequest();
  }

  /** A filter waits, from now on. */
  onFilterWait(): void {
    this.#startTimer(TIMER_FILTER, this.#proxy.options.filterTimeoutMs);
  }

  /** What came of the request while a filter waited is wanted now. */
  resumeHeldRequest(): void {
    this.#downstream.resumeHeld();
  }

  /** A filter wants the body before the endpoint gets to know of the request. */
  askForBody(): void {
    if (this.#expectsContinue) this.#downstream.connection.write(leaseBytes(CONTINUE));
    this.#expectsContinue = false;
    this.resumeHeldRequest();
  }

  /** An interim response, which HTTP/1.0 does not know (RFC 9110 section 15.2). */
  onInterimHead(head: Head, memory: Uint8Array, base: number): void {
    if (!this.isOldClient) this.#writeHead(head, memory, base, RESPONSE_FRAMING_KEPT, 0);
  }

  onHead(head: Head, memory: Uint8Array, base: number, roomBytes: number): number {
    if (this.#attempts.onStatus(head.status)) return 0;
    this.#attempts.forget();
    if (this.#filters?.seesResponses === true) return this.#filters.onResponse(head, memory, base, roomBytes);
    return this.sendHead(head, memory, base, RESPONSE_FRAMING_KEPT, roomBytes);
  }

  /** May the response have a body, by its status and the request's method? */
  mayHaveBody(head: Head): boolean {
    return this.method !== METHOD_HEAD && !hasNoBody(head.status);
  }

  /** Send the head of the final response; `framing`: see `ResponseAdditions`. Returns what `onHead` does. */
  sendHead(head: Head, memory: Uint8Array, base: number, framing: number, roomBytes: number): number {
    this.#hasAnswered = true;
    if (framing === RESPONSE_FRAMING_KEPT) {
      this.bodyMode = bodyModeFor(head, this.isOldClient);
      const endsWithConnection = head.framing === FRAMING_UNTIL_CLOSE && this.bodyMode === BODY_RAW;
      this.#isSelfDelimiting = !endsWithConnection && this.bodyMode !== BODY_UNFRAMED;
    } else {
      this.bodyMode = BODY_UNFRAMED;
      this.#isSelfDelimiting = framing >= 0 || !this.isOldClient || !this.mayHaveBody(head);
    }
    if (!this.#isSelfDelimiting || this.#proxy.isDraining) this.#downstream.isLast = true;
    this.#countStatus(head.status);
    this.#startTimer(TIMER_STREAM, this.#streamIdleTimeoutMs);
    return this.#writeHead(head, memory, base, framing, this.bodyMode === BODY_RAW ? roomBytes : 0);
  }

  #writeHead(head: Head, memory: Uint8Array, base: number, framing: number, roomBytes: number): number {
    const { scratch, driver } = this.#proxy;
    const { isLast } = this.#downstream;
    const edits = this.#route?.responseHeaders ?? null;
    const isKept = framing === RESPONSE_FRAMING_KEPT && edits === null && !isLast && !this.isOldClient;
    if (isKept && roomBytes === head.length && staysInPlace(head)) {
      const keptBytes = roomBytes - closeGaps(head, memory, base);
      this.sentBytes -= keptBytes;
      return keptBytes;
    }
    const length = putResponseHead(scratch, 0, head, memory, base, {
      bodyMode: this.bodyMode,
      isLast,
      isOldClient: this.isOldClient,
      date: this.#proxy.date(),
      edits,
      framing,
    });
    if (length <= roomBytes) {
      this.sentBytes -= length;
      copy(memory, base + roomBytes - length, scratch, 0, length);
      return length;
    }
    const lease = driver.allocate(length);
    lease.length = copy(lease.memory, lease.offset, scratch, 0, length) - lease.offset;
    this.#downstream.connection.write(lease);
    return 0;
  }

  write(lease: Lease): boolean {
    if (this.#filters?.takesResponse === true) return this.#filters.takeResponse(lease);
    return this.sendBody(lease);
  }

  /** Send bytes of the response. False: no more, until the client has taken them. */
  sendBody(lease: Lease): boolean {
    this.touch();
    this.sentBytes += lease.length;
    return this.#downstream.connection.write(lease);
  }

  /** How the body of a response is wanted, whose head was held, is known now. */
  proceed(): void {
    this.#attempts.upstream?.proceed();
  }

  /** The endpoint agreed to speak another protocol: from now on bytes are bytes. */
  onUpgrade(head: Head, memory: Uint8Array, base: number): void {
    this.#attempts.forget();
    this.#hasAnswered = true;
    this.#proxy.statistics.add(STATISTIC.http_upgrades_total, 1);
    this.status = head.status;
    this.#writeHead(head, memory, base, RESPONSE_FRAMING_KEPT, 0);
    this.#becomeTunnel();
  }

  #becomeTunnel(): void {
    this.#isTunnel = true;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#startTimer(TIMER_STREAM, this.#streamIdleTimeoutMs);
    this.#downstream.becomeTunnel();
  }

  /** The client sends no more through the tunnel. */
  endRequestOfTunnel(): void {
    this.#attempts.upstream?.connection.shutdownWrite();
  }

  onUpstreamEnd(): void {
    this.#downstream.connection.shutdownWrite();
  }

  onResponseComplete(): void {
    this.#attempts.upstream = null;
    if (this.#filters?.takesResponse === true) this.#filters.endUpstream();
    else this.endResponse();
  }

  /** What the endpoint still sends is not wanted. */
  dropUpstream(): void {
    const { upstream } = this.#attempts;
    if (upstream === null) return;
    upstream.abandon();
    this.#attempts.upstream = null;
    this.#attempts.leaveEndpoint();
    this.#filters?.endUpstream();
  }

  onUpstreamFailed(reason: Reason): void {
    this.#proxy.statistics.add(STATISTIC.http_upstream_errors_total, 1);
    if (this.#isTunnel) {
      this.#attempts.upstream = null;
      this.#downstream.connection.reset();
    } else if (this.#hasAnswered) {
      this.#attempts.onCutShort();
      this.#cutShort(reason);
    } else if (!this.#attempts.onFailed(reason)) {
      this.#replyLocally(reason);
    }
  }

  /** The response can't be completed: the client has to see that. */
  #cutShort(reason: Reason): void {
    this.flag = reason.flag;
    this.#proxy.statistics.add(STATISTIC.http_responses_cut_short_total, 1);
    this.#proxy.statistics.add(reason.statistic, 1);
    this.#leave();
    this.#filters?.abandon();
    this.#downstream.cutShort(this.#isSelfDelimiting);
  }

  /** The request's body breaks a rule: where it ends is unknown, and so is where the next request starts. */
  refuseBody(reason: Reason, status: number, detail: string): void {
    if (!this.#isActive) return;
    if (this.#hasAnswered) {
      this.#cutShort(reason);
      this.#deactivate();
      return;
    }
    this.#leave();
    this.#writeReply(reason, status, this.#ownReply(reason, status, detail, true));
    this.#deactivate();
    this.#downstream.linger();
  }

  /** Something went wrong in the proxy: answer, and ask no filter any more; or cut short what has begun. */
  fail(reason: Reason, status: number): void {
    if (!this.#isActive) return;
    this.#filters?.abandon();
    if (this.#hasAnswered) {
      this.#cutShort(reason);
      return;
    }
    this.#leave();
    const isLast = this.#decideLast();
    this.#writeReply(reason, status, this.#ownReply(reason, status, "", isLast));
    this.endResponse();
  }

  /** A filter answered. */
  answerByFilter(answer: FilterReply): void {
    const { status, fields, body } = answer;
    const named = fields.map(([name, value]) => [name.toLowerCase(), value] as const);
    this.#answer(FILTER_ANSWER, status, (to) => replyBytes(status, named, body, to));
  }

  /** Answer instead of an endpoint. */
  #replyLocally(reason: Reason, detail = ""): void {
    this.#leave();
    const reply = this.#ownReply(reason, reason.status, detail, this.#decideLast());
    this.#sendReply(reason, reason.status, reply);
  }

  #answer(reason: Reason, status: number, make: (context: ReplyContext) => LocalReplyBytes): void {
    this.#leave();
    const isLast = this.#decideLast();
    const isHeadOnly = this.method === METHOD_HEAD;
    this.#sendReply(reason, status, make({ isHeadOnly, isLast, date: this.#proxy.date(), edits: this.#ownEdits }));
  }

  /** What the route changes about an answer of the proxy's own. Where filters see it, that is done when it is sent. */
  get #ownEdits(): HeaderEdits | null {
    return this.#filters?.seesResponses === true ? null : (this.#route?.responseHeaders ?? null);
  }

  #sendReply(reason: Reason, status: number, reply: LocalReplyBytes): void {
    if (this.#filters?.seesResponses === true) {
      this.#count(reason);
      this.#filters.onLocalResponse(reply);
      return;
    }
    this.#filters?.abandon();
    this.#writeReply(reason, status, reply);
    this.endResponse();
  }

  #count(reason: Reason): void {
    const { statistics } = this.#proxy;
    this.flag = reason.flag;
    statistics.add(STATISTIC.http_local_replies_total, 1);
    statistics.add(reason.statistic, 1);
  }

  /** Is the connection closed after the proxy's own answer? */
  #decideLast(): boolean {
    const downstream = this.#downstream;
    downstream.isLast ||= this.isOldClient || downstream.hasEnded || this.#proxy.isDraining;
    return downstream.isLast;
  }

  #ownReply(reason: Reason, status: number, detail: string, isLast: boolean): LocalReplyBytes {
    const isHeadOnly = this.method === METHOD_HEAD;
    return localReply({
      reason,
      status,
      detail,
      isJson: this.#wantsJson,
      isHeadOnly,
      isLast,
      date: this.#proxy.date(),
      requestId: this.#ownId(),
      edits: this.#ownEdits,
    });
  }

  #writeReply(reason: Reason, status: number, { bytes, bodyBytes }: LocalReplyBytes): void {
    this.#count(reason);
    this.#countStatus(status);
    this.#hasAnswered = true;
    this.sentBytes = bodyBytes;
    this.#downstream.connection.write(leaseBytes(bytes));
  }

  /** Answer what is no whole request. */
  answerUnknown(reason: Reason, status: number, detail: string): void {
    const proxy = this.#proxy;
    proxy.statistics.add(STATISTIC.http_requests_total, 1);
    this.#reset();
    this.method = METHOD_OTHER;
    this.#wantsJson = false;
    this.requestId = NOTHING;
    if (proxy.filters !== null) {
      this.clientText = this.#downstream.additions().clientText;
      this.#filters = new ExchangeFilters(proxy, this, proxy.filters);
    }
    this.#writeReply(reason, status, this.#ownReply(reason, status, detail, true));
    this.#filters?.end();
    this.#filters = null;
    this.#downstream.linger();
  }

  /** The response is complete; the request may not be. */
  endResponse(): void {
    this.#isAnswered = true;
    this.#leave();
    this.#downstream.onResponseComplete();
  }

  /** Both are complete, or given up. */
  close(): void {
    this.#leave();
    this.#deactivate();
  }

  /** The client's connection is gone. */
  onDownstreamClosed(errno: number): void {
    if (this.#isActive && this.flag === "-" && !this.#isAnswered && !this.#isTunnel) {
      this.flag = CLIENT_CLOSED.flag;
      this.#proxy.statistics.add(CLIENT_CLOSED.statistic, 1);
    }
    if (this.#isActive && errno !== 0) this.#proxy.statistics.add(STATISTIC.http_requests_aborted_total, 1);
    if (this.#isTunnel && errno === 0) {
      this.#attempts.upstream?.endTunnel();
      this.#attempts.upstream = null;
    }
    this.close();
    this.#timer.close();
  }

  /** Let go of all that belongs to the request. */
  #leave(): void {
    this.#timer.stop();
    this.#timerPurpose = TIMER_NOTHING;
    this.#attempts.end();
    this.#filters?.abortRequest();
    this.#mirror?.end(false);
    this.#mirror = null;
  }

  #deactivate(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#proxy.statistics.add(STATISTIC.http_requests_active, -1);
    this.#filters?.end();
    this.#filters = null;
  }

  #startTimer(purpose: number, delayMs: number): void {
    this.#timerPurpose = purpose;
    const { nowMs } = this.#proxy.driver;
    let dueMs = this.#deadlineMs;
    const { deadlineMs } = this.#attempts.retry;
    if (deadlineMs < dueMs) dueMs = deadlineMs;
    if (delayMs > 0 && nowMs + delayMs < dueMs) dueMs = nowMs + delayMs;
    this.#timer.startAt(dueMs);
  }

  #onTimer(): void {
    const { nowMs } = this.#proxy.driver;
    if (nowMs >= this.#deadlineMs) {
      // The answer takes the time that it takes.
      this.#deadlineMs = Number.POSITIVE_INFINITY;
      if (this.#hasAnswered) this.#cutShort(RESPONSE_TIMEOUT);
      else this.#replyLocally(RESPONSE_TIMEOUT);
      return;
    }
    if (nowMs >= this.#attempts.retry.deadlineMs) {
      this.#onResponseTimeout();
      return;
    }
    switch (this.#timerPurpose) {
      case WAIT_CONNECT:
        this.#attempts.giveUpConnecting(ETIMEDOUT);
        return;
      case WAIT_PENDING:
        this.#replyLocally(OVERFLOW);
        return;
      case TIMER_RESPONSE:
        this.#onResponseTimeout();
        return;
      case WAIT_BACK_OFF:
        this.#attempts.acquire();
        return;
      case TIMER_FILTER:
        this.#proxy.reporter.onFilterError(this.#filters?.run.awaited ?? "", FILTER_TIMEOUT.text);
        this.fail(FILTER_TIMEOUT, FILTER_TIMEOUT.status);
        return;
      case TIMER_STREAM:
        this.#onIdle();
    }
  }

  #onResponseTimeout(): void {
    if (!this.#attempts.onTimeout(RESPONSE_TIMEOUT.status)) this.#replyLocally(RESPONSE_TIMEOUT);
  }

  #onIdle(): void {
    this.#proxy.statistics.add(STATISTIC.downstream_idle_timeouts_total, 1);
    if (this.#isTunnel) {
      this.#downstream.connection.close();
    } else if (this.#hasAnswered) {
      this.#cutShort(BODY_TIMEOUT);
    } else {
      this.#downstream.isLast = true;
      this.#replyLocally(BODY_TIMEOUT);
    }
  }

  #countStatus(status: number): void {
    const { statistics } = this.#proxy;
    this.status = status;
    if (status >= 500) statistics.add(STATISTIC.http_responses_5xx_total, 1);
    else if (status >= 400) statistics.add(STATISTIC.http_responses_4xx_total, 1);
    else if (status >= 300) statistics.add(STATISTIC.http_responses_3xx_total, 1);
    else statistics.add(STATISTIC.http_responses_2xx_total, 1);
  }
}

/** How the client has to get the body. */
function bodyModeFor(head: Head, isOldClient: boolean): number {
  if (isOldClient) return head.framing === FRAMING_CHUNKED ? BODY_UNFRAMED : BODY_RAW;
  return head.framing === FRAMING_UNTIL_CLOSE ? BODY_CHUNKED : BODY_RAW;
}
