//! The contract between the shim and TypeScript: version, record layouts, operation codes, options,
//! features. `ffi/abi.ts` is generated from this file by `zig build abi`; nothing is repeated by hand.

/// Raised with every change that an older caller or library would misread.
pub const version: i32 = 4;

/// One command is a record of 32-bit words. Some operations continue in the records behind it.
pub const Command = extern struct {
    /// An `Operation`, in the low byte; `CommandFlag` bits above it.
    operation: u32,
    /// The descriptor it acts on.
    descriptor: i32,
    /// Operation-specific, see `Operation`.
    a: u32,
    b: u32,
    c: u32,
    /// How many records behind this one belong to it.
    continuation: u32,
    /// Comes back in the completion unchanged.
    slot: u32,
    /// Comes back in the completion with the operation in its low byte.
    generation: u32,
};

/// One completion, laid out like the kernel's struct io_uring_cqe.
pub const Completion = extern struct {
    slot: u32,
    /// The command's generation in the upper 24 bits, its operation in the low byte.
    generation_operation: u32,
    /// Zero or a count on success, a negative errno on failure.
    result: i32,
    /// `CompletionFlag` bits; the buffer's number in the upper 16 when `buffer` is set.
    flags: u32,
};

/// Words at the start of the command area, written by the shim during `enter`.
pub const Header = extern struct {
    /// Commands that could not be submitted yet. They stand at the start of the queue again.
    leftover: u32,
    /// How often the kernel's completion queue was found overflowing (nothing is lost by it).
    overflows: u32,
    /// How often the submission queue was full and was submitted early.
    submission_queue_full: u32,
    /// How often the kernel answered EBUSY or EAGAIN and commands were kept for the next turn.
    busy: u32,
    /// Commands that were refused by validation (each one also completes with an error).
    refused: u32,
    /// Calls of io_uring_enter(2).
    enters: u32,
    /// Milliseconds of CLOCK_MONOTONIC at the end of the last `enter`.
    now_ms: f64,
};

pub const Operation = enum(u8) {
    /// Completes with 0. a, b, c unused.
    nop = 0,
    /// Multishot accept on a listening descriptor (Linux 5.19), or with `a` = 1 a single one. Each completion's result
    /// is a descriptor.
    accept = 1,
    /// Multishot receive into provided buffers (Linux 6.0). a: group.
    receive_multishot = 2,
    /// One receive into a provided buffer. a: group, b: length at most (0: the buffer's).
    receive = 3,
    /// Send bytes of the arena. a: offset, b: length.
    send = 4,
    /// Send several pieces of the arena. a: count; continuation: pairs of offset and length.
    send_vector = 5,
    /// Connect. a: length of the socket address; continuation: the address.
    connect = 6,
    /// shutdown(2), done at once, as the kernel would hand it to another thread. a: how.
    shutdown = 7,
    /// Close. Completes only if it fails, unless `CommandFlag.report` is set.
    close = 8,
    /// Cancel the request with a: slot and b: generation and operation.
    cancel = 9,
    /// Wait for poll events. a: mask, besides errors and hang-ups; b: 0 once, 1 until cancelled, and
    /// completing again only when something changes.
    poll = 10,
    /// Hand a buffer to its group's ring. a: buffer. No completion.
    provide = 11,
    /// Wait for `ringway_wake`. Completes once; to be armed again.
    wake = 12,
    /// Complete with -ETIME after a: microseconds. Cheaper than a timeout for every wait.
    timeout = 14,
    /// Like close, but the peer gets a reset (SO_LINGER with a zero timeout).
    reset = 13,
    /// A second poll of the same connection, which completes and is cancelled apart from the first.
    poll_writable = 15,

    // The operations from here on are no connection's: each completes, once, to whoever asked for it. Their memory is
    // that of `ringway_operations_open`, in which they name places by offset and length.

    /// Open a file. a: offset of the path, b: its length with the closing zero, c: `OpenFlag` bits; continuation: the
    /// permissions of a file that is created. The result is a descriptor that the ring owns.
    open_file = 16,
    /// Read from a position of a file. a: offset, b: length; continuation: the position, low word and high word.
    read_file = 17,
    /// Write at a position of a file. Words as for `read_file`.
    write_file = 18,
    /// Have a file's bytes reach the disk. a: 1 for no more than what reading them needs (fdatasync(2)).
    sync_file = 19,
    /// Write a struct statx of a descriptor (statx(2)). a: offset of `status_bytes`.
    file_status = 20,
    /// Close a descriptor.
    close_file = 21,
    /// Send a datagram. a: offset, b: length, 0 for an empty one; c: offset of `address_bytes` with the address of IPv4
    /// or IPv6 that it goes to.
    send_datagram = 22,
    /// Receive a datagram that is there; -EAGAIN if none is. a: offset, b: length; c: offset of `address_bytes`, where
    /// the sender's address is written. The result is the datagram's whole length, which may be more than `b`.
    receive_datagram = 23,
    /// Wait once for poll events, besides errors and hang-ups, on any descriptor of the process. a: mask.
    poll_once = 24,
    /// Complete with -ETIME after a: seconds and b: nanoseconds.
    delay = 25,
    _,
};

