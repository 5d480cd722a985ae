import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { ADDRESS_BYTES } from "../../ffi/abi.ts";
import { RingwayError } from "../../ffi/errors.ts";
import { decodeAddress, encodeAddress, formatAddress, ipAddress, type SocketAddress } from "./address.ts";

const port = fc.nat(65535);
const ipv4 = fc.ipV4();
const group = fc.nat(0xffff);

function roundTrip(address: SocketAddress): SocketAddress | null {
  return decodeAddress(encodeAddress(address));
}

test("every IPv4 address and port comes back from its bytes", () => {
  fc.assert(
    fc.property(ipv4, port, (host, number) => {
      assert.deepEqual(roundTrip(ipAddress(host, number)), { family: "ipv4", host, port: number });
    }),
  );
});

test("every IPv6 address comes back as the same groups, in canonical form", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(group, fc.constant(0)), { minLength: 8, maxLength: 8 }), port, (groups, number) => {
      const host = groups.map((value) => value.toString(16)).join(":");
      const back = roundTrip(ipAddress(host, number));
      assert.ok(back?.family === "ipv6" && isIPv6(back.host));
      assert.equal(back.port, number);
      assert.deepEqual(encodeAddress(back), encodeAddress(ipAddress(host, number)));
      // The runtime's own URL parser writes IPv6 addresses in canonical form too, but mapped ones in hexadecimal.
      if (!back.host.includes(".")) assert.equal(new URL(`http://[${host}]/`).hostname, `[${back.host}]`);
      assert.deepEqual(roundTrip(back), back);
    }),
  );
});

test("IPv6 addresses in odd forms mean what they mean", () => {
  const expected: [given: string, canonical: string][] = [
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::00aa:0", "2001:db8::aa:0"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["::ffff:192.0.2.33", "::ffff:192.0.2.33"],
    ["::ffff:c000:0221", "::ffff:192.0.2.33"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["fe80:0:0:0:0:0:0:1", "fe80::1"],
  ];
  for (const [given, canonical] of expected) {
    const back = roundTrip(ipAddress(given, 80));
    assert.deepEqual(back, { family: "ipv6", host: canonical, port: 80 }, given);
  }
});

test("the zone of a link-local address is its interface's number in the bytes", () => {
  const bytes = encodeAddress({ family: "ipv6", host: "fe80::1%3", port: 80 });
  assert.equal(new DataView(bytes.buffer).getUint32(24, true), 3);
  assert.equal(new DataView(encodeAddress(ipAddress("fe80::1", 80)).buffer).getUint32(24, true), 0);
});

test("ports and families stand in the bytes as the kernel wants them", () => {
  assert.deepEqual([...encodeAddress(ipAddress("1.2.3.4", 0x1234))].slice(0, 8), [2, 0, 0x12, 0x34, 1, 2, 3, 4]);
  const six = encodeAddress(ipAddress("::1", 0x1234));
  assert.equal(six.length, 28);
  assert.deepEqual([...six].slice(0, 4), [10, 0, 0x12, 0x34]);
  assert.deepEqual([...encodeAddress({ family: "unix", path: "/a" })], [1, 0, 0x2f, 0x61, 0]);
  assert.deepEqual([...encodeAddress({ family: "unix", path: "@a" })], [1, 0, 0, 0x61]);
});

test("every unix path and abstract name comes back from its bytes", () => {
  const characters = fc
    .string({ minLength: 1, maxLength: 30, unit: "grapheme" })
    .filter((name) => !name.includes("\0"));
  fc.assert(
    fc.property(characters, fc.constantFrom("/", "@", "./"), (name, start) => {
      const path = start + name;
      fc.pre(new TextEncoder().encode(path).length < 108);
      assert.deepEqual(roundTrip({ family: "unix", path }), { family: "unix", path });
    }),
  );
});

test("a unix path has to fit, to the byte", () => {
  const fits = { family: "unix", path: `/${"x".repeat(106)}` } as const;
  assert.equal(encodeAddress(fits).length, 110);
  assert.ok(encodeAddress(fits).length <= ADDRESS_BYTES);
  assert.deepEqual(roundTrip(fits), fits);
  const abstract = { family: "unix", path: `@${"x".repeat(106)}` } as const;
  assert.deepEqual(roundTrip(abstract), abstract);
  for (const path of ["", `/${"x".repeat(107)}`, `@${"x".repeat(107)}`, `/${"é".repeat(54)}`]) {
    assert.throws(
      () => encodeAddress({ family: "unix", path }),
      (error) => error instanceof RingwayError && error.code === "ERR_ADDRESS",
      path,
    );
  }
});

test("what is not an address or a port is refused", () => {
  for (const host of [
    "",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "[::1]",
    "::1::2",
    ":::",
    "1.2.3.4 ",
    "0x7f.1",
  ]) {
    assert.throws(() => ipAddress(host, 80), RangeError, host);
  }
  for (const wrong of [-1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => ipAddress("127.0.0.1", wrong), RangeError, String(wrong));
  }
});

test("bytes that are no address are no address", () => {
  assert.equal(decodeAddress(new Uint8Array(0)), null);
  assert.equal(decodeAddress(Uint8Array.of(1)), null);
  // An unnamed unix socket has a family and nothing else.
  assert.equal(decodeAddress(Uint8Array.of(1, 0)), null);
  assert.equal(decodeAddress(Uint8Array.of(2, 0, 0, 80)), null);
  assert.equal(decodeAddress(Uint8Array.of(10, 0, 0, 80, 0, 0, 0, 0)), null);
  assert.equal(decodeAddress(Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0)), null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 150 }), (bytes) => {
      const address = decodeAddress(bytes);
      assert.ok(address === null || ["ipv4", "ipv6", "unix"].includes(address.family));
    }),
  );
});

test("addresses are written as people write them", () => {
  assert.equal(formatAddress(ipAddress("127.0.0.1", 80)), "127.0.0.1:80");
  assert.equal(formatAddress(ipAddress("::1", 80)), "[::1]:80");
  assert.equal(formatAddress({ family: "unix", path: "/run/x.sock" }), "unix:/run/x.sock");
  assert.equal(formatAddress({ family: "unix", path: "@name" }), "unix:@name");
});
