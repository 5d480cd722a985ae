//! zig build          zig-out/lib/libringway.so, and in zig-out/generated/ what is made from it
//! zig build cross    the same for the other architecture, of x86_64 and aarch64: zig-out/lib/ARCHITECTURE/
//! zig build test     the shim's own tests
//! zig build test-tools   what tests run and load: a program that denies io_uring, a library of another version
//! zig build bench-tools   zig-out/bin/bench_*, the benchmark's upstream and load generators
//! zig build bench-limit   zig-out/bin/bench_limit, what the benchmark compares ringway with
//! zig build musl     zig-out/bin/load_under_musl, a program for the test that the library loads there
//! zig build update   copy the generated files of both architectures to where they are committed, in ffi/

const std = @import("std");

pub fn build(b: *std.Build) void {
    // Without a C library's ABI, so that glibc and musl both load it, and for any CPU of the architecture.
    const target = b.standardTargetOptions(.{
        .default_target = .{ .cpu_arch = b.graph.host.result.cpu.arch, .os_tag = .linux, .abi = .none },
    });
    const modes = "Debug, ReleaseSafe, ReleaseFast (default), ReleaseSmall";
    const optimize = b.option(std.builtin.OptimizeMode, "optimize", modes) orelse .ReleaseFast;
    const liburing_help = "liburing.a, 2.3 or newer (default: where Debian puts it)";
    const liburing = liburingPath(b, "liburing", liburing_help, target);

    const library = addShim(b, target, optimize, liburing);
    b.installArtifact(library);

    const other = otherArchitecture(b, target);
    const other_help = "liburing.a of the other architecture, for cross and update (default: where Debian puts it)";
    const other_liburing = liburingPath(b, "liburing-cross", other_help, other);
    const other_library = addShim(b, other, optimize, other_liburing);
    const cross = b.step("cross", "Build the library for the other architecture");
    const other_folder = b.fmt("lib/{s}", .{architectureOf(other)});
    const install_other = b.addInstallArtifact(other_library, .{
        .dest_dir = .{ .override = .{ .custom = other_folder } },
    });
    cross.dependOn(&install_other.step);

    const abi = generator(b, "generate_abi");
    // Reflecting on the exported functions compiles them.
    abi.root_module.addObjectFile(liburing);
    const embed = addEmbedder(b, target, library, liburing);
    const other_embed = addEmbedder(b, other, other_library, other_liburing);
    const update = b.addUpdateSourceFiles();
    const generated = [_]struct { generator: *std.Build.Step.Compile, path: []const u8, step: *std.Build.Step }{
        .{ .generator = abi, .path = "abi.ts", .step = b.getInstallStep() },
        .{ .generator = embed, .path = embeddedPath(b, target), .step = b.getInstallStep() },
        .{ .generator = other_embed, .path = embeddedPath(b, other), .step = cross },
    };
    for (generated) |file| {
        const output = standardOutput(b.addRunArtifact(file.generator));
        file.step.dependOn(&b.addInstallFile(output, b.fmt("generated/{s}", .{file.path})).step);
        update.addCopyFileToSource(output, b.fmt("ffi/{s}", .{file.path}));
    }
    b.step("update", "Write the generated files to ffi/").dependOn(&update.step);

    const tests = b.addTest(.{ .use_llvm = true, .root_module = b.createModule(.{
        .root_source_file = b.path("zig/test.zig"),
        .target = b.graph.host,
        .optimize = .Debug,
        .link_libc = false,
    }) });
    tests.root_module.addObjectFile(liburing);
    const run_tests = b.addRunArtifact(tests);
    // The kernel is an input as well.
    run_tests.has_side_effects = true;
    const program = b.addExecutable(.{
        .name = "load_under_musl",
        .linkage = .dynamic,
        .root_module = b.createModule(.{
            .root_source_file = b.path("zig/load_under_musl.zig"),
            .target = b.resolveTargetQuery(.{ .cpu_arch = target.result.cpu.arch, .os_tag = .linux, .abi = .musl }),
            // A debug build's stack traces want a newer musl than Debian 12's.
            .optimize = .ReleaseSmall,
            .link_libc = true,
        }),
    });
    const install_program = b.addInstallArtifact(program, .{});
    b.step("musl", "Build a program for musl that loads the library").dependOn(&install_program.step);

    b.step("test", "Run the shim's tests").dependOn(&run_tests.step);
    addTestTools(b, target);
    addBenchTools(b, target);
    addBenchLimit(b, target, liburing);
}

/// The library, for one architecture.
fn addShim(
    b: *std.Build,
    target: std.Build.ResolvedTarget,
    optimize: std.builtin.OptimizeMode,
    liburing: std.Build.LazyPath,
) *std.Build.Step.Compile {
    const library = b.addLibrary(.{
        .name = "ringway",
        .linkage = .dynamic,
        // The other back end and linker of Zig know no version script.
        .use_llvm = true,
        .use_lld = true,
        .root_module = b.createModule(.{
            .root_source_file = b.path("zig/exports.zig"),
            .target = target,
            .optimize = optimize,
            .strip = optimize != .Debug,
            .pic = true,
            .link_libc = false,
        }),
    });
    library.root_module.addObjectFile(liburing);
    library.setVersionScript(b.path("zig/exports.map"));
    return library;
}

