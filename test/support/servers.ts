/**
 * Upstreams of node:net, for the proxy to relay to.
 *
 * @module
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A running upstream. */
export interface Upstream {
  /** Its port; 0 on a unix socket. */
  readonly port: number;
  /** All connections that it accepted, in order. */
  readonly sockets: readonly Socket[];
  /** Reset its connections and stop. */
  close(): Promise<void>;
}

/** Where to listen. */
export interface UpstreamAddress {
  readonly path?: string;
  readonly port?: number;
  readonly host?: string;
}

/** Start an upstream that does `serve` with every connection. Errors of its sockets are left to `serve`. */
export function startUpstream(serve: (socket: Socket) => void, address: UpstreamAddress = {}): Promise<Upstream> {
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.push(socket);
    // A reset that nobody listens for would end the test.
    socket.on("error", () => {});
    serve(socket);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const listening = () => {
      const bound = server.address();
      resolve({
        port: typeof bound === "string" ? 0 : ((bound as AddressInfo | null)?.port ?? 0),
        sockets,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroy();
          }),
      });
    };
    if (address.path !== undefined) server.listen(address.path, listening);
    else server.listen(address.port ?? 0, address.host ?? "127.0.0.1", listening);
  });
}

/** An upstream that sends back what it gets, and ends when its client does. */
export function startEcho(address: UpstreamAddress = {}): Promise<Upstream> {
  return startUpstream((socket) => void socket.pipe(socket), address);
}

/** An upstream that greets each client with its name and then echoes. */
export function startNamed(name: string): Promise<Upstream> {
  return startUpstream((socket) => {
    socket.write(name);
    socket.pipe(socket);
  });
}
