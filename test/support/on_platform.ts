/**
 * Starts what the package has as if the system were the one that the first argument names, and prints what became of
 * it.
 *
 * @module
 */
import process from "node:process";

const [platform = "", upstreamPort = ""] = process.argv.slice(2);
// Before any module of the package can look.
Object.defineProperty(process, "platform", { value: platform });
const { defaultProxyConfig, formatAddress, openSockets, operationsOn, parseTarget, RingwayError, startProxy } =
  await import("../../mod.ts");

/** Print what a use of the package gives, or with what it is refused. */
async function print(use: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(`${await use()}\n`);
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    process.stdout.write(`${error.code}: ${error.message}\n`);
  }
}

if (upstreamPort === "") {
  await print(async () => {
    await using sockets = await openSockets();
    const listener = await sockets.listen("127.0.0.1:0");
    const [client, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
    await client.write("hello");
    const received = new TextDecoder().decode((await server?.read()) ?? undefined);
    return `${received} ${sockets.selected?.driver}`;
  });
  await print(async () => String(await openSockets({ socketInterface: "uring" })));
  await print(async () => String(operationsOn(await openSockets())));
} else {
  await print(async () => {
    const proxy = await startProxy({
      ...defaultProxyConfig,
      listen: [parseTarget("127.0.0.1:0")],
      to: [parseTarget(`127.0.0.1:${upstreamPort}`)],
    });
    const { driver, reason } = proxy.socketInterface;
    return `${proxy.addresses.map(formatAddress)} ${driver}\n${proxy.workers} workers, ${reason}`;
  });
}