pub const CommandFlag = struct {
    /// More bytes follow soon (MSG_MORE).
    pub const more: u32 = 1 << 8;
    /// `close` and `reset` complete also when they succeed.
    pub const report: u32 = 1 << 9;
    /// The socket probably has no bytes yet: poll first, do not try to receive (Linux 5.19).
    pub const poll_first: u32 = 1 << 10;
    /// Send what the socket takes now and no more (MSG_DONTWAIT); -EAGAIN when it takes nothing.
    pub const no_wait: u32 = 1 << 11;
};

/// The kernel's IORING_CQE_F_*.
pub const CompletionFlag = struct {
    pub const buffer: u32 = 1 << 0;
    pub const more: u32 = 1 << 1;
    pub const socket_nonempty: u32 = 1 << 2;
    pub const buffer_shift: u32 = 16;
};

/// How `Operation.open_file` opens. The kernel's own flags differ between architectures.
pub const OpenFlag = struct {
    pub const read: u32 = 1 << 0;
    pub const write: u32 = 1 << 1;
    /// Every write goes to the end, whatever its position (O_APPEND).
    pub const append: u32 = 1 << 2;
    /// Make the file if there is none (O_CREAT).
    pub const create: u32 = 1 << 3;
    /// With `create`: fail if there is one (O_EXCL).
    pub const exclusive: u32 = 1 << 4;
    /// Drop what is in it (O_TRUNC).
    pub const truncate: u32 = 1 << 5;
    /// Fail if the last part of the path is a symbolic link (O_NOFOLLOW).
    pub const no_follow: u32 = 1 << 6;
};

/// Memory that is shared with TypeScript, per ring.
pub const Area = enum(u32) {
    commands = 0,
    completions = 1,
    arena = 2,
    /// That of `ringway_operations_open`; none before.
    operations = 3,
};

/// Parts of the arena, in this order. Buffers are numbered through from 0 in the same order.
pub const Group = enum(u32) {
    /// Provided to the kernel: requests, small messages.
    small = 0,
    /// Provided to the kernel: connections that carry bulk data.
    bulk = 1,
    /// Never provided: filled by TypeScript, sent from.
    write = 2,
};

/// Indices into the array of 32-bit integers that `ringway_ring_open` takes.
pub const Option = enum(u32) {
    submission_entries = 0,
    completion_entries = 1,
    /// 1: IORING_SETUP_SQPOLL.
    submission_queue_polling = 2,
    submission_queue_idle_ms = 3,
    small_count = 4,
    small_bytes = 5,
    bulk_count = 6,
    bulk_bytes = 7,
    write_count = 8,
    write_bytes = 9,
    command_capacity = 10,
    completion_capacity = 11,
    /// `Feature` bits that are not to be used even if the kernel has them.
    disabled_features = 12,
    /// Written by the shim when opening fails: an `OpenStage`.
    failed_stage = 13,
    count = 14,
};

/// What was being done when `ringway_ring_open` failed.
pub const OpenStage = enum(u32) {
    none = 0,
    /// The options are out of range.
    options = 1,
    /// io_uring_setup(2).
    setup = 2,
    /// The kernel lacks something that can't be done without: completions that are never dropped, waiting
    /// with a timeout.
    features = 3,
    /// Memory for the queues or the arena.
    memory = 4,
    /// IORING_REGISTER_PBUF_RING.
    buffer_rings = 5,
    /// eventfd(2).
    wake = 6,
    /// All places for rings are taken.
    ring_table = 7,
};

