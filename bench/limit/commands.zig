//! Entries of the submission queue: what is to be done with which socket. Sockets are descriptors of the process or, as
//! an experiment, direct ones: places in a table of the ring, which system calls other than io_uring's don't know.

const liburing = @import("liburing");
const kernel = @import("kernel.zig");
const ring = @import("ring.zig");
const sockets = @import("sockets");

pub const Operation = enum(u8) { accept, connect, receive, send, silent_send, shutdown, close };

/// What comes back with the completions of an entry.
pub const Tag = packed struct(u64) {
    slot: u32 = 0,
    operation: Operation,
    /// The pieces of a send, which the kernel may need for longer than the send takes.
    count: u8 = 0,
    first: u16 = 0,
};

var table: ?ring.Table = null;

/// Use direct descriptors from now on.
pub fn useTable(opened: ring.Table) void {
    table = opened;
}

/// An entry for a connection's socket.
pub fn submit(tag: Tag, opcode: u8, descriptor: i32) *liburing.Sqe {
    const sqe = ring.next();
    sqe.opcode = opcode;
    sqe.fd = descriptor;
    sqe.user_data = @bitCast(tag);
    if (table != null) sqe.flags = kernel.sqe_flag.fixed_file;
    return sqe;
}

/// Accept connections until a completion says that no more will come.
pub fn accept(listener: i32) void {
    const sqe = submit(.{ .operation = .accept }, liburing.op.accept, listener);
    // The listener is a descriptor of the process.
    sqe.flags = 0;
    sqe.ioprio = liburing.ioprio.accept_multishot;
    const SOCK_CLOEXEC = 0o2000000;
    if (table == null) sqe.op_flags = SOCK_CLOEXEC else sqe.file_index = kernel.file_index_alloc;
}

/// Connect a new socket. The address is read later.
pub fn connect(slot: u32, address: *const sockets.Address) i32 {
    const descriptor = if (table) |known| openDirect(slot, known.place(slot)) else sockets.unconnected();
    const sqe = submit(.{ .operation = .connect, .slot = slot }, liburing.op.connect, descriptor);
    sqe.addr = @intFromPtr(address);
    sqe.off = @sizeOf(sockets.Address);
    return descriptor;
}

/// Open a socket with TCP_NODELAY in a place of the table. The entries are linked to the one behind them: if one of
/// them fails, it completes in place of that.
fn openDirect(slot: u32, place: u32) i32 {
    const AF_INET = 2;
    const SOCK_STREAM = 1;
    const SOL_TCP = 6;
    const TCP_NODELAY = 1;
    const tag = Tag{ .operation = .connect, .slot = slot };
    const flags = kernel.sqe_flag.io_link | liburing.sqe_flag.cqe_skip_success;
    const opening = submit(tag, liburing.op.socket, AF_INET);
    opening.flags = flags;
    opening.off = SOCK_STREAM;
    opening.file_index = place + 1;
    const setting = submit(tag, kernel.op.uring_cmd, @intCast(place));
    setting.flags |= flags;
    setting.off = kernel.command_setsockopt;
    setting.addr = SOL_TCP | TCP_NODELAY << 32;
    setting.file_index = @sizeOf(@TypeOf(enabled));
    setting.addr3 = @intFromPtr(&enabled);
    return @intCast(place);
}

const enabled: u32 = 1;

/// Shut a socket down. True if that completes later.
pub fn shutdown(slot: u32, descriptor: i32, direction: sockets.Direction) bool {
    if (table == null) {
        sockets.shutdown(descriptor, direction);
        return false;
    }
    const sqe = submit(.{ .operation = .shutdown, .slot = slot }, kernel.op.shutdown, descriptor);
    sqe.len = @intFromEnum(direction);
    return true;
}

/// Close a socket. It completes only if that fails.
pub fn close(slot: u32, descriptor: i32) void {
    const sqe = submit(.{ .operation = .close, .slot = slot }, liburing.op.close, descriptor);
    sqe.flags = liburing.sqe_flag.cqe_skip_success;
    if (table == null) return;
    sqe.fd = 0;
    sqe.file_index = @intCast(descriptor + 1);
}
