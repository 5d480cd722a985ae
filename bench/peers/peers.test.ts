import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { PEERS } from "./catalog.ts";
import { type EnvoySockets, envoyConfig } from "./envoy.ts";
import { parseExtra } from "./extra.ts";
import { haproxyLimits } from "./haproxy.ts";
import { workerConnections } from "./nginx.ts";
import { parseStreamModule } from "./nginx_module.ts";
import { parseReadyPort } from "./ringway.ts";

describe("nginx's stream module", () => {
  const dynamic = "configure arguments: --modules-path=/m --with-stream=dynamic --with-stream_ssl_module";

  it("is loaded where it is a file", () => {
    assert.equal(
      parseStreamModule(dynamic, (path) => path === "/m/ngx_stream_module.so"),
      "/m/ngx_stream_module.so",
    );
    assert.equal(
      parseStreamModule(dynamic, () => false),
      null,
    );
  });

  it("may be built in", () => {
    assert.equal(
      parseStreamModule("configure arguments: --with-stream --with-threads", () => false),
      "",
    );
  });
});

describe("limits of connections", () => {
  it("leave room for two descriptors per connection", () => {
    assert.equal(workerConnections(10_000, 65_536), 20_200);
    assert.equal(workerConnections(10_000, 20_000), 20_000);
    assert.equal(workerConnections(16, 65_536), 2048);
  });

  it("of HAProxy give up pipes before connections", () => {
    assert.deepEqual(haproxyLimits(16, 65_536), { maxconn: 1024, maxpipes: 256 });
    assert.deepEqual(haproxyLimits(9500, 20_000), { maxconn: 9550, maxpipes: 375 });
    assert.equal(haproxyLimits(10_000, 20_000).maxpipes, 0);
  });
});

describe("a proxy given on the command line", () => {
  it("has a name and a command with both ports", () => {
    const { name, protocol, isOurs } = parseExtra("mine=/opt/relay -x a=b {listen} {upstream}", "http");
    assert.equal(name, "mine");
    assert.equal(protocol, "http");
    assert.equal(isOurs, false);
  });

  it("is refused with what is wrong about it", () => {
    assert.throws(() => parseExtra("relay {listen} {upstream}", "tcp"), /is not NAME=COMMAND/);
    assert.throws(() => parseExtra("mine=relay {listen}", "tcp"), /has no \{upstream\}/);
    assert.throws(() => parseExtra("mine=relay {listen} {upstream} {other}", "tcp"), /No value for \{other\}/);
  });
});

describe("Envoy's configuration", () => {
  const config = async (protocol: "tcp" | "http", sockets: EnvoySockets) =>
    parse(await envoyConfig(protocol, sockets, { listen: 1234, upstream: 5678 }));

  it("has its ports", async () => {
    for (const protocol of ["tcp", "http"] as const) {
      const { static_resources } = await config(protocol, "epoll");
      assert.equal(static_resources.listeners[0].address.socket_address.port_value, "1234");
      const [{ endpoint }] = static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints;
      assert.equal(endpoint.address.socket_address.port_value, "5678");
    }
  });

  it("has io_uring only where it is asked for", async () => {
    const options = async (sockets: EnvoySockets) =>
      (await config("http", sockets)).bootstrap_extensions?.[0].typed_config.io_uring_options;
    assert.equal(await options("epoll"), undefined);
    assert.deepEqual(await options("uring"), {});
    assert.deepEqual(await options("multishot"), { enable_multishot_receive: true });
  });
});

it("no two peers of a protocol have the same name", () => {
  const names = PEERS.map(({ name, protocol }) => `${name} ${protocol}`);
  assert.equal(new Set(names).size, names.length);
});

it("ringway's port is in its ready line", () => {
  const line = "ringway 0.1.0 ready: 127.0.0.1:34567 -> tcp://127.0.0.1:80; socket interface uring (..)\n";
  assert.equal(parseReadyPort(line), 34567);
  assert.throws(() => parseReadyPort("something else"), /Not ringway's ready line/);
});
