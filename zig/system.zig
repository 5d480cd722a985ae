//! The system calls that are not io_uring's. Numbers come from std; the calls are made without libc,
//! so that the library loads under glibc and musl alike.

const std = @import("std");
const linux = std.os.linux;

/// A result of a system call: what it returned, or a negative errno.
pub fn result(value: usize) i32 {
    const signed: isize = @bitCast(value);
    return @intCast(@max(signed, -4095));
}

pub fn failed(value: usize) bool {
    const signed: isize = @bitCast(value);
    return signed < 0 and signed > -4096;
}

pub fn errno(comptime name: linux.E) i32 {
    return -@as(i32, @intCast(@intFromEnum(name)));
}

const PROT_READ_WRITE: usize = 1 | 2;
const MAP_PRIVATE_ANONYMOUS: usize = 0x02 | 0x20;
const MADV_DONTNEED: usize = 4;

/// Zeroed pages that take no memory until they are touched.
pub fn map(bytes: usize) ?[*]u8 {
    const no_file: usize = @bitCast(@as(isize, -1));
    const address = linux.syscall6(.mmap, 0, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, no_file, 0);
    if (failed(address)) return null;
    return @ptrFromInt(address);
}

pub fn unmap(address: [*]u8, bytes: usize) void {
    _ = linux.syscall2(.munmap, @intFromPtr(address), bytes);
}

/// Give the pages back. The mapping stays and reads as zero.
pub fn discard(address: [*]u8, bytes: usize) void {
    _ = linux.syscall3(.madvise, @intFromPtr(address), bytes, MADV_DONTNEED);
}

pub fn close(descriptor: i32) i32 {
    return result(linux.syscall1(.close, word(descriptor)));
}

/// AT_FDCWD.
const current_folder: usize = @bitCast(@as(isize, -100));

/// How many bytes of a file were read into `buffer`, or a negative errno.
pub fn readFile(path: [*:0]const u8, buffer: []u8) i32 {
    const O_CLOEXEC: usize = 0o2000000;
    const descriptor = result(linux.syscall4(.openat, current_folder, @intFromPtr(path), O_CLOEXEC, 0));
    if (descriptor < 0) return descriptor;
    defer _ = close(descriptor);
    return result(linux.syscall3(.read, word(descriptor), @intFromPtr(buffer.ptr), buffer.len));
}

pub fn shutdown(descriptor: i32, how: u32) i32 {
    return result(linux.syscall2(.shutdown, word(descriptor), how));
}

pub fn eventDescriptor() i32 {
    const EFD_CLOEXEC_NONBLOCK: usize = 0o2000000 | 0o4000;
    return result(linux.syscall2(.eventfd2, 0, EFD_CLOEXEC_NONBLOCK));
}

/// Add one to an eventfd. EAGAIN (the counter is full) still means that the reader will wake.
pub fn signalEvent(descriptor: i32) i32 {
    var one: u64 = 1;
    return result(linux.syscall3(.write, word(descriptor), @intFromPtr(&one), 8));
}

pub fn drainEvent(descriptor: i32) void {
    var count: u64 = 0;
    _ = linux.syscall3(.read, word(descriptor), @intFromPtr(&count), 8);
}

const PollFd = extern struct { fd: i32, events: i16, revents: i16 };
const Timespec = extern struct { sec: i64, nsec: i64 };

/// Wait until the descriptor can be read: 1, or 0 after the timeout, or a negative errno.
pub fn waitReadable(descriptor: i32, timeout_ms: i32) i32 {
    var poll_fd = PollFd{ .fd = descriptor, .events = 1, .revents = 0 };
    var timeout = Timespec{ .sec = @divTrunc(timeout_ms, 1000), .nsec = @as(i64, @rem(timeout_ms, 1000)) * 1_000_000 };
    const address: usize = if (timeout_ms < 0) 0 else @intFromPtr(&timeout);
    return result(linux.syscall5(.ppoll, @intFromPtr(&poll_fd), 1, address, 0, 8));
}

pub fn socket(family: u32, kind: u32) i32 {
    return result(linux.syscall3(.socket, family, kind, 0));
}

pub fn bind(descriptor: i32, address: [*]const u8, length: u32) i32 {
    return result(linux.syscall3(.bind, word(descriptor), @intFromPtr(address), length));
}

