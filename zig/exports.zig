//! The library's C ABI: every exported function, each a check of its arguments and a call.
//!
//! Hot calls take and return only 32-bit integers and doubles, which cost 2 to 7 ns in both runtimes.
//! Errors are negative errno values. No call blocks longer than the timeout it was given.

const abi = @import("abi.zig");
const clock = @import("clock.zig");
const sockets = @import("sockets.zig");
const system = @import("system.zig");
const table = @import("table.zig");

comptime {
    _ = @import("support.zig");
}

const bad_descriptor = system.errno(.BADF);
const invalid = system.errno(.INVAL);

pub export fn ringway_abi_version() i32 {
    return abi.version;
}

/// Open a ring for the calling thread. `options` holds `abi.Option.count` integers. A handle or a negative errno.
pub export fn ringway_ring_open(options: ?[*]i32, count: u32) i32 {
    if (options == null or count < @intFromEnum(abi.Option.count)) return invalid;
    return table.open(options.?);
}

/// Close a ring, from its own thread or, when that has ended, from any. While its own thread is in a
/// call, the ring is closed at the end of that call, which then returns EBADF.
pub export fn ringway_ring_close(handle: i32) i32 {
    return table.close(handle);
}

/// The address of a shared area, or 0.
pub export fn ringway_ring_address(handle: i32, area: u32) f64 {
    const ring = table.get(handle) orelse return 0;
    if (area > @intFromEnum(abi.Area.operations)) return 0;
    return @floatFromInt(ring.areaAddress(@enumFromInt(area)));
}

/// The size of a shared area in bytes, or 0.
pub export fn ringway_ring_bytes(handle: i32, area: u32) f64 {
    const ring = table.get(handle) orelse return 0;
    if (area > @intFromEnum(abi.Area.operations)) return 0;
    return @floatFromInt(ring.areaBytes(@enumFromInt(area)));
}

/// Memory of `bytes` for the operations that are no connection's, once per ring: `abi.Area.operations` from then on.
/// 0 or a negative errno.
pub export fn ringway_operations_open(handle: i32, bytes: u32) i32 {
    const ring = table.acquire(handle) catch |refusal| return table.errno(refusal);
    return table.release(ring, ring.openOperations(bytes));
}

/// One of `abi.Info`, or a negative errno.
pub export fn ringway_ring_info(handle: i32, info: u32) i32 {
    const ring = table.get(handle) orelse return bad_descriptor;
    if (info > @intFromEnum(abi.Info.open_descriptors)) return invalid;
    return switch (@as(abi.Info, @enumFromInt(info))) {
        .features => @bitCast(ring.features),
        .submission_entries => @intCast(ring.uring.sq.ring_entries),
        .completion_entries => @intCast(ring.uring.cq.ring_entries),
        .bulk_offset => @intCast(ring.buffers.groups[1].offset),
        .write_offset => @intCast(ring.buffers.groups[2].offset),
        .ring_descriptor => ring.uring.ring_fd,
        .open_descriptors => @intCast(ring.descriptors.count),
    };
}

/// One loop turn: run `count` commands, submit, wait for `minimum` completions or `timeout_us`
/// (0: do not wait, negative: no limit). The number of completions, or a negative errno.
pub export fn ringway_enter(handle: i32, count: u32, minimum: u32, timeout_us: i32) i32 {
    const ring = table.acquire(handle) catch |refusal| return table.errno(refusal);
    return table.release(ring, ring.enter(count, minimum, timeout_us));
}

/// Milliseconds of CLOCK_MONOTONIC, the clock of `abi.Header.now_ms`.
pub export fn ringway_now_ms() f64 {
    return clock.nowMs();
}

/// Run and submit `count` commands without waiting or reading completions. The number of commands
/// that are left over at the start of the queue, or a negative errno.
pub export fn ringway_submit(handle: i32, count: u32) i32 {
    const ring = table.acquire(handle) catch |refusal| return table.errno(refusal);
    return table.release(ring, ring.submit(count));
}

/// Take up to `count` unused buffers of a group back from the kernel and return their memory. Their
/// numbers are written to `taken_back`. How many there were, or a negative errno.
pub export fn ringway_buffers_withdraw(handle: i32, group: u32, taken_back: ?[*]i32, count: u32) i32 {
    if (taken_back == null or group > @intFromEnum(abi.Group.bulk)) return invalid;
    const ring = table.acquire(handle) catch |refusal| return table.errno(refusal);
    return table.release(ring, ring.withdrawBuffers(group, count, taken_back.?));
}

