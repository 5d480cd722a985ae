//! The parts of liburing (2.3 and newer) and of linux/io_uring.h that the shim uses.
//!
//! liburing's exported functions are called as they are. Its static inlines are not: the few that are
//! needed are plain loads and stores with acquire and release, which is `ring.zig`'s work. Constants
//! that are newer than Debian 12's headers stand here too; whether the kernel knows them is probed.

pub const Sqe = extern struct {
    opcode: u8,
    flags: u8,
    ioprio: u16,
    fd: i32,
    off: u64,
    addr: u64,
    len: u32,
    op_flags: u32,
    user_data: u64,
    buf_group: u16,
    personality: u16,
    file_index: u32,
    addr3: u64,
    pad: u64,
};

pub const Cqe = extern struct {
    user_data: u64,
    res: i32,
    flags: u32,
};

pub const Sq = extern struct {
    khead: *u32,
    ktail: *u32,
    kring_mask: *u32,
    kring_entries: *u32,
    kflags: *u32,
    kdropped: *u32,
    array: ?[*]u32,
    sqes: [*]Sqe,
    sqe_head: u32,
    sqe_tail: u32,
    ring_sz: usize,
    ring_ptr: ?*anyopaque,
    ring_mask: u32,
    ring_entries: u32,
    pad: [2]u32,
};

pub const Cq = extern struct {
    khead: *u32,
    ktail: *u32,
    kring_mask: *u32,
    kring_entries: *u32,
    kflags: ?*u32,
    koverflow: *u32,
    cqes: [*]Cqe,
    ring_sz: usize,
    ring_ptr: ?*anyopaque,
    ring_mask: u32,
    ring_entries: u32,
    pad: [2]u32,
};

pub const IoUring = extern struct {
    sq: Sq,
    cq: Cq,
    flags: u32,
    ring_fd: i32,
    features: u32,
    enter_ring_fd: i32,
    int_flags: u8,
    pad: [3]u8,
    pad2: u32,
};

pub const SqOffsets = extern struct { words: [8]u32, resv2: u64 };
pub const CqOffsets = extern struct { words: [8]u32, resv2: u64 };

pub const Params = extern struct {
    sq_entries: u32 = 0,
    cq_entries: u32 = 0,
    flags: u32 = 0,
    sq_thread_cpu: u32 = 0,
    sq_thread_idle: u32 = 0,
    features: u32 = 0,
    wq_fd: u32 = 0,
    resv: [3]u32 = .{ 0, 0, 0 },
    sq_off: SqOffsets = .{ .words = @splat(0), .resv2 = 0 },
    cq_off: CqOffsets = .{ .words = @splat(0), .resv2 = 0 },
};

pub const GetEventsArg = extern struct {
    sigmask: u64 = 0,
    sigmask_sz: u32 = 0,
    min_wait_usec: u32 = 0,
    ts: u64 = 0,
};

pub const KernelTimespec = extern struct { sec: i64, nsec: i64 };

pub const BufReg = extern struct {
    ring_addr: u64,
    ring_entries: u32,
    bgid: u16,
    flags: u16 = 0,
    resv: [3]u64 = .{ 0, 0, 0 },
};

/// One entry of a provided-buffer ring. The ring's tail lies over the first entry's `resv`.
pub const Buf = extern struct {
    addr: u64,
    len: u32,
    bid: u16,
    resv: u16,
};

pub const ProbeOp = extern struct { op: u8, resv: u8, flags: u16, resv2: u32 };
pub const Probe = extern struct {
    last_op: u8,
    ops_len: u8,
    resv: u16,
    resv2: [3]u32,
    ops: [256]ProbeOp,
};

pub const SyncCancelReg = extern struct {
    addr: u64 = 0,
    fd: i32 = -1,
    flags: u32 = 0,
    timeout: KernelTimespec = .{ .sec = -1, .nsec = -1 },
    opcode: u8 = 0,
    pad: [7]u8 = @splat(0),
    pad2: [3]u64 = @splat(0),
};

comptime {
    const assert = @import("std").debug.assert;
    assert(@sizeOf(Sqe) == 64);
    assert(@sizeOf(Cqe) == 16);
    assert(@sizeOf(IoUring) == 216);
    assert(@sizeOf(Params) == 120);
    assert(@sizeOf(GetEventsArg) == 24);
    assert(@sizeOf(BufReg) == 40);
    assert(@sizeOf(Buf) == 16);
    assert(@sizeOf(Probe) == 16 + 256 * 8);
    assert(@sizeOf(SyncCancelReg) == 64);
}

