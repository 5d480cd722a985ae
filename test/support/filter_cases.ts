/**
 * Filters for tests, as the configuration of a proxy: what one does is said by the path's first part and the query.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import {
  type BodyTransform,
  type ConfigFile,
  defineConfig,
  type FilterMessage,
  type FilterReply,
  type FilterWorker,
  type HttpExchange,
  type HttpFilter,
  type MaybePromise,
  type Nothing,
} from "../../mod.ts";

const {
  UPSTREAM = "127.0.0.1:1",
  OTHER = "127.0.0.1:1",
  DEAD = "127.0.0.1:1",
  SIDE = "127.0.0.1:1",
  SILENT = "127.0.0.1:1",
} = process.env;

/** How an exchange ended, as `GET /events` tells it. */
export interface EndEvent {
  readonly id: string;
  readonly status: number;
  readonly flag: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly upstream: string;
  readonly client: string;
}

/** One part of what a filter of `/transform/` does. */
export type Note = string;

const ends: EndEvent[] = [];
const notes: Note[] = [];

function parameter({ request }: HttpExchange, name: string): string {
  return new URLSearchParams(request.query).get(name) ?? "";
}

/** Waits for something that the runtime does. */
async function wait(kind: string): Promise<void> {
  if (kind === "null") await null;
  else if (kind === "timer") await new Promise((resolve) => setTimeout(resolve, 5));
  else if (kind === "fetch") await (await fetch(`http://${SIDE}/`)).text();
  else if (kind === "crypto") await crypto.subtle.digest("SHA-256", new Uint8Array(1000));
  else if (kind === "file") await readFile(new URL(import.meta.url));
}

/** Counts how exchanges end, and tells it. */
const events: HttpFilter = {
  name: "events",
  onRequestHead(exchange) {
    const { request } = exchange;
    if (request.path === "/events") return exchange.reply(200, JSON.stringify({ ends, notes }));
    return undefined;
  },
  onEnd(exchange) {
    let id = "unreadable";
    try {
      if (exchange.request.path === "/events") return;
      id = exchange.request.fields.get("x-id") ?? "none";
    } catch {
      // There is no request.
    }
    const { status, flag, receivedBytes, sentBytes, upstream, client } = exchange;
    ends.push({ id, status, flag, receivedBytes, sentBytes, upstream, client });
  },
};

/** Writes down in which order hooks are called. */
function orderFilter(name: string): HttpFilter {
  const step = (exchange: HttpExchange, hook: string): MaybePromise<Nothing> => {
    const kind = parameter(exchange, "wait");
    const seen = exchange.state.get("order") as string[] | undefined;
    const note = () => {
      if (seen === undefined) exchange.state.set("order", [`${name}.${hook}`]);
      else seen.push(`${name}.${hook}`);
      exchange.response?.fields.set("x-order", (seen ?? []).join(" "));
    };
    if (kind !== "") return wait(kind).then(note);
    note();
    return undefined;
  };
  return {
    name,
    onRequestHead: (exchange) => step(exchange, "request"),
    onRoute: (exchange) => step(exchange, "route"),
    onResponseHead: (exchange) => step(exchange, "response"),
  };
}

/** Does something in the hook that the query names, at once or after a wait. */
function inHook(
  name: string,
  act: (exchange: HttpExchange) => MaybePromise<FilterReply | Nothing>,
  byDefault = "request",
): HttpFilter {
  const step = (exchange: HttpExchange, hook: string): MaybePromise<FilterReply | Nothing> => {
    if ((parameter(exchange, "hook") || byDefault) !== hook) return undefined;
    const kind = parameter(exchange, "wait");
    return kind === "" ? act(exchange) : wait(kind).then(() => act(exchange));
  };
  return {
    name,
    onRequestHead: (exchange) => step(exchange, "request"),
    onRoute: (exchange) => step(exchange, "route"),
    onResponseHead: (exchange) => step(exchange, "response"),
  };
}

const answer = inHook("answer", (exchange) =>
  exchange.reply(Number(parameter(exchange, "status") || 418), "an answer", { "X-Answer": "\xe9", date: "today" }),
);

/** Marks all responses of its requests, whoever makes them. */
const mark: HttpFilter = {
  name: "mark",
  onResponseHead({ response }) {
    response?.fields.append("x-mark", response.isLocal ? "local" : "forwarded");
  },
};

const GARBAGE: Readonly<Record<string, unknown>> = {
  null: null,
  text: "hello",
  number: 5,
  empty: {},
  injection: { status: 200, body: new Uint8Array(), fields: [["x-a", "b\r\nx-injected: yes"]] },
  status: { status: 99, body: new Uint8Array(), fields: [] },
  body: { status: 200, body: "text", fields: [] },
};

const fail = inHook("fail", (exchange) => {
  const kind = parameter(exchange, "kind");
  const id = exchange.request.fields.get("x-id");
  if (kind === "throw") throw new Error(`thrown by ${id}`);
  if (kind === "text") throw `text thrown by ${id}`;
  if (kind === "reject") return Promise.reject(new Error(`rejected by ${id}`));
  if (kind === "hang") return new Promise(() => {});
  if (kind === "loose") void Promise.reject(new Error(`loose rejection by ${id}`));
  if (kind === "reply") return exchange.reply(700);
  return GARBAGE[kind] as FilterReply;
});

