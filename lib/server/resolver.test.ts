import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress } from "../net/address.ts";
import { until } from "../net/default/test_harness.ts";
import { parseEndpoint } from "../net/target.ts";
import type { NameServer } from "./name_server.ts";
import type { WeightedAddress } from "./resolve.ts";
import { Resolver } from "./resolver.ts";
import { emptyZone, startDnsServer, tableNameServer, type Zone } from "./test_name_servers.ts";

/** A resolver for `TARGET` or `TARGET WEIGHT`, and what it has said. */
function watch(nameServer: NameServer, endpoints: readonly string[], intervalMs = 5) {
  const changes: string[] = [];
  const errors: string[] = [];
  const configs = endpoints.map((text) => {
    const [target = "", weight = "1"] = text.split(" ");
    return { target: parseEndpoint(target), weight: Number(weight) };
  });
  const resolver = new Resolver(
    configs,
    { intervalMs, nameServer },
    {
      onAddresses: (addresses) => void changes.push(describeAll(addresses)),
      onResolveError: (error) => void errors.push(error.message),
    },
  );
  return { resolver, changes, errors };
}

function describeAll(addresses: readonly WeightedAddress[]): string {
  return addresses.map(({ address, weight }) => `${formatAddress(address)}*${weight}`).join(" ");
}

const SERVICE = "_http._tcp.web.test";

function zoneWithService(): Zone {
  const zone = emptyZone();
  zone.hosts.set("a.web.test", ["127.0.0.1", "127.0.0.2"]);
  zone.hosts.set("b.web.test", ["127.0.0.3"]);
  zone.hosts.set("c.web.test", ["127.0.0.4"]);
  zone.services.set(SERVICE, [
    { name: "a.web.test", port: 8001, priority: 1, weight: 5 },
    { name: "b.web.test", port: 8002, priority: 1, weight: 0 },
    { name: "c.web.test", port: 8003, priority: 2, weight: 9 },
  ]);
  return zone;
}

const servers: [name: string, start: (zone: Zone) => Promise<{ nameServer: NameServer; close(): void }>][] = [
  ["tables", async (zone) => ({ nameServer: tableNameServer(zone), close() {} })],
  ["a DNS server", startDnsServer],
];

for (const [name, start] of servers) {
  describe(`names from ${name}`, () => {
    it("stand for the servers of SRV records, with their ports and weights", async () => {
      const { nameServer, close } = await start(zoneWithService());
      const { resolver } = watch(nameServer, [`srv:${SERVICE}`, "c.web.test:80 7", "127.0.0.9:80"], 0);
      try {
        assert.equal(
          describeAll(await resolver.start()),
          "127.0.0.1:8001*5 127.0.0.2:8001*5 127.0.0.3:8002*1 127.0.0.4:80*7 127.0.0.9:80*1",
        );
      } finally {
        resolver.stop();
        close();
      }
    });

    it("are resolved again, and keep what they had when that fails", async () => {
      const zone = zoneWithService();
      const { nameServer, close } = await start(zone);
      const { resolver, changes, errors } = watch(nameServer, [`srv:${SERVICE}`]);
      try {
        await resolver.start();
        zone.services.set(SERVICE, [{ name: "c.web.test", port: 8003, priority: 2, weight: 9 }]);
        await until(() => changes.length > 0, "the other server is found");
        assert.deepEqual(changes.splice(0), ["127.0.0.4:8003*9"]);
        zone.services.delete(SERVICE);
        await until(() => errors.length > 0, "the failure is said");
        assert.match(errors[0] ?? "", /^Cannot resolve "srv:_http\._tcp\.web\.test": it has no SRV record/);
        // What comes next is told against what was kept.
        zone.services.set(SERVICE, [{ name: "c.web.test", port: 8003, priority: 2, weight: 8 }]);
        await until(() => changes.length > 0, "the other weight is found");
        assert.deepEqual(changes, ["127.0.0.4:8003*8"]);
        assert.equal(errors.length, 1);
      } finally {
        resolver.stop();
        close();
      }
    });

    it("fail at the start when there are none", async () => {
      const { nameServer, close } = await start(emptyZone());
      try {
        const srv = watch(nameServer, [`srv:${SERVICE}`]).resolver.start();
        await assert.rejects(srv, { name: "ResolveError", code: "ERR_RESOLVE" });
        const host = watch(nameServer, ["a.web.test:80"]).resolver.start();
        await assert.rejects(host, /Cannot resolve "a\.web\.test": no such host; check the name \(ENOTFOUND\)/);
      } finally {
        close();
      }
    });
  });
}

describe("servers of SRV records", () => {
  it("are left out while they have no address", async () => {
    const zone = zoneWithService();
    zone.hosts.delete("b.web.test");
    const { resolver, changes, errors } = watch(tableNameServer(zone), [`srv:${SERVICE}`]);
    try {
      assert.equal(describeAll(await resolver.start()), "127.0.0.1:8001*5 127.0.0.2:8001*5");
      assert.deepEqual(errors.splice(0), ['Cannot resolve "b.web.test": no such host; check the name (ENOTFOUND)']);
      zone.hosts.set("b.web.test", ["127.0.0.3"]);
      await until(() => changes.length > 0, "it has one");
      assert.deepEqual(changes.splice(0), ["127.0.0.1:8001*5 127.0.0.2:8001*5 127.0.0.3:8002*1"]);
      // One that had an address keeps it, while others change.
      zone.hosts.delete("b.web.test");
      zone.hosts.set("a.web.test", ["127.0.0.7"]);
      await until(() => changes.length > 0, "the other's change is found");
      assert.deepEqual(changes, ["127.0.0.7:8001*5 127.0.0.3:8002*1"]);
    } finally {
      resolver.stop();
    }
  });

  it("fail at the start when none has an address", async () => {
    const zone = zoneWithService();
    zone.hosts.clear();
    await assert.rejects(watch(tableNameServer(zone), [`srv:${SERVICE}`]).resolver.start(), /Cannot resolve/);
  });

  it("are none, without a failure, where the service is said not to be", async () => {
    const zone = emptyZone();
    zone.services.set(SERVICE, [{ name: ".", port: 0, priority: 0, weight: 0 }]);
    const { resolver } = watch(tableNameServer(zone), [`srv:${SERVICE}`], 0);
    assert.deepEqual(await resolver.start(), []);
  });

  it("have the records' weights times the endpoint's, up to the largest", async () => {
    const { resolver } = watch(tableNameServer(zoneWithService()), [`srv:${SERVICE} 300`], 0);
    assert.equal(describeAll(await resolver.start()), "127.0.0.1:8001*1000 127.0.0.2:8001*1000 127.0.0.3:8002*300");
  });
});

describe("an address that is there twice", () => {
  it("is one endpoint, with the larger weight", async () => {
    const zone = emptyZone();
    zone.hosts.set("a.test", ["127.0.0.1", "127.0.0.1", "127.0.0.2"]);
    const { resolver } = watch(tableNameServer(zone), ["a.test:80 2", "127.0.0.1:80 3", "127.0.0.2:80"], 0);
    assert.equal(describeAll(await resolver.start()), "127.0.0.1:80*3 127.0.0.2:80*2");
  });
});
