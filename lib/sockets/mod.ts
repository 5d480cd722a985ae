/**
 * Sockets on io_uring, for applications: connect and listen with callbacks, or with promises and Web Streams.
 *
 * @module
 */
export { RingwayError } from "../../ffi/errors.ts";
export { formatAddress, type IpAddress, type SocketAddress, type UnixAddress } from "../net/address.ts";
export type { Connection, ConnectionHandler, ConnectionOptions, Listener, ListenerHandler } from "../net/connection.ts";
export type { Driver, DriverName, DriverReporter, ListenOptions } from "../net/driver.ts";
export { SocketError } from "../net/errors.ts";
export { defaultIoUringOptions, type IoUringOptions } from "../net/io_uring_options.ts";
export type { RequestedInterface, SelectedInterface } from "../net/socket_interface.ts";
export { TargetError } from "../net/target.ts";
export { UserCode } from "../net/user_code.ts";
export { type Lease, leaseBytes } from "../ring/lease.ts";
export { Timer } from "../ring/timer_wheel.ts";
export type { AddressLike } from "./address_like.ts";
export type { SocketConnectOptions } from "./connect.ts";
export { type SocketUseCode, SocketUseError } from "./errors.ts";
export type { Socket } from "./socket.ts";
export type { SocketListener, SocketListenOptions } from "./socket_listener.ts";
export type { SocketOptions } from "./socket_options.ts";
export { openSockets, type Sockets, type SocketsOptions } from "./sockets.ts";
