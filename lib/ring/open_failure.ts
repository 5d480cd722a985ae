/**
 * Why a ring could not be opened, and what to do about it, in a sentence each.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import { runtime } from "../../ffi/runtime.ts";
import { errnoName, RingError } from "./errors.ts";

/** The sysctl that switches io_uring off for unprivileged processes (1) or for all (2), since Linux 6.6. */
const DISABLED_SYSCTL = "/proc/sys/kernel/io_uring_disabled";

/** An error that says why the ring could not be opened and how to change that. */
export function explainOpenFailure(stage: number, errno: number, readSysctl: () => string = readDisabled): RingError {
  const [code, message] = explain(stage, Math.abs(errno), readSysctl);
  return new RingError(message, code, "open a ring", errno);
}

function explain(stage: number, errno: number, readSysctl: () => string): [code: string, message: string] {
  switch (stage) {
    case abi.OPEN_STAGE_SETUP:
      return explainSetup(errno, readSysctl);
    case abi.OPEN_STAGE_OPTIONS:
      return ["ERR_RING_OPTIONS", "The ring's sizes are out of range: see RingOptions"];
    case abi.OPEN_STAGE_FEATURES:
      return ["ERR_RING_KERNEL", "This kernel's io_uring is too old: ringway needs Linux 5.19 or newer for it"];
    case abi.OPEN_STAGE_BUFFER_RINGS:
      if (errno === abi.ENOMEM) return outOfMemory();
      return errno === abi.EINVAL
        ? ["ERR_RING_KERNEL", "This kernel's io_uring has no provided-buffer rings: Linux 5.19 or newer has them"]
        : [
            "ERR_RING_MEMORY",
            `The ring's buffers cannot be registered (${errnoName(errno)}): make them fewer or smaller`,
          ];
    case abi.OPEN_STAGE_MEMORY:
      return ["ERR_RING_MEMORY", "No memory for the ring's buffers: make them fewer or smaller"];
    case abi.OPEN_STAGE_WAKE:
      return [
        "ERR_RING_DESCRIPTORS",
        `No descriptor for the ring (${errnoName(errno)}): raise the limit, \`ulimit -n\``,
      ];
    case abi.OPEN_STAGE_RING_TABLE:
      return ["ERR_RING_COUNT", `A process can have ${abi.RINGS} rings, and all are open: use fewer workers`];
    default:
      return ["ERR_RING_OPEN", `The ring cannot be opened: ${errnoName(errno)}`];
  }
}

function explainSetup(errno: number, readSysctl: () => string): [code: string, message: string] {
  switch (errno) {
    case abi.EPERM:
    case abi.EACCES: {
      const disabled = readSysctl().trim();
      if (disabled === "1" || disabled === "2") {
        return [
          "ERR_RING_DISABLED",
          `io_uring is switched off on this machine (kernel.io_uring_disabled is ${disabled}): ` +
            "run `sysctl -w kernel.io_uring_disabled=0` as root" +
            (disabled === "1" ? ", or put this user into the group named by kernel.io_uring_group" : ""),
        ];
      }
      return [
        "ERR_RING_FORBIDDEN",
        `io_uring is forbidden to this process (${errnoName(errno)}), most likely by a container's seccomp ` +
          "profile: allow " +
          "io_uring_setup, io_uring_enter and io_uring_register there (docker run --security-opt seccomp=PROFILE)",
      ];
    }
    case abi.ENOSYS:
      return ["ERR_RING_KERNEL", "This kernel has no io_uring (ENOSYS): Linux 5.19 or newer has what ringway needs"];
    case abi.ENOMEM:
      return outOfMemory();
    case abi.EMFILE:
    case abi.ENFILE:
      return [
        "ERR_RING_DESCRIPTORS",
        `No descriptor for the ring (${errnoName(errno)}): raise the limit, \`ulimit -n\``,
      ];
    default:
      return ["ERR_RING_OPEN", `io_uring cannot be set up: ${errnoName(errno)}`];
  }
}

function outOfMemory(): [code: string, message: string] {
  return [
    "ERR_RING_MEMORY",
    "The kernel has no memory for the ring (ENOMEM): raise the limit of locked memory, `ulimit -l`, " +
      "use fewer workers, or lower io_uring_size",
  ];
}

function readDisabled(): string {
  return runtime.readText(DISABLED_SYSCTL) ?? "";
}
