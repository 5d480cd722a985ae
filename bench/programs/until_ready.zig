//! bench_until_ready TEXT PROGRAM [ARGUMENT...]
//!
//! Starts a program, named by its path, waits until it has printed a text on standard output, ends it with all
//! that it started, and ends. So the time that this takes is the time until the text.

const std = @import("std");
const linux = std.os.linux;
const process = @import("process.zig");

pub const main = process.Main(run).main;

const STANDARD_OUTPUT = 1;
const SIGKILL = 9;
const SIGCHLD = 17;
const TIMEOUT_MS = 20_000;

fn run(arguments: process.Arguments, environment: process.Environment) void {
    if (arguments.len < 3) process.fail("arguments: TEXT PROGRAM [ARGUMENT...]", .{});
    var pipe: [2]i32 = undefined;
    _ = process.must("pipe2", linux.syscall2(.pipe2, @intFromPtr(&pipe), 0));
    const child = process.must("clone", linux.syscall5(.clone, SIGCHLD, 0, 0, 0, 0));
    if (child == 0) become(arguments[2..], environment, pipe);
    // Also by the child: whichever comes first.
    _ = linux.syscall2(.setpgid, child, 0);
    _ = linux.syscall1(.close, word(pipe[1]));
    const found = waitFor(std.mem.span(arguments[1]), pipe[0]);
    const group: usize = @bitCast(-@as(isize, @intCast(child)));
    _ = linux.syscall2(.kill, group, SIGKILL);
    if (!found) process.fail("it did not print \"{s}\"", .{arguments[1]});
}

fn become(arguments: process.Arguments, environment: process.Environment, pipe: [2]i32) noreturn {
    _ = linux.syscall2(.setpgid, 0, 0);
    _ = process.must("dup3", linux.syscall3(.dup3, word(pipe[1]), STANDARD_OUTPUT, 0));
    for (pipe) |descriptor| _ = linux.syscall1(.close, word(descriptor));
    // The vector of arguments ends with a null of its own (execve(2)).
    const path = @intFromPtr(arguments[0]);
    const result = linux.syscall3(.execve, path, @intFromPtr(arguments.ptr), @intFromPtr(environment));
    process.failWith("execve", process.errnoOf(result));
}

fn waitFor(text: []const u8, descriptor: i32) bool {
    var buffer: [8192]u8 = undefined;
    var length: usize = 0;
    while (length < buffer.len) {
        var poll = [_]process.Poll{.{ .descriptor = descriptor, .wanted = process.Poll.IN }};
        if (process.poll(&poll, TIMEOUT_MS) == 0) return false;
        const count = linux.syscall3(.read, word(descriptor), @intFromPtr(&buffer) + length, buffer.len - length);
        if (process.must("read", count) == 0) return false;
        length += count;
        if (std.mem.indexOf(u8, buffer[0..length], text) != null) return true;
    }
    return false;
}

fn word(descriptor: i32) usize {
    return @as(u32, @bitCast(descriptor));
}
