/**
 * The handlers of a dev proxy's events.
 *
 * @module
 */
import { devProxyError } from "./errors.ts";
import { type DevProxyEvents, EVENT_NAMES } from "./options.ts";

/** What some events of http-proxy would need. */
const MISSING: Readonly<Record<string, string>> = {
  open: "the sockets of a WebSocket are not given away; proxyReqWs and close tell when it begins and ends",
  econnreset: "a client that goes away is no error",
  proxySocket: "the sockets of a WebSocket are not given away; proxyReqWs and close tell when it begins and ends",
};

type Handler = (...parameters: unknown[]) => unknown;

/** See the module. */
export class EventHandlers {
  readonly #handlers = new Map<string, Handler[]>();

  /** Begin with those of the option `on`. Throws a RingwayError for names that are no events. */
  constructor(handlers: Partial<DevProxyEvents>) {
    for (const [name, handler] of Object.entries(handlers)) {
      if (handler !== undefined) this.add(name as keyof DevProxyEvents, handler);
    }
  }

  /** Add one behind the others. Throws a RingwayError for a name that is no event, or what is no function. */
  add<Name extends keyof DevProxyEvents>(name: Name, handler: DevProxyEvents[Name]): void {
    if (!EVENT_NAMES.includes(name)) {
      const why = MISSING[name] ?? `the events are ${EVENT_NAMES.join(", ")}`;
      throw devProxyError(`There is no event "${name}": ${why}`);
    }
    if (typeof handler !== "function") throw devProxyError(`The handler of "${name}" is no function`);
    const handlers = this.#handlers.get(name);
    if (handlers === undefined) this.#handlers.set(name, [handler as Handler]);
    else handlers.push(handler as Handler);
  }

  /** Call one no more. */
  remove<Name extends keyof DevProxyEvents>(name: Name, handler: DevProxyEvents[Name]): void {
    const handlers = this.#handlers.get(name) ?? [];
    const index = handlers.lastIndexOf(handler as Handler);
    if (index >= 0) handlers.splice(index, 1);
  }

  /** Call all of an event, one after the other. */
  async emit<Name extends keyof DevProxyEvents>(
    name: Name,
    ...parameters: Parameters<DevProxyEvents[Name]>
  ): Promise<void> {
    for (const handler of this.#handlers.get(name) ?? []) await handler(...parameters);
  }
}
