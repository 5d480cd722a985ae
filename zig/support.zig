//! What liburing.a expects from a libc. The library is linked without one, so that the same file loads
//! under glibc and musl; the version script keeps these names to itself.

/// Only liburing's probe helpers allocate, and the shim does not call them.
export fn calloc(_: usize, _: usize) ?*anyopaque {
    return null;
}

export fn free(_: ?*anyopaque) void {}

export fn __stack_chk_fail() noreturn {
    @trap();
}
