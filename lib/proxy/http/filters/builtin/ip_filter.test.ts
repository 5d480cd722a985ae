import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TestExchange } from "../test_exchange.ts";
import { clientNetwork, unmapped } from "./client_address.ts";
import { ipFilter } from "./ip_filter.ts";
import { checkIpRange, IpRanges } from "./ip_ranges.ts";

async function statusOf(allow: string[], deny: string[], client: string): Promise<number | null> {
  const reply = await new TestExchange({ client }).ask(ipFilter({ allow, deny }));
  return reply?.status ?? null;
}

describe("ip filter", () => {
  it("lets pass who is allowed", async () => {
    const allow = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"];
    for (const client of ["10.255.0.1", "192.0.2.7", "2001:db8:ffff::1", "::1", "0:0:0:0:0:0:0:1", "::ffff:10.1.1.1"]) {
      assert.equal(await statusOf(allow, [], client), null, client);
    }
    for (const client of ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::2", "::ffff:11.1.1.1", "::ffff:b01:101"]) {
      assert.equal(await statusOf(allow, [], client), 403, client);
    }
  });

  it("denies whatever is allowed", async () => {
    const [allow, deny] = [["10.0.0.0/8"], ["10.6.6.6", "10.7.0.0/16"]];
    assert.equal(await statusOf(allow, deny, "10.6.6.5"), null);
    for (const client of ["10.6.6.6", "10.7.1.1", "::ffff:10.6.6.6", "::ffff:a06:606", "::FFFF:0a07:0101"]) {
      assert.equal(await statusOf(allow, deny, client), 403, client);
    }
  });

  it("allows all that is not denied if nothing is allowed", async () => {
    assert.equal(await statusOf([], ["10.0.0.0/8", "fe80::/10"], "192.0.2.1"), null);
    assert.equal(await statusOf([], ["10.0.0.0/8", "fe80::/10"], "2001:db8::1"), null);
    assert.equal(await statusOf([], ["10.0.0.0/8", "fe80::/10"], "10.0.0.1"), 403);
    assert.equal(await statusOf([], ["10.0.0.0/8", "fe80::/10"], "fe80::1%eth0"), 403);
  });

  it("takes IPv4 networks in the form of IPv6", async () => {
    assert.equal(await statusOf([], ["::ffff:10.0.0.0/104"], "10.1.1.1"), 403);
    assert.equal(await statusOf([], ["::ffff:10.0.0.0/104"], "11.1.1.1"), null);
    assert.equal(await statusOf(["::ffff:10.0.0.1"], [], "10.0.0.1"), null);
  });

  it("refuses what is no address", async () => {
    for (const client of ["", "unix:", "unknown", "10.0.0.1, 10.0.0.2", "010.0.0.1", "[::1]", "10.0.0.1:80"]) {
      assert.equal(await statusOf([], [], client), 403, client);
    }
  });

  it("keeps families apart", async () => {
    assert.equal(await statusOf(["0.0.0.0/0"], [], "2001:db8::1"), 403);
    assert.equal(await statusOf(["0.0.0.0/0"], [], "1.2.3.4"), null);
    assert.equal(await statusOf(["::/0"], [], "2001:db8::1"), null);
    assert.equal(await statusOf(["::/0"], [], "1.2.3.4"), 403);
  });

  it("names a wrong entry", () => {
    for (const entry of [
      "",
      "10.0.0",
      "10.0.0.0/33",
      "::/129",
      "10.0.0.0/",
      "10.0.0.0/8/8",
      "a.example",
      "fe80::1%eth0",
    ]) {
      assert.notEqual(checkIpRange(entry), null, entry);
      assert.throws(() => ipFilter({ allow: [], deny: [entry] }), { code: "ERR_FILTER_OPTIONS", message: /"/ });
    }
    assert.equal(checkIpRange("10.1.2.3/8"), null);
  });

  it("agrees with arithmetic", () => {
    const number = fc.integer({ min: 0, max: 0xffffffff });
    const text = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");
    fc.assert(
      fc.property(number, number, fc.nat(32), fc.boolean(), (base, other, prefix, isNear) => {
        const address = isNear ? (base ^ (other & 0xff)) >>> 0 : other;
        const size = 2 ** (32 - prefix);
        const isInside = Math.floor(base / size) === Math.floor(address / size);
        const ranges = new IpRanges([`${text(base)}/${prefix}`]);
        assert.equal(ranges.has(text(address)), isInside);
        assert.equal(ranges.has(unmapped(`::ffff:${text(address)}`)), isInside);
      }),
    );
  });
});

describe("clientNetwork", () => {
  it("is the address, or the first half of it", () => {
    assert.equal(clientNetwork("192.0.2.1"), "192.0.2.1");
    assert.equal(clientNetwork("::ffff:192.0.2.1"), "192.0.2.1");
    assert.equal(clientNetwork("2001:db8:0:1::1"), clientNetwork("2001:0db8::1:ffff:ffff:ffff:ffff"));
    assert.notEqual(clientNetwork("2001:db8:0:1::1"), clientNetwork("2001:db8:0:2::1"));
    assert.notEqual(clientNetwork("2001:db8:12::1"), clientNetwork("2001:db8:1:2::1"));
    assert.equal(clientNetwork("fe80::1%eth0"), clientNetwork("fe80::2%eth1"));
    assert.equal(clientNetwork("unix:"), "unix:");
    assert.equal(clientNetwork(""), "");
  });
});
