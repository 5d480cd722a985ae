/**
 * A proxy that runs: it can be given another configuration, drained and closed.
 *
 * ```text
 *  reload: prepare the new workers ──> they listen ──> the old ones stop to accept ──> drained, or the time is over
 *             │ fails: nothing has changed               on the same sockets             └─> ended
 * ```
 *
 * @module
 */
import { RINGS } from "../../ffi/abi.ts";
import { RingwayError } from "../../ffi/errors.ts";
import type { SocketAddress } from "../net/address.ts";
import type { SelectedInterface } from "../net/socket_interface.ts";
import type { StatisticName } from "../proxy/statistics.ts";
import { threadCount } from "../threads/thread_count.ts";
import type { LogLevel } from "./config.ts";
import type { CheckedFile } from "./config_file/schema.ts";
import type { ClusterEndpoints } from "./endpoint_watch.ts";
import { Generation, type GenerationContext } from "./generation.ts";
import { type ListenerPlan, ListenerSet } from "./listener_set.ts";
import { resolveListen } from "./resolve_listen.ts";
import type { ServerConfig } from "./server_config.ts";
import { StatisticsSum } from "./statistics_sum.ts";

/**
 * So many earlier configurations may end their connections at the same time; when there is one more, the oldest one is
 * ended. Each has threads and memory of its own.
 */
const DRAINING_MAXIMUM = 4;
/** How long a client's connection without a request may still send one when its workers end. */
const IDLE_MS = 1000;
/** How long the handshakes may take that have begun when no new ones are taken any more. */
const HANDSHAKES_MS = 200;

/** How a proxy is given another configuration. */
export interface ReloadOptions<Source> {
  /** Reads what it is to be. Rejects with all that is wrong with it. */
  readonly read: (source: Source) => Promise<CheckedFile>;
  /** So much is logged from now on. */
  readonly onLogLevel: (level: LogLevel) => void;
}

interface Draining {
  /** End it, whatever it still has: too many have come after it. */
  readonly end: () => void;
  /** Resolves when nothing is left of it. */
  readonly ended: Promise<void>;
}

/** See the module. What its functions do stands at `RunningProxy`. */
export class ReloadableProxy<Source> implements AsyncDisposable {
  readonly #context: GenerationContext;
  readonly #read: ReloadOptions<Source>["read"];
  readonly #onLogLevel: (level: LogLevel) => void;
  readonly #listeners: ListenerSet;
  readonly #sum: StatisticsSum = new StatisticsSum();
  /** All that have workers: of the current configuration, of earlier ones, and of one that is being prepared. */
  readonly #generations = new Set<Generation>();
  readonly #draining: Draining[] = [];
  readonly #closeAsked: PromiseWithResolvers<void> = Promise.withResolvers();
  #current: Generation;
  #reloading: Promise<unknown> = Promise.resolve();
  #isEnding = false;
  #drained: Promise<number> | null = null;
  #closed: Promise<void> | null = null;

  private constructor(
    context: GenerationContext,
    listeners: ListenerSet,
    first: Generation,
    { read, onLogLevel }: ReloadOptions<Source>,
  ) {
    this.#context = context;
    this.#onLogLevel = onLogLevel;
    this.#listeners = listeners;
    this.#read = read;
    this.#current = first;
    this.#adopt(first);
  }

  /** Start one. Rejects with a RingwayError, and leaves nothing behind. */
  static async start<Source>(
    config: ServerConfig,
    context: GenerationContext,
    options: ReloadOptions<Source>,
  ): Promise<ReloadableProxy<Source>> {
    const listeners = new ListenerSet(context.library);
    const first = await Generation.create(config, context, []);
    try {
      const plan = await planFor(config, context, listeners);
      listeners.commit(plan);
      await first.start(plan);
      await first.listen();
    } catch (error) {
      await first.stop();
      listeners.close();
      throw error;
    }
    return new ReloadableProxy(context, listeners, first, options);
  }

  get addresses(): readonly SocketAddress[] {
    return this.#listeners.addresses;
  }

  get socketInterface(): SelectedInterface {
    return this.#context.selected;
  }

  get workers(): number {
    return this.#current.workers;
  }

  endpoints(): readonly ClusterEndpoints[] {
    return this.#current.endpoints;
  }

  statistics(): Record<StatisticName, number> {
    return this.#sum.read();
  }