pub extern fn io_uring_queue_init_params(entries: c_uint, ring: *IoUring, params: *Params) c_int;
pub extern fn io_uring_queue_exit(ring: *IoUring) void;
pub extern fn io_uring_enter2(
    fd: c_uint,
    to_submit: c_uint,
    min_complete: c_uint,
    flags: c_uint,
    arg: ?*const anyopaque,
    size: usize,
) c_int;
pub extern fn io_uring_register_ring_fd(ring: *IoUring) c_int;
pub extern fn io_uring_register_buf_ring(ring: *IoUring, reg: *BufReg, flags: c_uint) c_int;
pub extern fn io_uring_register_probe(ring: *IoUring, probe: *Probe, count: c_uint) c_int;
pub extern fn io_uring_register_eventfd(ring: *IoUring, fd: c_int) c_int;
pub extern fn io_uring_register_sync_cancel(ring: *IoUring, reg: *SyncCancelReg) c_int;

pub const setup = struct {
    pub const sqpoll: u32 = 1 << 1;
    pub const cqsize: u32 = 1 << 3;
    pub const clamp: u32 = 1 << 4;
    pub const submit_all: u32 = 1 << 7;
    pub const coop_taskrun: u32 = 1 << 8;
    pub const single_issuer: u32 = 1 << 12;
    pub const defer_taskrun: u32 = 1 << 13;
};

pub const feature = struct {
    pub const nodrop: u32 = 1 << 1;
    pub const ext_arg: u32 = 1 << 8;
    pub const cqe_skip: u32 = 1 << 11;
    pub const recvsend_bundle: u32 = 1 << 14;
    pub const min_timeout: u32 = 1 << 15;
    /// Linux 6.15.
    pub const no_iowait: u32 = 1 << 17;
};

pub const enter_flag = struct {
    pub const getevents: u32 = 1 << 0;
    pub const sq_wakeup: u32 = 1 << 1;
    pub const sq_wait: u32 = 1 << 2;
    pub const ext_arg: u32 = 1 << 3;
    pub const registered_ring: u32 = 1 << 4;
    pub const no_iowait: u32 = 1 << 7;
};

pub const sq_flag = struct {
    pub const need_wakeup: u32 = 1 << 0;
    pub const cq_overflow: u32 = 1 << 1;
};

pub const cq_flag = struct {
    pub const eventfd_disabled: u32 = 1 << 0;
};

pub const sqe_flag = struct {
    pub const buffer_select: u8 = 1 << 5;
    pub const cqe_skip_success: u8 = 1 << 6;
};

pub const op = struct {
    pub const nop: u8 = 0;
    pub const fsync: u8 = 3;
    pub const poll_add: u8 = 6;
    pub const sendmsg: u8 = 9;
    pub const recvmsg: u8 = 10;
    pub const timeout: u8 = 11;
    pub const accept: u8 = 13;
    pub const async_cancel: u8 = 14;
    pub const connect: u8 = 16;
    pub const openat: u8 = 18;
    pub const close: u8 = 19;
    pub const statx: u8 = 21;
    pub const read: u8 = 22;
    pub const write: u8 = 23;
    pub const send: u8 = 26;
    pub const recv: u8 = 27;
    /// Linux 5.19, like multishot accept and provided-buffer rings.
    pub const socket: u8 = 45;
    /// Linux 6.0, like multishot receive.
    pub const send_zc: u8 = 47;
};

pub const ioprio = struct {
    pub const recvsend_poll_first: u16 = 1 << 0;
    pub const recv_multishot: u16 = 1 << 1;
    pub const accept_multishot: u16 = 1 << 0;
};

/// INT_FLAG_REG_RING in `IoUring.int_flags`: `enter_ring_fd` is an index that only the owner's thread knows.
pub const int_flag_registered_ring: u8 = 1 << 0;
/// IORING_ASYNC_CANCEL_ANY (Linux 5.19).
pub const cancel_any: u32 = 1 << 2;
pub const poll_add_multi: u32 = 1 << 0;
/// IORING_FSYNC_DATASYNC.
pub const fsync_datasync: u32 = 1 << 0;
pub const probe_op_supported: u16 = 1 << 0;