pub fn connect(descriptor: i32, address: [*]const u8, length: u32) i32 {
    return result(linux.syscall3(.connect, word(descriptor), @intFromPtr(address), length));
}

pub fn unlink(path: [*:0]const u8) i32 {
    return result(linux.syscall3(.unlinkat, current_folder, @intFromPtr(path), 0));
}

/// Is there a socket at a path? A link to one does not count.
pub fn isSocketFile(path: [*:0]const u8) bool {
    var status: [256]u8 align(8) = undefined;
    const only_type = 1;
    const no_follow = 0x100;
    const name = @intFromPtr(path);
    const buffer = @intFromPtr(&status);
    if (result(linux.syscall5(.statx, current_folder, name, no_follow, only_type, buffer)) < 0) return false;
    const mode = std.mem.readInt(u16, status[28..30], .little);
    return mode & 0o170000 == 0o140000;
}

pub fn listen(descriptor: i32, backlog: u32) i32 {
    return result(linux.syscall2(.listen, word(descriptor), backlog));
}

pub fn setOption(descriptor: i32, level: u32, name: u32, value: *const anyopaque, length: u32) i32 {
    return result(linux.syscall5(.setsockopt, word(descriptor), level, name, @intFromPtr(value), length));
}

pub fn getOption(descriptor: i32, level: u32, name: u32, value: *anyopaque, length: *u32) i32 {
    return result(linux.syscall5(.getsockopt, word(descriptor), level, name, @intFromPtr(value), @intFromPtr(length)));
}

pub fn localName(descriptor: i32, address: [*]u8, length: *u32) i32 {
    return result(linux.syscall3(.getsockname, word(descriptor), @intFromPtr(address), @intFromPtr(length)));
}

pub fn peerName(descriptor: i32, address: [*]u8, length: *u32) i32 {
    return result(linux.syscall3(.getpeername, word(descriptor), @intFromPtr(address), @intFromPtr(length)));
}

const Limit = extern struct { current: u64, maximum: u64 };

/// Raise the limit of open descriptors to `wanted` or to what is allowed; the limit that holds now.
pub fn raiseDescriptorLimit(wanted: u64) i32 {
    const RLIMIT_NOFILE: usize = 7;
    var limit: Limit = undefined;
    const got = result(linux.syscall4(.prlimit64, 0, RLIMIT_NOFILE, 0, @intFromPtr(&limit)));
    if (got < 0) return got;
    if (limit.current < wanted and limit.current < limit.maximum) {
        const raised = Limit{ .current = @min(wanted, limit.maximum), .maximum = limit.maximum };
        if (result(linux.syscall4(.prlimit64, 0, RLIMIT_NOFILE, @intFromPtr(&raised), 0)) >= 0) limit = raised;
    }
    return @intCast(@min(limit.current, std.math.maxInt(i32)));
}

const SCHED_OTHER = 0;
const SCHED_BATCH = 3;

/// Let the calling thread be scheduled as one that computes, unless somebody has chosen another policy for it: when it
/// is woken, whoever runs goes on until its time is over (sched(7)). The policy that holds then, or a negative errno.
pub fn becomeBatchThread() i32 {
    const policy = result(linux.syscall1(.sched_getscheduler, 0));
    if (policy != SCHED_OTHER) return policy;
    const no_priority: i32 = 0;
    const changed = result(linux.syscall3(.sched_setscheduler, 0, SCHED_BATCH, @intFromPtr(&no_priority)));
    return if (changed < 0) changed else SCHED_BATCH;
}

pub fn word(descriptor: i32) usize {
    return @bitCast(@as(isize, descriptor));
}

/// The calling thread's number in the system.
pub fn threadNumber() i32 {
    return result(linux.syscall0(.gettid));
}

/// Identifies the calling thread without a system call: the thread pointer is unique among living threads.
pub fn threadIdentity() usize {
    return switch (@import("builtin").cpu.arch) {
        .x86_64 => asm ("movq %%fs:0, %[value]"
            : [value] "=r" (-> usize),
        ),
        .aarch64 => asm ("mrs %[value], tpidr_el0"
            : [value] "=r" (-> usize),
        ),
        else => @compileError("unsupported architecture"),
    };
}
