/**
 * The ring itself, for operations that sockets do not wrap: timeouts, polls, files, datagrams, and commands word for
 * word. They share the ring, and the turns, of the thread's sockets.
 *
 * @example
 * ```ts
 * import { openSockets } from "@ringway/proxy/sockets";
 * import { operationsOn } from "@ringway/proxy/operations";
 *
 * await using sockets = await openSockets({ socketInterface: "uring" });
 * const operations = operationsOn(sockets);
 * await using file = await operations.openFile("/etc/hostname");
 * const bytes = new Uint8Array(100);
 * console.log(new TextDecoder().decode(bytes.subarray(0, await file.read(bytes, 0))));
 * ```
 *
 * @module
 */
export { type ErrorSource, RingwayError, type RingwayErrorOptions } from "../../ffi/errors.ts";
export { formatAddress, type IpAddress, type SocketAddress, type UnixAddress } from "../net/address.ts";
export { SocketError } from "../net/errors.ts";
export type { OperationCommand } from "../ring/operation_command.ts";
export type { AddressLike } from "../sockets/address_like.ts";
export {
  closeFileCommand,
  delayCommand,
  fileSizeOf,
  fileStatusCommand,
  type OpenFlags,
  openFileCommand,
  pollCommand,
  readFileCommand,
  receiveDatagramCommand,
  sendDatagramCommand,
  senderOf,
  syncFileCommand,
  writeFileCommand,
} from "./commands.ts";
export type { Datagram, DatagramSocket, DatagramSocketOptions } from "./datagram_socket.ts";
export { OperationError } from "./errors.ts";
export type { OperationBuffer } from "./operation_memory.ts";
export type { BufferedCommand, OnComplete, SubmittedOperation } from "./operation_queue.ts";
export { type DriverLike, type Operations, operationsOn } from "./operations.ts";
export { defaultOperationsOptions, type OperationsOptions } from "./options.ts";
export { type PollEvents, type PollRequest, pollEventsOf } from "./poll_events.ts";
export type { OpenFileOptions, RingFile, SyncOptions, WaitOptions } from "./ring_file.ts";
