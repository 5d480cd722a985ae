/**
 * Runs a module of one's own on several threads, each with sockets on a ring of its own.
 *
 * @module
 */
export { type ErrorSource, RingwayError } from "../../ffi/errors.ts";
export { formatAddress, type IpAddress, type SocketAddress, type UnixAddress } from "../net/address.ts";
export type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../net/connection.ts";
export { defaultIoUringOptions, type IoUringOptions } from "../net/io_uring_options.ts";
export type { RequestedInterface, SelectedInterface } from "../net/socket_interface.ts";
export type { Lease } from "../ring/lease.ts";
export type { AddressLike } from "../sockets/address_like.ts";
export type { SocketListener } from "../sockets/socket_listener.ts";
export type { Sockets } from "../sockets/sockets.ts";
export { ThreadError, type ThreadErrorCode } from "./errors.ts";
export type { ThreadsOptions } from "./options.ts";
export { startThreads, type Threads } from "./start_threads.ts";
export type { Thread, ThreadCleanup, ThreadFunction } from "./thread.ts";
