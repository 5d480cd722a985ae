/**
 * How the runtimes name unix sockets.
 *
 * @module
 */

/** The path of a unix socket as the runtimes want it: an abstract name begins with a zero byte (unix(7)). */
export function runtimePath(path: string): string {
  return path.startsWith("@") ? `\0${path.slice(1)}` : path;
}