const change = inHook("change", (exchange) => {
  const { request, response } = exchange;
  const value = parameter(exchange, "value");
  const message = response ?? request;
  const kind = parameter(exchange, "kind");
  if (kind === "method") request.method = value;
  else if (kind === "target") request.target = value;
  else if (kind === "host") request.host = value;
  else if (kind === "set") message.fields.set(parameter(exchange, "name"), value);
  else if (kind === "append") message.fields.append(parameter(exchange, "name"), value);
  else if (kind === "delete") message.fields.delete(parameter(exchange, "name"));
  else if (kind === "huge") message.fields.set("x-huge", "a".repeat(Number(value)));
  else if (kind === "status" && response !== null) response.status = Number(value);
  else if (kind === "cluster" && exchange.route !== null) exchange.route.cluster = value;
});

/** The message whose body a case is about. */
function messageOf(exchange: HttpExchange): FilterMessage {
  return exchange.response ?? exchange.request;
}

const read = inHook("read", async (exchange) => {
  const message = messageOf(exchange);
  const limit = Number(parameter(exchange, "limit"));
  const id = exchange.request.fields.get("x-id");
  try {
    const body = await message.readBody(limit);
    notes.push(`${id} read ${body.length}`);
    message.fields.set("x-read", String(body.length));
    if (parameter(exchange, "then") === "answer") return exchange.reply(200, body);
    if (parameter(exchange, "then") === "replace") message.replaceBody(`<${new TextDecoder().decode(body)}>`);
    if (parameter(exchange, "then") === "again") notes.push(`${id} again ${(await message.readBody(limit)).length}`);
  } catch (error) {
    notes.push(`${id} ${(error as { code?: string }).code}`);
    if (parameter(exchange, "then") === "retry") await message.readBody(1e9);
    if (parameter(exchange, "then") !== "ignore") throw error;
  }
  return undefined;
});

function pieces(count: number, delay: "none" | "timer", failAt: number, note: (text: string) => void): ReadableStream {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (delay === "timer") await wait("timer");
      if (at === failAt) throw new Error("a stream that fails");
      if (at === count) controller.close();
      else controller.enqueue(new TextEncoder().encode(`piece ${at++};`));
    },
    cancel() {
      note("cancelled");
    },
  });
}

const replace = inHook("replace", (exchange) => {
  const message = messageOf(exchange);
  const id = exchange.request.fields.get("x-id");
  const note = (text: string) => void notes.push(`${id} ${text}`);
  const kind = parameter(exchange, "kind");
  if (kind === "text") message.replaceBody("r\xe9placed");
  else if (kind === "bytes") message.replaceBody(new TextEncoder().encode("bytes"));
  else if (kind === "empty") message.replaceBody("");
  else if (kind === "stream") message.replaceBody(pieces(3, "none", -1, note));
  else if (kind === "slow") message.replaceBody(pieces(3, "timer", -1, note));
  else if (kind === "failing") message.replaceBody(pieces(9, "timer", 2, note));
  else if (kind === "endless") message.replaceBody(pieces(-1, "timer", -1, note));
  else if (kind === "flood") message.replaceBody(pieces(-1, "none", -1, note));
  else if (kind === "text-stream") message.replaceBody(new Blob(["text"]).stream());
});

/** What a transform does with its pieces. */
type Change = (piece: Uint8Array) => ReturnType<BodyTransform["onPiece"]>;

const upperCase: Change = (piece) => piece.map((byte) => (byte >= 97 && byte <= 122 ? byte - 32 : byte));

function changeOf(kind: string): Change {
  let count = 0;
  switch (kind) {
    case "upper":
      return upperCase;
    case "async":
      return async (piece) => {
        await wait("timer");
        return upperCase(piece) as Uint8Array;
      };
    case "micro":
      return async (piece) => {
        await null;
        return upperCase(piece) as Uint8Array;
      };
    case "grow":
      return (piece) => Array.from({ length: 10 }, () => piece);
    case "shrink":
      return () => undefined;
    case "split":
      return (piece) => Array.from(piece, (byte) => Uint8Array.of(byte));
    case "throw":
      return (piece) => {
        if (++count === 2) throw new Error("a transform that throws");
        return piece;
      };
    case "throw-first":
      return () => {
        throw new Error("a transform that throws at once");
      };
    case "reject":
      return async (piece) => {
        await wait("timer");
        if (++count === 2) throw new Error("a transform that rejects");
        return piece;
      };
    case "garbage":
      return () => "text" as unknown as Uint8Array;
    default:
      return (piece) => piece;
  }
}