/// What a ring can do. A clear bit means that the kernel lacks it or that it was disabled.
pub const Feature = struct {
    /// IORING_SETUP_SINGLE_ISSUER, Linux 6.0.
    pub const single_issuer: u32 = 1 << 0;
    /// IORING_SETUP_DEFER_TASKRUN, Linux 6.1.
    pub const deferred_task_run: u32 = 1 << 1;
    /// IORING_SETUP_COOP_TASKRUN, Linux 5.19.
    pub const cooperative_task_run: u32 = 1 << 2;
    /// IORING_SETUP_SUBMIT_ALL, Linux 5.18.
    pub const submit_all: u32 = 1 << 3;
    /// IORING_REGISTER_RING_FDS, Linux 5.18.
    pub const registered_ring: u32 = 1 << 4;
    /// IORING_ACCEPT_MULTISHOT, Linux 5.19.
    pub const multishot_accept: u32 = 1 << 5;
    /// IORING_RECV_MULTISHOT, Linux 6.0.
    pub const multishot_receive: u32 = 1 << 6;
    /// IORING_REGISTER_PBUF_RING, Linux 5.19.
    pub const buffer_rings: u32 = 1 << 7;
    /// IORING_FEAT_EXT_ARG, Linux 5.11.
    pub const wait_timeout: u32 = 1 << 8;
    /// IORING_FEAT_NODROP, Linux 5.5.
    pub const no_drop: u32 = 1 << 9;
    /// IORING_FEAT_CQE_SKIP, Linux 5.17.
    pub const skip_success: u32 = 1 << 10;
    /// IORING_SETUP_SQPOLL was asked for and is on.
    pub const submission_queue_polling: u32 = 1 << 11;
    /// IORING_RECVSEND_POLL_FIRST, Linux 5.19.
    pub const poll_first: u32 = 1 << 12;
    /// IORING_FEAT_RECVSEND_BUNDLE, Linux 6.10.
    pub const bundles: u32 = 1 << 13;
    /// IORING_FEAT_MIN_TIMEOUT, Linux 6.12.
    pub const minimum_wait: u32 = 1 << 14;
    /// IORING_OP_SEND_ZC, Linux 6.0.
    pub const zero_copy_send: u32 = 1 << 15;
    /// A multishot receive that ends with the buffer that completes a number of bytes, Linux 6.17.
    pub const multishot_limit: u32 = 1 << 16;
};

/// What `ringway_ring_info` answers.
pub const Info = enum(u32) {
    features = 0,
    submission_entries = 1,
    completion_entries = 2,
    /// The offset in the arena at which a group starts.
    bulk_offset = 3,
    write_offset = 4,
    ring_descriptor = 5,
    /// Descriptors that the ring owns now.
    open_descriptors = 6,
};

/// For `ringway_socket_set` and `ringway_socket_get`.
pub const SocketOption = enum(u32) {
    /// TCP_NODELAY.
    no_delay = 0,
    /// SO_KEEPALIVE.
    keep_alive = 1,
    /// SO_RCVBUF.
    receive_buffer = 2,
    /// SO_SNDBUF.
    send_buffer = 3,
    /// SO_ERROR, read only.
    failure = 4,
    /// TCP_KEEPIDLE, seconds.
    keep_alive_idle_s = 5,
    /// TCP_KEEPINTVL, seconds.
    keep_alive_interval_s = 6,
    /// TCP_KEEPCNT.
    keep_alive_probes = 7,
    /// TCP_USER_TIMEOUT, milliseconds.
    user_timeout_ms = 8,
    /// SO_INCOMING_CPU.
    incoming_cpu = 9,
};

/// For `ringway_socket_listen` and, but for `probe`, `ringway_datagram_open`.
pub const ListenFlag = struct {
    /// SO_REUSEPORT: several listeners share the port and the kernel picks one per connection.
    pub const reuse_port: u32 = 1 << 0;
    /// IPV6_V6ONLY.
    pub const ipv6_only: u32 = 1 << 1;
    /// Bind and close again: is the address free?
    pub const probe: u32 = 1 << 2;
};

pub const header_words: u32 = @sizeOf(Header) / 4;
pub const command_words: u32 = @sizeOf(Command) / 4;
pub const completion_words: u32 = @sizeOf(Completion) / 4;
/// Pieces in one `send_vector` at most.
pub const vector_pieces: u32 = 16;
/// struct sockaddr_un is the longest address, 110 bytes.
pub const address_bytes: u32 = 112;
/// struct statx.
pub const status_bytes: u32 = 256;
/// PATH_MAX, the closing zero included.
pub const path_bytes: u32 = 4096;
/// Rings in one process at most.
pub const rings: u32 = 256;
/// "No slot": nobody waits for the completion.
pub const no_slot: u32 = 0xffff_ffff;

comptime {
    const assert = @import("std").debug.assert;
    assert(@sizeOf(Command) == 32);
    assert(@sizeOf(Completion) == 16);
    assert(@sizeOf(Header) == 32);
}
