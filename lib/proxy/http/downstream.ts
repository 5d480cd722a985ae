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
 * @module
 */
import { ETIMEDOUT } from "../../../ffi/abi.ts";
import { BodyReader } from "../../http/body_reader.ts";
import type { HttpFault } from "../../http/fault.ts";
import { FIELD_WORDS, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE, type Head } from "../../http/head.ts";
import { FIELD_ACCEPT, FIELD_X_REQUEST_ID } from "../../http/known_fields.ts";
import {
  isIdempotent,
  METHOD_CONNECT,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  METHOD_TRACE,
} from "../../http/methods.ts";
import { PARSE_FAULT, PARSE_INCOMPLETE, parseRequestHead } from "../../http/parse_head.ts";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import { detachLease, dropFront, type Lease, LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { Endpoint } from "../endpoint.ts";
import { NO_HASH } from "../hash.ts";
import { STATISTIC } from "../statistics.ts";
import { LogEntry } from "./access_log.ts";
import { ascii, copy } from "./bytes.ts";
import type { HttpProxy } from "./http_proxy.ts";
import { localReply } from "./local_reply.ts";
import { PartialHead } from "./partial_head.ts";
import {
  BODY_TIMEOUT,
  CONNECT_FAILED,
  HEAD_TIMEOUT,
  LAST_HOP,
  METHOD_REFUSED,
  NO_ENDPOINT,
  OVERFLOW,
  PROTOCOL_ERROR,
  RESPONSE_TIMEOUT,
  type Reason,
  type UPSTREAM_CLOSED,
  type UPSTREAM_ERROR,
} from "./reasons.ts";
import { maximumForwards, putRequestHead, type RequestAdditions, requestHeadBytes } from "./request_head.ts";
import { BODY_RAW, putResponseHead } from "./response_head.ts";
import type { Upstream } from "./upstream.ts";
import type { UpstreamPool } from "./upstream_pool.ts";

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

/** What the timer is for. */
const TIMER_KEEP_ALIVE = 0;
const TIMER_HEAD = 1;
const TIMER_CONNECT = 2;
const TIMER_PENDING = 3;
const TIMER_RESPONSE = 4;
/** A body, in either direction, or a tunnel: since the last byte. */
const TIMER_STREAM = 5;
const TIMER_LINGER = 6;

/** How long a client that was told to go may go on sending. */
const LINGER_MS = 2000;
const NONE_TRIED: readonly Endpoint[] = [];
/** The client ended the connection before its response was complete: Envoy's flag for it. */
const CLIENT_CLOSED = "DC";
const JSON_TYPE: Uint8Array = ascii("json");

/** See the module. */
export class Downstream implements ConnectionHandler {
  readonly connection: Connection;
  /** The present request's method, a `METHOD_` number. */
  method: number = METHOD_OTHER;
  /** Did the present request come as HTTP/1.0? */
  isOldClient = false;
  /** Does the present request ask for another protocol? */
  isUpgrade = false;
  /** Has the present request arrived whole? */
  isRequestComplete = false;
  readonly #proxy: HttpProxy;
  #state = IN_HEAD;
  #head: Head | null = null;
  #partial: PartialHead | null = null;
  #body: BodyReader | null = null;
  /** Bytes of the next request that came before the present one's response was complete. */
  #held: LeaseQueue | null = null;
  #upstream: Upstream | null = null;
  /** The connection that is being made for the present request. */
  #connecting: Upstream | null = null;
  #endpoint: Endpoint | null = null;
  /** Where the present request waits, or waited, for a connection. */
  #pool: UpstreamPool | null = null;
  #tried: Endpoint[] | null = null;
  /** The head to forward, until it can be; then, for as long as the request may be sent again, a second lease of it. */
  #requestHead: Lease | null = null;
  /** The part of the body that came before it could be forwarded. */
  #early: LeaseQueue | null = null;
  #hasBody = false;
  #droppedBytes = 0;
  #isActive = false;
  #hasAnswered = false;
  /** Is the end of the response visible to the client, without the connection's end? */
  #isSelfDelimiting = true;
  #isLast = false;
  #wantsJson = false;
  /** Was the present request sent again already? */
  #isRepeated = false;
  #isTaking = false;
  #hasEnded = false;
  #additions: RequestAdditions | null = null;
  /** For the access log, if there is one. */
  #entry: LogEntry | null = null;
  readonly #timer: Timer;
  #timerPurpose = TIMER_KEEP_ALIVE;
  #timerMs = 0;
  #lastActiveMs = 0;
  /** Bytes written when lingering was last looked at. */
  #lingerWritten = -1;
  #lingerIdleMs = 0;

  /** A connection that was just accepted. */
  constructor(proxy: HttpProxy, connection: Connection) {
    this.#proxy = proxy;
    this.connection = connection;
    this.#timer = new Timer(() => this.#onTimer());
    this.#startTimer(TIMER_KEEP_ALIVE, proxy.options.keepAliveTimeoutMs);
  }

  onConnect(): void {}

  onData(_connection: Connection, lease: Lease): void {
    if (this.#held === null) this.#take(lease);
    // It came before the pause took effect.
    else this.#held.push(detachLease(lease));
  }

  #take(lease: Lease): void {
    this.#isTaking = true;
    this.#lastActiveMs = this.#proxy.driver.nowMs;
    let rest: Lease | null = lease;
    while (rest !== null) rest = this.#takeSome(rest);
    this.#isTaking = false;
  }

  #takeSome(lease: Lease): Lease | null {
    switch (this.#state) {
      case IN_HEAD:
        if (!this.#mustDrain) return this.#takeHead(lease);
        this.#hold(lease);
        return null;
      case IN_BODY:
      case DROPPING:
        return this.#takeBody(lease);
      case WAITING:
        this.#hold(lease);
        return null;
      case TUNNEL:
        this.#forward(lease);
        return null;
      default:
        lease.release();
        return null;
    }
  }

  /** Bytes of the present request's body so far. */
  get #bodyBytes(): number {
    return this.#hasBody ? (this.#body as BodyReader).bodyBytes : 0;
  }

  /** Does the client have to take responses before its next request is looked at? `onDrain` comes then. */
  get #mustDrain(): boolean {
    return this.connection.queuedBytes > this.#proxy.driver.connectionOptions.writeHighWatermarkBytes;
  }

  /** The next request waits until this one is answered; what more comes stays with the client. */
  #hold(lease: Lease): void {
    this.#held ??= new LeaseQueue();
    // It was taken from its front, if anything else is in it.
    this.#held.unshift(detachLease(lease));
    this.connection.pauseReading();
  }

  #takeHead(lease: Lease): Lease | null {
    const proxy = this.#proxy;
    this.#head ??= proxy.takeHead();
    const head = this.#head;
    const earlier = this.#partial?.length ?? 0;
    if (this.#partial !== null) this.#partial.append(lease);
    const memory = this.#partial?.bytes ?? lease.memory;
    const base = this.#partial === null ? lease.offset : 0;
    const end = this.#partial === null ? lease.offset + lease.length : this.#partial.length;
    const parsed = parseRequestHead(head, memory, base, end);
    if (parsed === PARSE_INCOMPLETE) {
      if (this.#partial === null) {
        this.#partial = new PartialHead(proxy.partialHeadBytes);
        this.#partial.append(lease);
        this.#startTimer(TIMER_HEAD, proxy.options.headTimeoutMs);
      }
      lease.release();
      return null;
    }
    this.#partial = null;
    this.#head = null;
    if (parsed === PARSE_FAULT) {
      lease.release();
      this.#refuse(head.fault as HttpFault);
      proxy.giveHead(head);
      return null;
    }
    this.#begin(head, memory, base);
    proxy.giveHead(head);
    return dropFront(lease, parsed - earlier);
  }

  #begin(head: Head, memory: Uint8Array, base: number): void {
    const proxy = this.#proxy;
    proxy.statistics.add(STATISTIC.http_requests_total, 1);
    proxy.statistics.add(STATISTIC.http_requests_active, 1);
    this.#isActive = true;
    this.#hasAnswered = false;
    this.#isRepeated = false;
    this.#isSelfDelimiting = true;
    this.method = head.method;
    this.isOldClient = head.minorVersion === 0;
    this.isUpgrade = head.upgradeField >= 0 && head.framing === FRAMING_NONE;
    this.#isLast = !head.isPersistent || proxy.isDraining;
    this.#wantsJson = acceptsJson(head, memory, base);
    this.#additions ??= proxy.additionsFor(this.connection);
    if (proxy.accessLog !== null) proxy.accessLog.begin(this.#logEntry(), head, memory, base);
    this.isRequestComplete =
      head.framing === FRAMING_NONE || (head.framing === FRAMING_LENGTH && head.contentLength === 0);
    this.#hasBody = false;
    if (this.isRequestComplete) {
      this.#state = WAITING;
    } else {
      this.#body ??= new BodyReader(proxy.options.limits);
      this.#hasBody = true;
      this.#body.begin(head.framing, head.contentLength);
      this.#state = IN_BODY;
    }
    if (head.method === METHOD_CONNECT || head.method === METHOD_TRACE) {
      // What follows CONNECT may be meant for a tunnel.
      this.#isLast ||= head.method === METHOD_CONNECT;
      this.#replyLocally(METHOD_REFUSED);
      return;
    }
    if (head.method === METHOD_OPTIONS && maximumForwards(head, memory, base) === 0) {
      this.#replyLocally(LAST_HOP);
      return;
    }
    if (!this.isUpgrade) head.upgradeField = -1;
    const lease = proxy.driver.allocate(requestHeadBytes(head, this.#additions));
    lease.length = putRequestHead(lease.memory, lease.offset, head, memory, base, this.#additions) - lease.offset;
    this.#requestHead = lease;
    if (this.#entry !== null) this.#keepRequestId(this.#entry, head, memory, base);
    this.#tried = null;
    this.#acquire(false);
  }

  #acquire(isFresh: boolean): void {
    const { cluster, driver } = this.#proxy;
    const endpoint = cluster.pick(this.#tried ?? NONE_TRIED, driver.nowMs, NO_HASH);
    if (endpoint === null) {
      this.#replyLocally(this.#tried === null ? NO_ENDPOINT : CONNECT_FAILED);
      return;
    }
    this.#acquireFrom(endpoint, isFresh);
  }

  #acquireFrom(endpoint: Endpoint, isFresh: boolean): void {
    this.#endpoint = endpoint;
    endpoint.activeConnections++;
    this.#pool = this.#proxy.poolFor(endpoint);
    if (!this.#pool.acquire(this, isFresh)) {
      this.#replyLocally(OVERFLOW);
      return;
    }
    if (this.#upstream !== null || this.#connecting !== null || !this.#isActive) return;
    this.#detachRequest();
    this.#startTimer(TIMER_PENDING, this.#proxy.options.pendingTimeoutMs);
  }

  /** It takes a while until the request can be forwarded, and the buffers are for all. */
  #detachRequest(): void {
    if (this.#requestHead !== null) this.#requestHead = detachLease(this.#requestHead);
  }

  /** A connection is being made for this request. */
  onConnecting(upstream: Upstream): void {
    this.#connecting = upstream;
    this.#detachRequest();
    this.#startTimer(TIMER_CONNECT, this.#proxy.options.connectTimeoutMs);
  }

  /** A connection is there for this request. */
  onUpstream(upstream: Upstream): void {
    const { options, statistics } = this.#proxy;
    this.#connecting = null;
    this.#upstream = upstream;
    if (this.#entry !== null) this.#entry.upstream = (this.#endpoint as Endpoint).name;
    if (upstream.isReused) statistics.add(STATISTIC.http_upstream_reuses_total, 1);
    const head = this.#requestHead as Lease;
    const mayRepeat =
      upstream.isReused &&
      !this.#isRepeated &&
      this.isRequestComplete &&
      this.#early === null &&
      isIdempotent(this.method);
    this.#requestHead = mayRepeat ? head.share() : null;
    upstream.connection.write(head);
    const early = this.#early;
    this.#early = null;
    for (let lease = early?.shift(); lease; lease = early?.shift()) this.#forward(lease);
    if (this.isRequestComplete) this.#startTimer(TIMER_RESPONSE, options.responseTimeoutMs);
    else this.#startTimer(TIMER_STREAM, options.streamIdleTimeoutMs);
    if (this.#state === IN_BODY && early !== null) this.connection.resumeReading();
  }

  /** Connecting failed: nothing was sent, so that another endpoint can serve any request. */
  onConnectFailed(errno: number): void {
    const { options, reporter, statistics } = this.#proxy;
    const endpoint = this.#endpoint as Endpoint;
    this.#connecting = null;
    this.#releaseEndpoint();
    statistics.add(STATISTIC.upstream_connect_failures_total, 1);
    reporter.onConnectFailed(endpoint, errno);
    this.#tried ??= [];
    this.#tried.push(endpoint);
    if (this.#tried.length >= options.connectAttempts) {
      this.#replyLocally(CONNECT_FAILED);
      return;
    }
    statistics.add(STATISTIC.upstream_connect_retries_total, 1);
    this.#acquire(false);
  }

  #takeBody(lease: Lease): Lease | null {
    const body = this.#body as BodyReader;
    const start = lease.offset;
    const end = start + lease.length;
    let position = start;
    while (position < end && !body.isComplete && body.fault === null) {
      position = body.read(lease.memory, position, end);
    }
    if (body.fault !== null) {
      lease.release();
      this.#refuseBody(body.fault);
      return null;
    }
    const rest = position < end ? lease.split(position - start) : null;
    const isDropped = this.#state === DROPPING;
    if (body.isComplete) {
      this.isRequestComplete = true;
      this.#state = WAITING;
    }
    if (isDropped) {
      this.#droppedBytes += lease.length;
      lease.release();
      if (body.isComplete) this.#finish();
      else if (this.#droppedBytes > this.#proxy.options.lingerBytes) this.#linger();
    } else {
      this.#forward(lease);
      if (body.isComplete && this.#upstream !== null && !this.#hasAnswered) {
        this.#startTimer(TIMER_RESPONSE, this.#proxy.options.responseTimeoutMs);
      }
    }
    return rest;
  }

  /** Bytes of the request's body, or of a tunnel. */
  #forward(lease: Lease): void {
    if (this.#upstream !== null) {
      if (!this.#upstream.connection.write(lease)) this.connection.pauseReading();
      return;
    }
    this.#early ??= new LeaseQueue();
    this.#early.push(detachLease(lease));
    if (this.#early.bytes > this.#proxy.driver.connectionOptions.writeHighWatermarkBytes)
      this.connection.pauseReading();
  }

  /** The upstream can take more of the request. */
  onUpstreamDrained(): void {
    this.#lastActiveMs = this.#proxy.driver.nowMs;
    if (this.#state === IN_BODY || this.#state === TUNNEL) this.connection.resumeReading();
  }

  onDrain(): void {
    this.#lastActiveMs = this.#proxy.driver.nowMs;
    this.#upstream?.connection.resumeReading();
    if (this.#state === IN_HEAD) this.#takeHeld();
  }

  /** An interim response, which HTTP/1.0 does not know (RFC 9110 section 15.2). */
  onInterimHead(head: Head, memory: Uint8Array, base: number): void {
    if (!this.isOldClient) this.#writeHead(head, memory, base, BODY_RAW, 0);
  }

  /**
   * The head of the response. If it fits into `roomBytes` from `base` on, it is left at the end of them, and its
   * length is returned: the caller sends it with the body behind it. Otherwise it is sent, and 0 returned.
   */
  onHead(head: Head, memory: Uint8Array, base: number, bodyMode: number, roomBytes: number): number {
    this.#forgetRequest();
    this.#hasAnswered = true;
    if (head.framing === FRAMING_UNTIL_CLOSE && bodyMode === BODY_RAW) this.#isSelfDelimiting = false;
    if (bodyMode !== BODY_RAW && this.isOldClient) this.#isSelfDelimiting = false;
    if (!this.#isSelfDelimiting || this.#proxy.isDraining || this.#hasEnded) this.#isLast = true;
    this.#countStatus(head.status);
    this.#startTimer(TIMER_STREAM, this.#proxy.options.streamIdleTimeoutMs);
    return this.#writeHead(head, memory, base, bodyMode, roomBytes);
  }

  #writeHead(head: Head, memory: Uint8Array, base: number, bodyMode: number, roomBytes: number): number {
    const { scratch, driver } = this.#proxy;
    const length = putResponseHead(scratch, 0, head, memory, base, {
      bodyMode,
      isLast: this.#isLast,
      isOldClient: this.isOldClient,
      date: this.#proxy.date(),
    });
    if (length <= roomBytes) {
      if (this.#entry !== null) this.#entry.sentBytes -= length;
      copy(memory, base + roomBytes - length, scratch, 0, length);
      return length;
    }
    const lease = driver.allocate(length);
    lease.length = copy(lease.memory, lease.offset, scratch, 0, length) - lease.offset;
    this.connection.write(lease);
    return 0;
  }

  /** Bytes of the response's body, or of a tunnel. False: wait until it is drained. */
  write(lease: Lease): boolean {
    this.#lastActiveMs = this.#proxy.driver.nowMs;
    if (this.#entry !== null) this.#entry.sentBytes += lease.length;
    return this.connection.write(lease);
  }

  /** The endpoint agreed to speak another protocol: from now on bytes are bytes. */
  onUpgrade(head: Head, memory: Uint8Array, base: number): void {
    const { statistics, options } = this.#proxy;
    this.#forgetRequest();
    this.#hasAnswered = true;
    statistics.add(STATISTIC.http_upgrades_total, 1);
    if (this.#entry !== null) this.#entry.status = head.status;
    this.#writeHead(head, memory, base, BODY_RAW, 0);
    this.#state = TUNNEL;
    this.#startTimer(TIMER_STREAM, options.streamIdleTimeoutMs);
    const held = this.#held;
    this.#held = null;
    for (let lease = held?.shift(); lease; lease = held?.shift()) this.#forward(lease);
    this.connection.resumeReading();
    if (this.#hasEnded) this.#upstream?.connection.shutdownWrite();
  }

  /** The response is complete, and the upstream's connection has nothing to do with this request any more. */
  onResponseComplete(): void {
    this.#upstream = null;
    this.#releaseEndpoint();
    if (this.isRequestComplete) {
      this.#finish();
      return;
    }
    this.#dropBody();
  }

  #dropBody(): void {
    this.#early?.clear();
    this.#early = null;
    this.#state = DROPPING;
    this.#droppedBytes = 0;
    this.#startTimer(TIMER_LINGER, LINGER_MS);
    this.connection.resumeReading();
  }

  /** Request and response are complete. */
  #finish(): void {
    this.#forgetRequest();
    this.#deactivate();
    if (this.#isLast || this.#hasEnded) {
      this.#linger();
      return;
    }
    this.#state = IN_HEAD;
    this.#startTimer(TIMER_KEEP_ALIVE, this.#proxy.options.keepAliveTimeoutMs);
    if (!this.#isTaking) this.#takeHeld();
  }

  #takeHeld(): void {
    const held = this.#held;
    if (held !== null) {
      while ((this.#state === IN_HEAD && !this.#mustDrain) || this.#state === IN_BODY) {
        const lease = held.shift();
        if (lease === null) break;
        this.#take(lease);
      }
      if (held.head !== null) return;
      this.#held = null;
    }
    this.connection.resumeReading();
  }

  /** A connection to the endpoint ended in the middle of this request, or its response breaks a rule. */
  onUpstreamFailed(reason: typeof UPSTREAM_CLOSED | typeof UPSTREAM_ERROR): void {
    const { statistics } = this.#proxy;
    const upstream = this.#upstream;
    const endpoint = this.#endpoint;
    this.#upstream = null;
    this.#releaseEndpoint();
    statistics.add(STATISTIC.http_upstream_errors_total, 1);
    if (this.#state === TUNNEL) {
      this.connection.reset();
      return;
    }
    if (this.#hasAnswered) {
      this.#cutShort(reason.flag);
      return;
    }
    // The endpoint closed a connection that was not in use, and the request crossed it: no other explanation is left
    // for a connection that was used before and said nothing at all (RFC 9110 section 9.2.2).
    if (this.#requestHead !== null && upstream?.hasAnswered === false && endpoint !== null) {
      statistics.add(STATISTIC.http_upstream_retries_total, 1);
      this.#isRepeated = true;
      this.#acquireFrom(endpoint, true);
      return;
    }
    this.#replyLocally(reason);
  }

  /** The response can't be completed: the client has to see that. */
  #cutShort(flag: string): void {
    if (this.#entry !== null) this.#entry.flag = flag;
    this.#proxy.statistics.add(STATISTIC.http_responses_cut_short_total, 1);
    this.#state = LINGERING;
    if (this.#isSelfDelimiting) this.connection.close();
    else this.connection.reset();
  }

  /** The endpoint sends no more through the tunnel. */
  onUpstreamEnd(): void {
    this.connection.shutdownWrite();
  }

  onEnd(): void {
    this.#hasEnded = true;
    switch (this.#state) {
      case IN_HEAD:
        // It may still be reading the last response.
        this.#linger();
        return;
      case IN_BODY:
      case DROPPING:
        this.connection.close();
        return;
      case WAITING:
        // The response is still wanted.
        this.#isLast = true;
        return;
      case TUNNEL:
        this.#upstream?.connection.shutdownWrite();
    }
  }

  onClose(_connection: Connection, errno: number): void {
    const { driver, statistics } = this.#proxy;
    driver.stopTimer(this.#timer);
    if (this.#isActive && this.#entry?.flag === "-") this.#entry.flag = CLIENT_CLOSED;
    if (this.#isActive && errno !== 0) statistics.add(STATISTIC.http_requests_aborted_total, 1);
    if (errno !== 0) statistics.add(STATISTIC.downstream_resets_total, 1);
    statistics.add(STATISTIC.downstream_bytes_received_total, this.connection.bytesRead);
    statistics.add(STATISTIC.downstream_bytes_sent_total, this.connection.bytesWritten);
    if (this.#state === TUNNEL && errno === 0) this.#upstream?.endTunnel();
    else this.#upstream?.abandon();
    this.#leave();
    this.#held?.clear();
    this.#dropHead();
    this.#deactivate();
    this.#proxy.onDownstreamClosed(this);
  }

  /** Let go of all that belongs to the request. */
  #leave(): void {
    this.#upstream = null;
    this.#connecting?.abandon();
    this.#connecting = null;
    this.#pool?.forget(this);
    this.#pool = null;
    this.#releaseEndpoint();
    this.#forgetRequest();
    this.#early?.clear();
    this.#early = null;
  }

  /** The head that has begun to arrive is not wanted any more. */
  #dropHead(): void {
    this.#partial = null;
    if (this.#head !== null) this.#proxy.giveHead(this.#head);
    this.#head = null;
  }

  /** The proxy ends: connections without a request are closed, the others after their response. */
  drain(): void {
    this.#isLast = true;
    if (this.#state === IN_HEAD && this.#partial === null) this.#linger();
  }

  #refuse(fault: HttpFault): void {
    this.#proxy.statistics.add(STATISTIC.http_requests_total, 1);
    this.#answerUnknown(PROTOCOL_ERROR, fault.status, fault.message);
  }

  /** Answer what is no whole request. */
  #answerUnknown(reason: Reason, status: number, detail: string): void {
    const { accessLog } = this.#proxy;
    this.method = METHOD_OTHER;
    this.#wantsJson = false;
    this.#additions ??= this.#proxy.additionsFor(this.connection);
    accessLog?.beginUnknown(this.#logEntry());
    this.#sendReply(reason, status, detail, true);
    if (this.#entry !== null) accessLog?.end(this.#entry);
    this.#linger();
  }

  /** The request's body breaks a rule: where it ends is unknown, and so is where the next request starts. */
  #refuseBody(fault: HttpFault): void {
    this.#upstream?.abandon();
    this.#leave();
    if (this.#state === DROPPING || this.#hasAnswered) {
      this.#cutShort(PROTOCOL_ERROR.flag);
      this.#deactivate();
      return;
    }
    this.#sendReply(PROTOCOL_ERROR, fault.status, fault.message, true);
    this.#deactivate();
    this.#linger();
  }

  /** Answer instead of an endpoint. */
  #replyLocally(reason: Reason): void {
    this.#upstream?.abandon();
    this.#leave();
    const isLast = this.#isLast || this.isOldClient || this.#hasEnded || this.#proxy.isDraining;
    this.#sendReply(reason, reason.status, "", isLast);
    this.#isLast = isLast;
    if (this.isRequestComplete) this.#finish();
    else this.#dropBody();
  }

  #sendReply(reason: Reason, status: number, detail: string, isLast: boolean): void {
    this.#proxy.statistics.add(STATISTIC.http_local_replies_total, 1);
    this.#countStatus(status);
    this.#hasAnswered = true;
    const { bytes, bodyBytes } = localReply({
      reason,
      status,
      detail,
      isJson: this.#wantsJson,
      isHeadOnly: this.method === METHOD_HEAD,
      isLast,
      date: this.#proxy.date(),
    });
    if (this.#entry !== null) {
      this.#entry.flag = reason.flag;
      this.#entry.sentBytes = bodyBytes;
    }
    this.connection.write(leaseBytes(bytes));
  }

  /**
   * Send FIN after what is queued, and drop what still comes: a reset could take the response away from the client
   * (RFC 9112 section 9.6).
   */
  #linger(): void {
    this.#state = LINGERING;
    this.#dropHead();
    this.connection.shutdownWrite();
    this.#startTimer(TIMER_LINGER, LINGER_MS);
    this.connection.resumeReading();
  }

  #onLingerTimer(): void {
    const { driver, options } = this.#proxy;
    const { queuedBytes, bytesWritten } = this.connection;
    if (this.#state !== LINGERING) {
      this.#linger();
      return;
    }
    // What it sends does not count.
    this.#lingerIdleMs = bytesWritten === this.#lingerWritten ? this.#lingerIdleMs + LINGER_MS : 0;
    this.#lingerWritten = bytesWritten;
    // A slow client may go on reading for as long as it does.
    if (queuedBytes > 0 && this.#lingerIdleMs < options.streamIdleTimeoutMs) {
      driver.startTimer(this.#timer, LINGER_MS);
      return;
    }
    this.connection.close();
  }

  #startTimer(purpose: number, delayMs: number): void {
    const { driver } = this.#proxy;
    this.#timerPurpose = purpose;
    this.#timerMs = delayMs;
    this.#lastActiveMs = driver.nowMs;
    if (delayMs > 0) driver.startTimer(this.#timer, delayMs);
    else driver.stopTimer(this.#timer);
  }

  #onTimer(): void {
    switch (this.#timerPurpose) {
      case TIMER_HEAD:
        this.#answerUnknown(HEAD_TIMEOUT, HEAD_TIMEOUT.status, "");
        return;
      case TIMER_CONNECT:
        this.#connecting?.abandon();
        this.onConnectFailed(ETIMEDOUT);
        return;
      case TIMER_PENDING:
        this.#replyLocally(OVERFLOW);
        return;
      case TIMER_RESPONSE:
        this.#replyLocally(RESPONSE_TIMEOUT);
        return;
      case TIMER_STREAM:
        this.#onStreamTimer();
        return;
      case TIMER_KEEP_ALIVE:
        this.#linger();
        return;
      default:
        this.#onLingerTimer();
    }
  }

  #onStreamTimer(): void {
    const { driver, statistics } = this.#proxy;
    const remainingMs = this.#lastActiveMs + this.#timerMs - driver.nowMs;
    if (remainingMs > 0) {
      driver.startTimer(this.#timer, remainingMs);
      return;
    }
    statistics.add(STATISTIC.downstream_idle_timeouts_total, 1);
    if (this.#state === TUNNEL) {
      this.connection.close();
    } else if (!this.#hasAnswered) {
      this.#isLast = true;
      this.#replyLocally(BODY_TIMEOUT);
    } else {
      this.#upstream?.abandon();
      this.#upstream = null;
      this.#cutShort(BODY_TIMEOUT.flag);
    }
  }

  #countStatus(status: number): void {
    const { statistics } = this.#proxy;
    if (this.#entry !== null) this.#entry.status = status;
    if (status >= 500) statistics.add(STATISTIC.http_responses_5xx_total, 1);
    else if (status >= 400) statistics.add(STATISTIC.http_responses_4xx_total, 1);
    else if (status >= 300) statistics.add(STATISTIC.http_responses_3xx_total, 1);
    else statistics.add(STATISTIC.http_responses_2xx_total, 1);
  }

  #forgetRequest(): void {
    this.#requestHead?.release();
    this.#requestHead = null;
  }

  /** The entry of this connection's requests. */
  #logEntry(): LogEntry {
    this.#entry ??= new LogEntry();
    this.#entry.client = this.#additions?.client ?? this.#entry.client;
    return this.#entry;
  }

  #keepRequestId(entry: LogEntry, head: Head, memory: Uint8Array, base: number): void {
    const { accessLog, requestIds, options } = this.#proxy;
    const field = options.trustedHops > 0 ? head.findField(FIELD_X_REQUEST_ID) : -1;
    if (field < 0) {
      accessLog?.keepRequestId(entry, requestIds.bytes, 0, requestIds.bytes.length);
      return;
    }
    const at = field * FIELD_WORDS + 2;
    const [start, end] = [head.fields[at] as number, head.fields[at + 1] as number];
    accessLog?.keepRequestId(entry, memory, base + start, base + end);
  }

  #releaseEndpoint(): void {
    if (this.#endpoint !== null) this.#endpoint.activeConnections--;
    this.#endpoint = null;
  }

  #deactivate(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#proxy.statistics.add(STATISTIC.http_requests_active, -1);
    if (this.#entry === null) return;
    this.#entry.receivedBytes = this.#bodyBytes;
    this.#proxy.accessLog?.end(this.#entry);
  }
}

/** Does the client say that it takes JSON? */
function acceptsJson(head: Head, memory: Uint8Array, base: number): boolean {
  const field = head.findField(FIELD_ACCEPT);
  if (field < 0) return false;
  const start = base + (head.fields[field * FIELD_WORDS + 2] as number);
  const end = base + (head.fields[field * FIELD_WORDS + 3] as number) - JSON_TYPE.length;
  for (let at = start; at <= end; at++) {
    let matched = 0;
    while (matched < JSON_TYPE.length && ((memory[at + matched] as number) | 0x20) === JSON_TYPE[matched]) matched++;
    if (matched === JSON_TYPE.length) return true;
  }
  return false;
}