  reload(source: Source): Promise<void> {
    if (this.#isEnding) return Promise.reject(closedError());
    const reloading = this.#reloading.then(() => this.#reload(source));
    this.#reloading = reloading.catch(() => {});
    return reloading;
  }

  async #reload(source: Source): Promise<void> {
    this.#checkOpen();
    const { config, logLevel } = await this.#read(source);
    this.#checkOpen();
    this.#checkChange(config);
    const next = await Generation.create(config, this.#context, this.#current.endpoints);
    this.#generations.add(next);
    let plan: ListenerPlan | null = null;
    try {
      this.#checkOpen();
      plan = await planFor(config, this.#context, this.#listeners);
      this.#checkOpen();
      await this.#makeRoom(threadCount(config.workers));
      this.#checkOpen();
      await next.start(plan);
      this.#checkOpen();
      await this.#switchTo(next, plan);
    } catch (error) {
      await next.stop();
      this.#generations.delete(next);
      if (plan !== null) this.#listeners.discard(plan);
      // What fails while the proxy is closed fails for that reason.
      throw this.#isEnding && !(error instanceof ReloadError) ? closedError() : error;
    }
    this.#onLogLevel(logLevel);
  }

  /** Each worker may have a ring, and a process has so many of them: the oldest ones are ended if it must be. */
  async #makeRoom(workers: number): Promise<void> {
    const present = () => [...this.#generations].reduce((sum, generation) => sum + generation.workers, 0);
    for (let [oldest] = this.#draining; oldest && present() + workers > RINGS; [oldest] = this.#draining) {
      oldest.end();
      await oldest.ended;
    }
  }

  /** Connections go to the new workers from now on. */
  async #switchTo(next: Generation, plan: ListenerPlan): Promise<void> {
    const old = this.#current;
    if (this.#listeners.isExclusive(plan)) {
      await this.#retire(old);
      await this.#listenOrClose(next);
      this.#adopt(next);
    } else {
      await next.listen();
      this.#checkOpen();
      this.#adopt(next);
      if (this.#listeners.holdBack(plan)) await this.#unlessClosed(HANDSHAKES_MS);
      await this.#retire(old);
    }
    next.look();
    this.#listeners.commit(plan);
  }

  /** If it fails, there is nothing to go back to. */
  async #listenOrClose(next: Generation): Promise<void> {
    try {
      await next.listen();
    } catch (error) {
      await this.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new ReloadError(
        `The proxy is closed: its workers had stopped to listen, and new ones could not: ${reason}`,
        error,
      );
    }
  }

  #adopt(generation: Generation): void {
    this.#generations.add(generation);
    this.#current = generation;
    for (const one of generation.statistics) this.#sum.add(one);
  }

  /** Let one end its connections. Resolves when it accepts no more. */
  async #retire(generation: Generation): Promise<void> {
    const { drainTimeoutMs } = generation.config;
    const { closed, drained } = generation.drain(IDLE_MS);
    const asked = Promise.withResolvers<string>();
    const ended = this.#endWhen(generation, Promise.race([drained, asked.promise]), drainTimeoutMs);
    const entry: Draining = { end: () => asked.resolve("too many have come after it"), ended };
    this.#draining.push(entry);
    void ended.then(() => this.#draining.splice(this.#draining.indexOf(entry), 1));
    for (const oldest of this.#draining.slice(0, -DRAINING_MAXIMUM)) oldest.end();
    // A worker that is busy for ever is ended with the rest.
    await Promise.race([closed, ended]);
  }

  async #endWhen(generation: Generation, condition: Promise<unknown>, timeoutMs: number): Promise<void> {
    const asked = await within(Promise.race([condition, this.#closeAsked.promise]), timeoutMs);
    const active = this.#sum.activeConnections(generation.statistics);
    if (active > 0 && !this.#isEnding) {
      const connections = active === 1 ? "1 connection" : `${active} connections`;
      const reason = typeof asked === "string" ? asked : "the drain timeout is over";
      this.#context.log("warning", `${connections} of an earlier configuration cut off: ${reason}`);
    }
    await generation.stop();
    for (const one of generation.statistics) this.#sum.retire(one);
    this.#generations.delete(generation);
  }

  #checkChange({ socketInterface }: ServerConfig): void {
    const { driver } = this.#context.selected;
    if (socketInterface === "auto" || socketInterface === driver) return;
    throw new ReloadError(
      `The socket interface can't be changed from "${driver}" to "${socketInterface}" while the proxy runs: ` +
        "start it anew",
    );
  }

  #checkOpen(): void {
    if (this.#isEnding) throw closedError();
  }

  drain(): Promise<number> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<number> {
    this.#isEnding = true;
    const { drainTimeoutMs } = this.#current.config;
    const isShared = this.#listeners.isShared;
    if (this.#listeners.holdBack(null)) await this.#unlessClosed(HANDSHAKES_MS);
    const { closed, drained } = this.#current.drain(isShared ? IDLE_MS : 0);
    // From here on nobody would accept: whoever connects is better refused than left waiting.
    const all = closed
      .then(() => this.#listeners.close())
      .then(() => Promise.all([drained, ...this.#draining.map(({ ended }) => ended)]))
      .then(() => true);
    const isDrained = await within(Promise.race([all, this.#closeAsked.promise.then(() => false)]), drainTimeoutMs);
    const cut = isDrained === true ? 0 : this.statistics().downstream_connections_active;
    await this.close();
    return cut;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isEnding = true;
    this.#closeAsked.resolve();
    await Promise.all([...this.#generations].map((generation) => generation.stop()));
    await Promise.all(this.#draining.map(({ ended }) => ended));
    this.#listeners.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #unlessClosed(delayMs: number): Promise<unknown> {
    return within(this.#closeAsked.promise, delayMs);
  }
}

async function planFor(
  config: ServerConfig,
  { nameServer }: GenerationContext,
  listeners: ListenerSet,
): Promise<ListenerPlan> {
  return await listeners.plan(await resolveListen(config, nameServer), threadCount(config.workers), config.backlog);
}

/** What the promise resolves with; `null` if it does not in time. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), timeoutMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** The configuration is good, but this proxy can't take it. */
class ReloadError extends RingwayError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: "ERR_RELOAD", source: "internal", operation: "reload", cause });
  }
}

function closedError(): RingwayError {
  return new RingwayError("The proxy is closed, or about to be: it takes no other configuration", {
    code: "ERR_PROXY_CLOSED",
    source: "internal",
    operation: "reload",
  });
}
