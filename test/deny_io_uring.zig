//! deny_io_uring ERRNO PROGRAM [ARGUMENT...]
//!
//! Replaces itself with a program for which io_uring_setup(2) fails with an errno, given as a number: what the
//! seccomp profile of a container does (EPERM), or what a kernel without io_uring answers (ENOSYS). The program
//! is named by its path, and all processes that it starts inherit the failure.

const std = @import("std");
const linux = std.os.linux;

/// The same number on all architectures.
const IO_URING_SETUP = 425;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const SECCOMP_RET_ALLOW: u32 = 0x7fff_0000;
const SECCOMP_RET_ERRNO: u32 = 0x0005_0000;
const MAXIMUM_ERRNO = 4095;

const usage_exit_code = 2;
const failure_exit_code = 1;

/// How a program is given its arguments differs between the supported compiler versions.
pub const main = if (@hasDecl(std.process, "Init")) mainWithArguments else mainWithoutArguments;

fn mainWithArguments(init: std.process.Init.Minimal) u8 {
    return run(init.args.vector, init.environ.block.slice.ptr);
}

fn mainWithoutArguments() u8 {
    return run(std.os.argv, @ptrCast(std.os.environ.ptr));
}

fn run(arguments: []const [*:0]const u8, environment: [*:null]const ?[*:0]const u8) u8 {
    if (arguments.len < 3) return usage_exit_code;
    const errno = std.fmt.parseInt(u32, std.mem.span(arguments[1]), 10) catch return usage_exit_code;
    if (errno == 0 or errno > MAXIMUM_ERRNO) return usage_exit_code;
    if (!deny(errno)) return failure_exit_code;
    // The vector of arguments ends with a null of its own (execve(2)).
    const rest: [*:null]const ?[*:0]const u8 = @ptrCast(arguments.ptr + 2);
    _ = linux.execve(arguments[2], rest, environment);
    return failure_exit_code;
}

/// An instruction of classic BPF, struct sock_filter.
const Instruction = extern struct { code: u16, jump_true: u8 = 0, jump_false: u8 = 0, value: u32 };
const Program = extern struct { length: u16, instructions: [*]const Instruction };

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
/// Where the number of the system call is in struct seccomp_data.
const NUMBER_OFFSET = 0;

fn deny(errno: u32) bool {
    const instructions = [_]Instruction{
        .{ .code = LOAD_WORD, .value = NUMBER_OFFSET },
        .{ .code = JUMP_IF_EQUAL, .jump_false = 1, .value = IO_URING_SETUP },
        .{ .code = RETURN, .value = SECCOMP_RET_ERRNO | errno },
        .{ .code = RETURN, .value = SECCOMP_RET_ALLOW },
    };
    const program = Program{ .length = instructions.len, .instructions = &instructions };
    // Without privileges, a filter is allowed only to who can't gain any (seccomp(2)).
    if (linux.syscall5(.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    return linux.syscall3(.prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, @intFromPtr(&program)) == 0;
}
