/**
 * HTTP in the shapes of the web platform: a server from `Request` to `Response`, and a client like `fetch`.
 *
 * @module
 */
export { type ErrorSource, RingwayError } from "../../ffi/errors.ts";
export type { HttpLimits } from "../http/limits.ts";
export type { IpAddress, SocketAddress, UnixAddress } from "../net/address.ts";
export type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../net/connection.ts";
export type { Driver, ListenOptions } from "../net/driver.ts";
export type { RequestedInterface, SelectedInterface } from "../net/socket_interface.ts";
export type { Lease } from "../ring/lease.ts";
export type { AddressLike } from "../sockets/address_like.ts";
export type { SocketConnectOptions } from "../sockets/connect.ts";
export type { Socket } from "../sockets/socket.ts";
export type { SocketListener, SocketListenOptions } from "../sockets/socket_listener.ts";
export type { Sockets } from "../sockets/sockets.ts";
export type { HttpClientOptions } from "./client_options.ts";
export type { FetchInput } from "./client_request.ts";
export {
  HttpClientError,
  type HttpClientErrorCode,
  HttpServerError,
  type HttpServerErrorCode,
  RequestBodyError,
} from "./errors.ts";
export { HttpClient } from "./http_client.ts";
export type { HttpServer, HttpServerStatistics } from "./http_server.ts";
export { serve } from "./serve.ts";
export type { ServeHandler, ServeInfo, ServeOptions, ServeThread } from "./serve_options.ts";