/// What prints the module with the library in it.
fn addEmbedder(
    b: *std.Build,
    target: std.Build.ResolvedTarget,
    library: *std.Build.Step.Compile,
    liburing: std.Build.LazyPath,
) *std.Build.Step.Compile {
    const embed = generator(b, "embed");
    const options = b.addOptions();
    options.addOption([]const u8, "architecture", architectureOf(target));
    embed.root_module.addOptions("options", options);
    embed.root_module.addAnonymousImport("library", .{ .root_source_file = library.getEmittedBin() });
    embed.root_module.addAnonymousImport("liburing", .{ .root_source_file = liburing });
    return embed;
}

fn embeddedPath(b: *std.Build, target: std.Build.ResolvedTarget) []const u8 {
    return b.fmt("embedded/{s}.ts", .{architectureOf(target)});
}

fn architectureOf(target: std.Build.ResolvedTarget) []const u8 {
    return @tagName(target.result.cpu.arch);
}

fn otherArchitecture(b: *std.Build, target: std.Build.ResolvedTarget) std.Build.ResolvedTarget {
    return b.resolveTargetQuery(.{
        .cpu_arch = if (target.result.cpu.arch == .x86_64) .aarch64 else .x86_64,
        .os_tag = .linux,
        .abi = .none,
    });
}

fn liburingPath(
    b: *std.Build,
    option: []const u8,
    help: []const u8,
    target: std.Build.ResolvedTarget,
) std.Build.LazyPath {
    const path = b.option([]const u8, option, help) orelse
        b.fmt("/usr/lib/{s}-linux-gnu/liburing.a", .{architectureOf(target)});
    return .{ .cwd_relative = path };
}

/// Programs that tests run.
fn addTestTools(b: *std.Build, target: std.Build.ResolvedTarget) void {
    const deny_io_uring = b.addExecutable(.{
        .name = "deny_io_uring",
        .root_module = b.createModule(.{
            .root_source_file = b.path("test/deny_io_uring.zig"),
            .target = target,
            .optimize = .ReleaseSmall,
            .link_libc = false,
        }),
    });
    const wrong_abi = b.addLibrary(.{
        .name = "wrong_abi",
        .linkage = .dynamic,
        .root_module = b.createModule(.{
            .root_source_file = b.path("test/wrong_abi.zig"),
            .target = target,
            .optimize = .ReleaseSmall,
            .pic = true,
        }),
    });
    const test_tools = b.step("test-tools", "Build what tests run and load");
    test_tools.dependOn(&b.addInstallArtifact(deny_io_uring, .{}).step);
    test_tools.dependOn(&b.addInstallArtifact(wrong_abi, .{}).step);
}

/// The benchmark's upstream and load generators.
fn addBenchTools(b: *std.Build, target: std.Build.ResolvedTarget) void {
    const bench_tools = b.step("bench-tools", "Build the benchmark's upstream and load generators");
    for ([_][]const u8{ "echo", "churn", "ping_pong", "stall", "idle", "until_ready" }) |name| {
        const program = b.addExecutable(.{
            .name = b.fmt("bench_{s}", .{name}),
            .root_module = b.createModule(.{
                .root_source_file = b.path(b.fmt("bench/programs/{s}.zig", .{name})),
                .target = target,
                .optimize = .ReleaseFast,
                .link_libc = false,
            }),
        });
        bench_tools.dependOn(&b.addInstallArtifact(program, .{}).step);
    }
}

/// The relay that ringway is measured against: in Zig alone, with the same io_uring.
fn addBenchLimit(b: *std.Build, target: std.Build.ResolvedTarget, liburing: std.Build.LazyPath) void {
    const program = b.addExecutable(.{
        .name = "bench_limit",
        // As for the library.
        .use_llvm = true,
        .use_lld = true,
        .root_module = b.createModule(.{
            .root_source_file = b.path("bench/limit/limit.zig"),
            .target = target,
            .optimize = .ReleaseFast,
            .link_libc = false,
        }),
    });
    const parts = [_]struct { name: []const u8, path: []const u8 }{
        .{ .name = "sockets", .path = "bench/programs/sockets.zig" },
        .{ .name = "liburing", .path = "zig/liburing.zig" },
        .{ .name = "support", .path = "zig/support.zig" },
    };
    for (parts) |part| program.root_module.addAnonymousImport(part.name, .{ .root_source_file = b.path(part.path) });
    program.root_module.addObjectFile(liburing);
    b.step("bench-limit", "Build the relay that ringway is measured against")
        .dependOn(&b.addInstallArtifact(program, .{}).step);
}

/// A program that runs while building and prints a file.
fn generator(b: *std.Build, name: []const u8) *std.Build.Step.Compile {
    return b.addExecutable(.{
        .name = name,
        .use_llvm = true,
        .root_module = b.createModule(.{
            .root_source_file = b.path(b.fmt("zig/{s}.zig", .{name})),
            .target = b.graph.host,
            .optimize = .Debug,
        }),
    });
}

/// Zig 0.16 gave captureStdOut a parameter that 0.15 does not have.
fn standardOutput(run: *std.Build.Step.Run) std.Build.LazyPath {
    const parameters = @typeInfo(@TypeOf(std.Build.Step.Run.captureStdOut)).@"fn".params.len;
    return if (parameters == 1) run.captureStdOut() else run.captureStdOut(.{});
}
