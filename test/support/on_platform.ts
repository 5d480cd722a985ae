/**
 * Starts a proxy as if the system were the one that the first argument names, and prints what became of it.
 *
 * @module
 */
import process from "node:process";

const [platform = "", upstreamPort = "", socketInterface = "auto"] = process.argv.slice(2);
// Before any module of the package can look.
Object.defineProperty(process, "platform", { value: platform });
const { defaultProxyConfig, formatAddress, parseTarget, RingwayError, startProxy } = await import("../../mod.ts");

try {
  const proxy = await startProxy({
    ...defaultProxyConfig,
    socketInterface: socketInterface === "uring" ? "uring" : "auto",
    listen: [parseTarget("127.0.0.1:0")],
    to: [parseTarget(`127.0.0.1:${upstreamPort}`)],
  });
  const { driver, reason } = proxy.socketInterface;
  process.stdout.write(`${proxy.addresses.map(formatAddress)} ${driver}\n${proxy.workers} workers, ${reason}\n`);
} catch (error) {
  if (!(error instanceof RingwayError)) throw error;
  process.stdout.write(`${error.code}: ${error.message}\n`);
}
