/**
 * Name servers under the test's control: one made of tables, and one that speaks DNS on the loopback interface.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { decode, encode, type Packet, type SrvAnswer, type StringAnswer } from "dns-packet";
import type { NameServer, SrvRecord } from "./name_server.ts";

/** What a name server knows. A name that is not there does not exist. */
export interface Zone {
  /** IPv4 addresses by host. */
  readonly hosts: Map<string, readonly string[]>;
  /** SRV records by name. */
  readonly services: Map<string, readonly SrvRecord[]>;
}

/** A zone with nothing in it. */
export function emptyZone(): Zone {
  return { hosts: new Map(), services: new Map() };
}

/** A name server that answers from a zone, which may change. */
export function tableNameServer(zone: Zone): NameServer {
  return {
    addresses: (host) => found(zone.hosts.get(host)),
    srvRecords: (name) => found(zone.services.get(name)),
  };
}

async function found<Value>(value: Value | undefined): Promise<Value> {
  if (value === undefined) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
  return value;
}

/** A running DNS server. */
export interface DnsServer {
  /** Asks it through the runtime's own client. */
  readonly nameServer: NameServer;
  /** Stop it. */
  close(): void;
}

/** Start a DNS server on a free port of the loopback interface. */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket("udp4");
  socket.on("message", (message, { port, address }) => {
    socket.send(encode(answerTo(decode(message), zone)), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    nameServer: {
      addresses: (host) => resolver.resolve4(host),
      srvRecords: (name) => resolver.resolveSrv(name),
    },
    close: () => void socket.close(),
  };
}

function answerTo(query: Packet, { hosts, services }: Zone): Packet {
  const [question] = query.questions ?? [];
  const name = question?.name ?? "";
  const isKnown = hosts.has(name) || services.has(name);
  const answers: (StringAnswer | SrvAnswer)[] = [];
  if (question?.type === "A") {
    for (const address of hosts.get(name) ?? []) answers.push({ type: "A", name, ttl: 0, data: address });
  }
  if (question?.type === "SRV") {
    for (const { name: target, ...rest } of services.get(name) ?? []) {
      answers.push({ type: "SRV", name, ttl: 0, data: { ...rest, target } });
    }
  }
  const NO_SUCH_NAME = 3;
  return {
    type: "response",
    flags: isKnown ? 0 : NO_SUCH_NAME,
    ...(query.id === undefined ? {} : { id: query.id }),
    questions: query.questions ?? [],
    answers,
  };
}