const transform = inHook("transform", (exchange) => {
  const message = messageOf(exchange);
  const id = exchange.request.fields.get("x-id");
  for (const [index, kind] of parameter(exchange, "kind").split(" ").entries()) {
    message.transformBody({
      onPiece: changeOf(kind),
      onEnd: () => {
        notes.push(`${id} end ${index}`);
        return parameter(exchange, "tail") === "" ? undefined : new TextEncoder().encode(`tail ${index};`);
      },
      onAbort: () => {
        notes.push(`${id} abort ${index}`);
        throw new Error("nobody listens");
      },
    });
  }
});

const state: HttpFilter = {
  name: "state",
  async onRequestHead({ request, state: own }) {
    own.set("id", request.fields.get("x-id"));
    await wait(["null", "timer", "fetch", "crypto"][Number(request.fields.get("x-id")) % 4] ?? "");
  },
  async onResponseHead(exchange) {
    await wait("timer");
    exchange.response?.fields.set("x-state", String(exchange.state.get("id")));
  },
};

let kept: HttpExchange | null = null;

/** Keeps an exchange for too long. */
const keep: HttpFilter = {
  name: "keep",
  onRoute(exchange) {
    if (exchange.request.path === "/keep/this") kept = exchange;
  },
  async onRequestHead({ request }) {
    if (request.path !== "/keep/touch" || kept === null) return;
    const old = kept;
    const attempt = (what: () => unknown): string => {
      try {
        const value = what();
        if (value instanceof Promise) value.catch(() => {});
        return String(value);
      } catch (error) {
        return (error as Error).name;
      }
    };
    const found = [
      attempt(() => {
        if (old.route !== null) old.route.cluster = "dead";
      }),
      attempt(() => old.request.readBody(100)),
      attempt(() => old.response?.readBody(100)),
      attempt(() => old.request.replaceBody("x")),
      attempt(() => old.response?.replaceBody("x")),
      attempt(() => old.request.fields.set("x-old", "yes")),
      attempt(() => `${old.status} ${old.flag} ${old.request.fields.get("x-id")} ${old.sentBytes}`),
    ];
    notes.push(`kept ${found.join(", ")}`);
  },
};

/** Errors where nobody waits for what comes of it. */
const careless: HttpFilter = {
  name: "careless",
  async onEnd() {
    await null;
    throw new Error("an end that rejects");
  },
  onRequestHead({ request }) {
    if (request.path === "/careless/read") void request.readBody(1);
    else void Promise.reject(new Error("a loose rejection"));
  },
};

let worker: FilterWorker | null = null;

const start: HttpFilter = {
  name: "start",
  async onStart(own) {
    await wait("timer");
    worker = own;
    own.log("warning", `started ${own.index} of ${own.count}`);
    if (process.env["FAIL_START"] === "yes") throw new Error("cannot start for a test");
  },
  async onStop() {
    await wait("timer");
    worker?.log("warning", `stopped ${worker.index}`);
  },
};

const CASES: Readonly<Record<string, readonly HttpFilter[]>> = {
  order: [orderFilter("a"), orderFilter("b"), orderFilter("c")],
  answer: [mark, answer],
  fail: [fail],
  change: [change],
  read: [read],
  replace: [replace],
  transform: [transform],
  retry: [transform, replace],
  state: [state],
  keep: [keep],
  careless: [careless],
};

const config: ConfigFile = defineConfig({
  workers: Number(process.env["WORKERS"] ?? 1),
  socket_interface: process.env["DRIVER"] === "default" ? "default" : "uring",
  drain_timeout_ms: 3000,
  listeners: [
    {
      listen: "127.0.0.1:0",
      filters: [
        { type: "custom", filter: start },
        { type: "custom", filter: events },
        { type: "custom", match: { prefix: "/missing" }, filter: mark },
        { type: "custom", match: { prefix: "/guarded" }, filter: { ...answer, name: "guard" } },
        ...Object.entries(CASES).flatMap(([name, filters]) =>
          filters.map((filter) => ({ type: "custom" as const, match: { prefix: `/${name}/` }, filter })),
        ),
      ],
      http: { filter_timeout_ms: 500, stream_idle_timeout_ms: 5000, linger_bytes: 100_000 },
      routes: [
        { match: { headers: [{ name: "x-tenant", exact: "other" }] }, cluster: "other" },
        { match: { path: "/missing/dead" }, cluster: "dead" },
        { match: { path: "/replace/dead" }, cluster: "dead" },
        { match: { path: "/transform/silent" }, cluster: "silent" },
        { match: { prefix: "/missing/direct" }, response: { status: 203, body: "direct" } },
        { match: { prefix: "/missing/timeout" }, cluster: "web", timeout_ms: 100 },
        {
          match: { prefix: "/retry/" },
          cluster: "web",
          retry: { on: ["reset"], statuses: [503], attempts: 3, all_methods: true, back_off_ms: 1 },
        },
        { match: { regex: "/(?!missing/none).*" }, cluster: "web" },
      ],
    },
  ],
  clusters: [
    { name: "web", endpoints: [UPSTREAM] },
    { name: "other", endpoints: [OTHER] },
    { name: "silent", endpoints: [SILENT] },
    { name: "dead", endpoints: [DEAD], connect_attempts: 1 },
  ],
});

export default config;