/// Complete the ring's `wake` command. From any thread.
pub export fn ringway_wake(handle: i32) i32 {
    const descriptor = table.wakeDescriptor(handle) orelse return bad_descriptor;
    const signalled = system.signalEvent(descriptor);
    return if (signalled > 0 or signalled == system.errno(.AGAIN)) 0 else signalled;
}

/// A descriptor that becomes readable when completions arrive, for a runtime's own loop.
pub export fn ringway_ring_event(handle: i32) i32 {
    const ring = table.acquire(handle) catch |refusal| return table.errno(refusal);
    return table.release(ring, ring.signalCompletions());
}

/// Keep the kernel from signalling the descriptor of `ringway_ring_event` (1), or let it again (0). What
/// completes meanwhile is not signalled afterwards.
pub export fn ringway_ring_event_mute(handle: i32, muted: u32) i32 {
    const ring = table.acquire(handle) catch |refusal| return table.errno(refusal);
    ring.muteCompletions(muted != 0);
    return table.release(ring, 0);
}

/// Wait until a descriptor can be read: 1, 0 after `timeout_ms`, or a negative errno.
pub export fn ringway_wait_readable(descriptor: i32, timeout_ms: i32) i32 {
    return system.waitReadable(descriptor, timeout_ms);
}

/// Read an eventfd, so that it is not readable until the next event.
pub export fn ringway_event_drain(descriptor: i32) i32 {
    system.drainEvent(descriptor);
    return 0;
}

/// Add one to an eventfd.
pub export fn ringway_event_signal(descriptor: i32) i32 {
    return system.signalEvent(descriptor);
}

/// A stream socket owned by the ring. Its descriptor or a negative errno.
pub export fn ringway_socket_open(handle: i32, family: u32) i32 {
    const ring = table.acquire(handle) catch |refusal| return table.errno(refusal);
    return table.release(ring, sockets.open(ring, family));
}

/// A datagram socket of IPv4 or IPv6, bound to an address and owned by the ring. Its descriptor or a negative errno.
pub export fn ringway_datagram_open(handle: i32, address: ?[*]const u8, length: u32, flags: u32) i32 {
    if (address == null) return invalid;
    const ring = table.acquire(handle) catch |refusal| return table.errno(refusal);
    return table.release(ring, sockets.openDatagram(ring, address.?, length, flags));
}

/// A listening socket owned by the process. Its descriptor or a negative errno.
pub export fn ringway_socket_listen(address: ?[*]const u8, length: u32, backlog: u32, flags: u32) i32 {
    if (address == null) return invalid;
    return sockets.listen(address.?, length, backlog, flags);
}

/// Remove the file of a unix socket, with `only_stale` only if nobody listens on it: 1 if it was
/// removed, 0 if not, or a negative errno.
pub export fn ringway_socket_remove_file(address: ?[*]const u8, length: u32, only_stale: u32) i32 {
    if (address == null) return invalid;
    return sockets.removeFile(address.?, length, only_stale != 0);
}

/// Take no new connections on a listening TCP socket: clients try again a second later, by when another one may
/// listen on the port. Those whose handshake has begun can still be accepted. 0 or a negative errno.
pub export fn ringway_socket_hold_back(descriptor: i32) i32 {
    if (!sockets.isListener(descriptor)) return bad_descriptor;
    return sockets.holdBack(descriptor);
}

/// Close a listening socket. Others belong to a ring, which closes them.
pub export fn ringway_socket_close(descriptor: i32) i32 {
    if (!sockets.isListener(descriptor)) return bad_descriptor;
    return system.close(descriptor);
}

/// One of `abi.SocketOption`: 0 or a negative errno.
pub export fn ringway_socket_set(descriptor: i32, option: u32, value: i32) i32 {
    return sockets.set(descriptor, option, value);
}

/// One of `abi.SocketOption`: its value or a negative errno.
pub export fn ringway_socket_get(descriptor: i32, option: u32) i32 {
    return sockets.get(descriptor, option);
}

/// Write the local (peer 0) or the remote address to `address`: its length or a negative errno.
pub export fn ringway_socket_name(descriptor: i32, peer: u32, address: ?[*]u8, capacity: u32) i32 {
    if (address == null) return invalid;
    return sockets.name(descriptor, peer != 0, address.?, capacity);
}

/// Raise this process's limit of open descriptors as far as allowed. The limit that holds then.
pub export fn ringway_raise_descriptor_limit(wanted: u32) i32 {
    return system.raiseDescriptorLimit(wanted);
}

/// Let the calling thread not interrupt others when it is woken (SCHED_BATCH), so that it finds more work done when it
/// runs. Nothing changes if it has another policy than the ordinary one. The policy that holds then, or a negative
/// errno.
pub export fn ringway_thread_batch() i32 {
    return system.becomeBatchThread();
}
