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
import {
  isIdempotent,
  METHOD_CONNECT,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  METHOD_TRACE,
} from "../../http/methods.ts";
import { detachLease, type Lease, LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import type { Endpoint } from "../endpoint.ts";
import { NO_HASH } from "../hash.ts";
import { STATISTIC } from "../statistics.ts";
import { acceptsJson } from "./accept.ts";
import type { LogEntry } from "./access_log.ts";
import { copy } from "./bytes.ts";
import type { Downstream } from "./downstream.ts";
import type { HttpCluster } from "./http_cluster.ts";
import type { HttpProxy } from "./http_proxy.ts";
import { LazyTimer } from "./lazy_timer.ts";
import { localReply } from "./local_reply.ts";
import {
  BODY_TIMEOUT,
  CONNECT_FAILED,
  LAST_HOP,
  METHOD_REFUSED,
  NO_ENDPOINT,
  OVERFLOW,
  RESPONSE_TIMEOUT,
  type Reason,
  UPSTREAM_CLOSED,
} from "./reasons.ts";
import { maximumForwards, putRequestHead, requestHeadBytes } from "./request_head.ts";
import { BODY_CHUNKED, BODY_RAW, BODY_UNFRAMED, putResponseHead } from "./response_head.ts";
import { type RetryCause, RetryState } from "./retry.ts";
import type { Upstream } from "./upstream.ts";
import type { UpstreamClient } from "./upstream_client.ts";
import type { UpstreamPool } from "./upstream_pool.ts";

/** What the timer is for. */
const TIMER_CONNECT = 0;
const TIMER_PENDING = 1;
const TIMER_RESPONSE = 2;
/** A body, in either direction, or a tunnel: since the last byte. */
const TIMER_STREAM = 3;
const TIMER_BACK_OFF = 4;

const NONE_TRIED: readonly Endpoint[] = [];
/** The client ended the connection before its response was complete: Envoy's flag for it. */
const CLIENT_CLOSED = "DC";

/** See the module. */
export class Exchange implements UpstreamClient {
  readonly lender: HttpProxy;
  readonly limits: HttpLimits;
  method: number = METHOD_OTHER;
  isUpgrade = false;
  isConnect = false;
  bodyMode: number = BODY_RAW;
  readonly #proxy: HttpProxy;
  readonly #downstream: Downstream;
  /** Did the request come as HTTP/1.0? */
  #isOldClient = false;
  #isActive = false;
  #hasAnswered = false;
  #isTunnel = false;
  /** Is the end of the response visible to the client, without the connection's end? */
  #isSelfDelimiting = true;
  #wantsJson = false;
  #cluster: HttpCluster | null = null;
  #endpoint: Endpoint | null = null;
  #upstream: Upstream | null = null;
  /** The connection that is being made. */
  #connecting: Upstream | null = null;
  /** Where the request waits, or waited, for a connection. */
  #pool: UpstreamPool | null = null;
  #tried: Endpoint[] | null = null;
  /** By what the endpoint is chosen, if the cluster does so. */
  #hash: number = NO_HASH;
  /** The head to forward, until it can be; then, for as long as the request may be sent again, a second lease of it. */
  #head: Lease | null = null;
  /** The part of the body that came before it could be forwarded. */
  #early: LeaseQueue | null = null;
  /** Was the request sent again already because it crossed the end of an unused connection? */
  #isRepeated = false;
  readonly #retry: RetryState = new RetryState();
  /** For the access log, if there is one. */
  #entry: LogEntry | null = null;
  readonly #timer: LazyTimer;
  #timerPurpose = TIMER_CONNECT;
  /** When the request as a whole has to be over. */
  #deadlineMs = Number.POSITIVE_INFINITY;

  /** Without a request yet. */
  constructor(proxy: HttpProxy, downstream: Downstream) {
    this.#proxy = proxy;
    this.lender = proxy;
    this.limits = proxy.options.limits;
    this.#downstream = downstream;
    this.#timer = new LazyTimer(proxy.driver, () => this.#onTimer());
  }

  /** Is a request under way? */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Has a final response begun? */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  get isRequestComplete(): boolean {
    return this.#downstream.isRequestComplete;
  }

  /** A request's head has arrived. */
  begin(head: Head, memory: Uint8Array, base: number): void {
    const proxy = this.#proxy;
    const { statistics } = proxy;
    statistics.add(STATISTIC.http_requests_total, 1);
    statistics.add(STATISTIC.http_requests_active, 1);
    this.#isActive = true;
    this.#hasAnswered = false;
    this.#isTunnel = false;
    this.#isRepeated = false;
    this.#isSelfDelimiting = true;
    this.bodyMode = BODY_RAW;
    this.method = head.method;
    this.#isOldClient = head.minorVersion === 0;
    this.isUpgrade = head.upgradeField >= 0 && head.framing === FRAMING_NONE;
    this.isConnect = false;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#tried = null;
    this.#wantsJson = acceptsJson(head, memory, base);
    if (proxy.accessLog !== null) {
      this.#entry = this.#downstream.logEntry();
      proxy.accessLog.begin(this.#entry, head, memory, base);
    }
    if (!this.isUpgrade) head.upgradeField = -1;
    this.#decide(head, memory, base);
  }

  /** Where does the request go? */
  #decide(head: Head, memory: Uint8Array, base: number): void {
    if (head.method === METHOD_CONNECT || head.method === METHOD_TRACE) {
      this.#replyLocally(METHOD_REFUSED);
      return;
    }
    if (head.method === METHOD_OPTIONS && maximumForwards(head, memory, base) === 0) {
      this.#replyLocally(LAST_HOP);
      return;
    }
    this.#forwardTo(this.#proxy.cluster, head, memory, base);
  }

  #forwardTo(cluster: HttpCluster, head: Head, memory: Uint8Array, base: number): void {
    const { driver } = this.#proxy;
    if (!cluster.begin()) {
      this.#replyLocally(OVERFLOW);
      return;
    }
    this.#cluster = cluster;
    const additions = this.#downstream.additions();
    const lease = driver.allocate(requestHeadBytes(head, additions));
    lease.length = putRequestHead(lease.memory, lease.offset, head, memory, base, additions) - lease.offset;
    this.#head = lease;
    if (this.#entry !== null) this.#proxy.keepRequestId(this.#entry, head, memory, base);
    this.#retry.begin(null, this.method, !this.isRequestComplete);
    this.#acquire();
  }

  #acquire(): void {
    const cluster = this.#cluster as HttpCluster;
    const { driver } = this.#proxy;
    let endpoint = cluster.cluster.pick(this.#tried ?? NONE_TRIED, driver.nowMs, this.#hash);
    if (endpoint === null && this.#tried !== null && this.#retry.count > 0) {
      // Better the same endpoint again than none.
      this.#tried = null;
      endpoint = cluster.cluster.pick(NONE_TRIED, driver.nowMs, this.#hash);
    }
    if (endpoint === null) {
      this.#replyLocally(this.#tried === null ? NO_ENDPOINT : CONNECT_FAILED);
      return;
    }
    this.#retry.beginTry(driver.nowMs);
    this.#acquireFrom(cluster, endpoint, this.isConnect);
  }

  #acquireFrom(cluster: HttpCluster, endpoint: Endpoint, isFresh: boolean): void {
    this.#endpoint = endpoint;
    endpoint.activeConnections++;
    this.#pool = cluster.poolFor(endpoint);
    if (!this.#pool.acquire(this, isFresh)) {
      this.#replyLocally(OVERFLOW);
      return;
    }
    if (this.#upstream !== null || this.#connecting !== null || !this.#isActive) return;
    this.#detachRequest();
    this.#startTimer(TIMER_PENDING, cluster.options.pendingTimeoutMs);
  }

  /** It takes a while until the request can be forwarded, and the buffers are for all. */
  #detachRequest(): void {
    if (this.#head !== null) this.#head = detachLease(this.#head);
  }

  onConnecting(upstream: Upstream): void {
    this.#connecting = upstream;
    this.#detachRequest();
    this.#startTimer(TIMER_CONNECT, (this.#cluster as HttpCluster).options.connectTimeoutMs);
  }

  onUpstream(upstream: Upstream): void {
    const { statistics } = this.#proxy;
    this.#connecting = null;
    this.#upstream = upstream;
    if (this.#entry !== null) this.#entry.upstream = (this.#endpoint as Endpoint).name;
    if (upstream.isReused) statistics.add(STATISTIC.http_upstream_reuses_total, 1);
    const head = this.#head as Lease;
    const isRepeatable =
      upstream.isReused &&
      !this.#isRepeated &&
      this.isRequestComplete &&
      this.#early === null &&
      isIdempotent(this.method);
    this.#head = isRepeatable || this.#retry.isPossible ? head.share() : null;
    upstream.connection.write(head);
    const early = this.#early;
    this.#early = null;
    for (let lease = early?.shift(); lease; lease = early?.shift()) this.forward(lease);
    if (this.isRequestComplete) this.#awaitResponse();
    else this.#touch();
    if (early !== null) this.#downstream.resumeRequest();
  }

  /** Connecting failed: nothing was sent, so that another endpoint can serve any request. */
  onConnectFailed(errno: number): void {
    const { reporter, statistics } = this.#proxy;
    const { options } = this.#cluster as HttpCluster;
    const endpoint = this.#endpoint as Endpoint;
    this.#connecting = null;
    this.#leaveEndpoint();
    statistics.add(STATISTIC.upstream_connect_failures_total, 1);
    reporter.onConnectFailed(endpoint, errno);
    this.#tried ??= [];
    this.#tried.push(endpoint);
    if (this.#tried.length < options.connectAttempts) {
      statistics.add(STATISTIC.upstream_connect_retries_total, 1);
      this.#acquire();
      return;
    }
    if (this.#tryAgain("connect-failure", 0)) return;
    this.#replyLocally(CONNECT_FAILED);
  }

  /** The request is complete, and was sent as far as it could be. */
  onRequestComplete(): void {
    if (this.#upstream !== null && !this.#hasAnswered) this.#awaitResponse();
  }

  #awaitResponse(): void {
    this.#startTimer(TIMER_RESPONSE, this.#proxy.options.responseTimeoutMs);
  }

  /** A part of the request's body, or bytes for a tunnel. */
  forward(lease: Lease): void {
    if (this.#upstream !== null) {
      this.#retry.keep(lease);
      if (!this.#upstream.connection.write(lease)) this.#downstream.connection.pauseReading();
      return;
    }
    this.#early ??= new LeaseQueue();
    this.#early.push(detachLease(lease));
    if (this.#early.bytes > this.#proxy.driver.connectionOptions.writeHighWatermarkBytes) {
      this.#downstream.connection.pauseReading();
    }
  }

  /** Something moved. */
  touch(): void {
    if (this.#timerPurpose === TIMER_STREAM) this.#touch();
  }

  #touch(): void {
    this.#startTimer(TIMER_STREAM, this.#proxy.options.streamIdleTimeoutMs);
  }

  onUpstreamDrained(): void {
    this.touch();
    this.#downstream.resumeRequest();
  }

  /** The client can take more of the response. */
  onDownstreamDrained(): void {
    this.touch();
    this.#upstream?.connection.resumeReading();
  }

  /** An interim response, which HTTP/1.0 does not know (RFC 9110 section 15.2). */
  onInterimHead(head: Head, memory: Uint8Array, base: number): void {
    if (!this.#isOldClient) this.#writeHead(head, memory, base, 0);
  }

  onHead(head: Head, memory: Uint8Array, base: number, roomBytes: number): number {
    if (this.#isRefused(head.status)) return 0;
    this.#forgetRequest();
    this.#hasAnswered = true;
    this.bodyMode = bodyModeFor(head, this.#isOldClient);
    if (head.framing === FRAMING_UNTIL_CLOSE && this.bodyMode === BODY_RAW) this.#isSelfDelimiting = false;
    if (this.bodyMode === BODY_UNFRAMED) this.#isSelfDelimiting = false;
    if (!this.#isSelfDelimiting || this.#proxy.isDraining) this.#downstream.isLast = true;
    this.#countStatus(head.status);
    this.#touch();
    return this.#writeHead(head, memory, base, this.bodyMode === BODY_RAW ? roomBytes : 0);
  }

  /** Is the response's status a reason to try again, and was that begun? */
  #isRefused(status: number): boolean {
    return this.#retry.isPossible && this.#tryAgain("status", status);
  }

  #writeHead(head: Head, memory: Uint8Array, base: number, roomBytes: number): number {
    const { scratch, driver } = this.#proxy;
    const length = putResponseHead(scratch, 0, head, memory, base, {
      bodyMode: this.bodyMode,
      isLast: this.#downstream.isLast,
      isOldClient: this.#isOldClient,
      date: this.#proxy.date(),
    });
    if (length <= roomBytes) {
      if (this.#entry !== null) this.#entry.sentBytes -= length;
      copy(memory, base + roomBytes - length, scratch, 0, length);
      return length;
    }
    const lease = driver.allocate(length);
    lease.length = copy(lease.memory, lease.offset, scratch, 0, length) - lease.offset;
    this.#downstream.connection.write(lease);
    return 0;
  }

  write(lease: Lease): boolean {
    this.touch();
    if (this.#entry !== null) this.#entry.sentBytes += lease.length;
    return this.#downstream.connection.write(lease);
  }

  /** The endpoint agreed to speak another protocol: from now on bytes are bytes. */
  onUpgrade(head: Head, memory: Uint8Array, base: number): void {
    this.#forgetRequest();
    this.#hasAnswered = true;
    this.#proxy.statistics.add(STATISTIC.http_upgrades_total, 1);
    if (this.#entry !== null) this.#entry.status = head.status;
    this.#writeHead(head, memory, base, 0);
    this.#becomeTunnel();
  }

  #becomeTunnel(): void {
    this.#isTunnel = true;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#touch();
    this.#downstream.becomeTunnel();
  }

  /** The client sends no more through the tunnel. */
  endRequestOfTunnel(): void {
    this.#upstream?.connection.shutdownWrite();
  }

  onUpstreamEnd(): void {
    this.#downstream.connection.shutdownWrite();
  }

  onResponseComplete(): void {
    this.#upstream = null;
    this.#end();
  }

  onUpstreamFailed(reason: Reason): void {
    const { statistics } = this.#proxy;
    const upstream = this.#upstream;
    const endpoint = this.#endpoint;
    const cluster = this.#cluster;
    this.#upstream = null;
    this.#leaveEndpoint();
    statistics.add(STATISTIC.http_upstream_errors_total, 1);
    if (this.#isTunnel) {
      this.#downstream.connection.reset();
      return;
    }
    if (this.#hasAnswered) {
      this.#cutShort(reason);
      return;
    }
    const isUnanswered = upstream?.hasAnswered === false;
    // The endpoint closed a connection that was not in use, and the request crossed it: no other explanation is left
    // for a connection that was used before and said nothing at all (RFC 9110 section 9.2.2).
    const isCrossed = isUnanswered && upstream.isReused && !this.#isRepeated && isIdempotent(this.method);
    const isThere = this.#head !== null && this.#retry.isWhole && this.isRequestComplete;
    if (isCrossed && isThere && endpoint !== null && cluster !== null) {
      statistics.add(STATISTIC.http_upstream_retries_total, 1);
      this.#isRepeated = true;
      this.#early = this.#retry.takeSent(this.#early);
      this.#acquireFrom(cluster, endpoint, true);
      return;
    }
    if (endpoint !== null && this.#retry.isPossible) this.#avoid(endpoint);
    const cause = isUnanswered && reason === UPSTREAM_CLOSED ? "reset" : "invalid";
    if (this.#tryAgain(cause, 0)) return;
    this.#replyLocally(reason);
  }

  /** The next try goes to another endpoint, if there is one. */
  #avoid(endpoint: Endpoint): void {
    this.#tried ??= [];
    if (!this.#tried.includes(endpoint)) this.#tried.push(endpoint);
  }

  /** Send the request again, if its route wants that for this cause and it can be done. */
  #tryAgain(cause: RetryCause, status: number): boolean {
    if (this.#head === null || this.#cluster === null || this.#downstream.hasEnded) return false;
    if (!this.#retry.isWanted(cause, status)) return false;
    const { statistics } = this.#proxy;
    if (!this.#retry.beginAgain(this.#cluster)) {
      statistics.add(STATISTIC.http_upstream_retries_refused_total, 1);
      return false;
    }
    statistics.add(STATISTIC.http_upstream_retries_total, 1);
    if (this.#endpoint !== null && cause !== "connect-failure") this.#avoid(this.#endpoint);
    this.#stopTrying();
    this.#early = this.#retry.takeSent(this.#early);
    this.#detachRequest();
    const backOffMs = this.#retry.backOffMs(this.#proxy.random());
    if (backOffMs > 0) this.#startTimer(TIMER_BACK_OFF, backOffMs);
    else this.#acquire();
    return true;
  }

  /** Let go of the endpoint and of what belongs to the present try. */
  #stopTrying(): void {
    this.#upstream?.abandon();
    this.#upstream = null;
    this.#connecting?.abandon();
    this.#connecting = null;
    this.#pool?.forget(this);
    this.#pool = null;
    this.#leaveEndpoint();
  }

  /** The response can't be completed: the client has to see that. */
  #cutShort(reason: Reason): void {
    if (this.#entry !== null) this.#entry.flag = reason.flag;
    this.#proxy.statistics.add(STATISTIC.http_responses_cut_short_total, 1);
    this.#leave();
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
    this.#sendReply(reason, status, detail, true);
    this.#deactivate();
    this.#downstream.linger();
  }

  /** Answer instead of an endpoint. */
  #replyLocally(reason: Reason): void {
    this.#leave();
    const downstream = this.#downstream;
    downstream.isLast ||= this.#isOldClient || downstream.hasEnded || this.#proxy.isDraining;
    this.#sendReply(reason, reason.status, "", downstream.isLast);
    this.#end();
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
    this.#downstream.connection.write(leaseBytes(bytes));
  }

  /** Answer what is no whole request. */
  answerUnknown(reason: Reason, status: number, detail: string): void {
    const { accessLog } = this.#proxy;
    this.method = METHOD_OTHER;
    this.#wantsJson = false;
    if (accessLog !== null) {
      this.#entry = this.#downstream.logEntry();
      accessLog.beginUnknown(this.#entry);
    }
    this.#sendReply(reason, status, detail, true);
    if (this.#entry !== null) accessLog?.end(this.#entry);
    this.#downstream.linger();
  }

  /** The response is complete; the request may not be. */
  #end(): void {
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
    if (this.#isActive && this.#entry?.flag === "-") this.#entry.flag = CLIENT_CLOSED;
    if (this.#isActive && errno !== 0) this.#proxy.statistics.add(STATISTIC.http_requests_aborted_total, 1);
    if (this.#isTunnel && errno === 0) {
      this.#upstream?.endTunnel();
      this.#upstream = null;
    }
    this.close();
    this.#timer.close();
  }

  /** Let go of all that belongs to the request. */
  #leave(): void {
    this.#timer.stop();
    this.#stopTrying();
    this.#forgetRequest();
    this.#early?.clear();
    this.#early = null;
    this.#cluster?.end();
    this.#cluster = null;
  }

  #forgetRequest(): void {
    this.#head?.release();
    this.#head = null;
    this.#retry.end();
  }

  #leaveEndpoint(): void {
    if (this.#endpoint !== null) this.#endpoint.activeConnections--;
    this.#endpoint = null;
  }

  #deactivate(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#proxy.statistics.add(STATISTIC.http_requests_active, -1);
    if (this.#entry === null) return;
    this.#entry.receivedBytes = this.#downstream.bodyBytes;
    this.#proxy.accessLog?.end(this.#entry);
  }

  #startTimer(purpose: number, delayMs: number): void {
    this.#timerPurpose = purpose;
    const { nowMs } = this.#proxy.driver;
    const latestMs = Math.min(this.#deadlineMs, this.#retry.deadlineMs);
    const dueMs = delayMs > 0 ? Math.min(nowMs + delayMs, latestMs) : latestMs;
    if (dueMs === Number.POSITIVE_INFINITY) this.#timer.stop();
    else this.#timer.start(Math.max(0, dueMs - nowMs));
  }

  #onTimer(): void {
    const { nowMs } = this.#proxy.driver;
    if (nowMs >= this.#deadlineMs) {
      if (this.#hasAnswered) this.#cutShort(RESPONSE_TIMEOUT);
      else this.#replyLocally(RESPONSE_TIMEOUT);
      return;
    }
    if (nowMs >= this.#retry.deadlineMs) {
      if (!this.#tryAgain("timeout", 0)) this.#replyLocally(RESPONSE_TIMEOUT);
      return;
    }
    switch (this.#timerPurpose) {
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
      case TIMER_BACK_OFF:
        this.#acquire();
        return;
      case TIMER_STREAM:
        this.#onIdle();
    }
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
    if (this.#entry !== null) this.#entry.status = status;
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
