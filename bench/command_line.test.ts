import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CommandLine, parseCommandLine } from "./command_line.ts";
import { FULL, QUICK } from "./settings.ts";

function parse(...arguments_: string[]): CommandLine {
  const commandLine = parseCommandLine(arguments_, { out: assert.fail, error: assert.fail });
  assert.ok("peers" in commandLine);
  return commandLine;
}

function refuse(...arguments_: string[]): string {
  let error = "";
  const result = parseCommandLine(arguments_, {
    out: assert.fail,
    error: (text) => {
      error += text;
    },
  });
  assert.deepEqual(result, { exitCode: 2 });
  return error;
}

const namesOf = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);

describe("the benchmark's options", () => {
  const CLASSIC = ["ringway-bun", "ringway-deno", "nginx", "haproxy"];
  const ENVOYS = ["envoy", "envoy-uring", "envoy-multishot"];

  it("are all workloads but those that have to be named, and the usual peers, without any", () => {
    const { workloads, peers, settings, json, isGuard } = parse();
    assert.deepEqual(namesOf(workloads), [
      ...["tcp-4k", "tcp-64k", "tcp-10m", "tcp-churn", "tcp-stall", "tcp-idle", "tcp-idle-1k", "tcp-latency"],
      ...["http-0", "http-4k", "http-64k", "http-post", "http-10m", "http-upload"],
      ...["http-rate", "http-stall", "http-idle", "http-idle-1k", "start"],
    ]);
    const ofProtocol = (wanted: string): string[] => namesOf(peers.filter(({ protocol }) => protocol === wanted));
    assert.deepEqual(ofProtocol("tcp"), [...CLASSIC, ...ENVOYS, "limit"]);
    assert.deepEqual(ofProtocol("http"), [
      ...[...CLASSIC, ...ENVOYS, "bun-serve", "deno-serve", "node-httpxy"],
      "limit",
    ]);
    assert.deepEqual(settings, FULL);
    assert.equal(json, null);
    assert.equal(isGuard, false);
  });

  it("are what the targets need with --quick", () => {
    const { workloads, peers, peersOf } = parse("--quick");
    assert.deepEqual(namesOf(workloads), [
      ...["tcp-4k", "tcp-10m", "tcp-churn", "http-4k", "http-post", "http-10m", "http-rate", "start"],
    ]);
    const of = (name: string): string[] => namesOf(workloads.filter((item) => item.name === name).flatMap(peersOf));
    assert.deepEqual(of("tcp-4k"), [...CLASSIC, "limit"]);
    assert.deepEqual(of("tcp-churn"), CLASSIC);
    assert.deepEqual(of("http-post"), [...CLASSIC, "envoy", "envoy-multishot", "bun-serve", "deno-serve"]);
    assert.equal(namesOf(peers).includes("node-httpxy"), false);
  });

  it("let a workload be measured on other peers than usual, if they are named", () => {
    const names = (...more: string[]): string[] => {
      const { workloads, peersOf } = parse("--quick", "--only=tcp-churn", ...more);
      return namesOf(workloads.flatMap(peersOf));
    };
    assert.deepEqual(names("--extra=one=a {listen} {upstream}"), [...CLASSIC, "one"]);
    assert.deepEqual(names("--peers=envoy,ringway-bun-default"), ["ringway-bun-default", "envoy"]);
  });

  it("choose all sweeps by their beginning, and count system calls only if asked to", () => {
    assert.deepEqual(namesOf(parse("--only=sweep-options").workloads), [
      ...["sweep-options-read-buffer-size", "sweep-options-io-uring-size"],
      "sweep-options-use-submission-queue-polling",
    ]);
    const counted = namesOf(parse("--only=tcp-4k", "--syscalls").workloads);
    assert.deepEqual(counted, ["tcp-4k", "syscalls-tcp", "syscalls-http"]);
    assert.equal(parse("--guard").isGuard, true);
  });

  it("measure experiments on the limit only, with all of them", () => {
    const { workloads, peers } = parse("--only=sweep-limit");
    assert.deepEqual(namesOf(workloads), [
      ...["sweep-limit-tcp-4k", "sweep-limit-tcp-10m", "sweep-limit-tcp-churn", "sweep-limit-http-post"],
    ]);
    const ofProtocol = (wanted: string): string[] => namesOf(peers.filter(({ protocol }) => protocol === wanted));
    const names = [
      ...["limit", "limit-zero-copy", "limit-bundles", "limit-incremental"],
      ...["limit-skip-success", "limit-direct", "limit-min-wait"],
    ];
    assert.deepEqual([ofProtocol("tcp"), ofProtocol("http")], [names, names]);
    assert.ok(workloads.every(({ baseline }) => baseline === "limit"));
  });

  it("choose workloads and peers, and add proxies", () => {
    const { workloads, peers } = parse(
      ...["--only", "tcp-4k,start", "--peers=nginx,ringway-bun-default"],
      ...["--extra", "one=a {listen} {upstream}", "--extra", "two=b {listen} {upstream}"],
    );
    assert.deepEqual(namesOf(workloads), ["tcp-4k", "start"]);
    assert.deepEqual(namesOf(peers), ["ringway-bun-default", "nginx", "one", "two"]);
  });

  it("choose all workloads with a beginning, and only peers for their protocol", () => {
    const { workloads, peers } = parse(
      ...["--only", "tcp-churn,http", "--peers=haproxy"],
      ...["--extra", "same=a {listen} {upstream}", "--extra-http", "same=b {listen} {upstream}"],
    );
    assert.deepEqual(namesOf(workloads).slice(0, 3), ["tcp-churn", "http-0", "http-4k"]);
    assert.deepEqual(
      peers.map(({ name, protocol }) => `${name} ${protocol}`),
      ["haproxy tcp", "haproxy http", "same tcp", "same http"],
    );
    const ofOne = parse("--only=http", "--peers=haproxy", "--extra=one=a {listen} {upstream}").peers;
    assert.deepEqual(
      ofOne.map(({ protocol }) => protocol),
      ["http"],
    );
  });

  it("say how much is measured, with --quick as the base", () => {
    assert.deepEqual(parse("--rounds", "7", "--seconds", "2").settings, {
      ...FULL,
      rounds: 7,
      memoryRounds: 7,
      seconds: 2,
    });
    assert.deepEqual(parse("--quick", "--rounds", "9").settings, { ...QUICK, rounds: 9, memoryRounds: 9 });
  });

  it("say whether results are kept, what made them, and how much it was", () => {
    const of = (...arguments_: string[]): unknown[] => {
      const { isSaved, command, scope } = parse(...arguments_);
      return [isSaved, command, scope];
    };
    assert.deepEqual(of(), [false, "npx bun run bench", "full"]);
    assert.deepEqual(of("--save", "--rounds=9"), [true, "npx bun run bench --save --rounds=9", "full"]);
    assert.deepEqual(of("--only", "tcp-4k,start"), [false, "npx bun run bench --only tcp-4k,start", "part"]);
    assert.equal(of("--peers=nginx")[2], "part");
    for (const less of [["--quick"], ["--rounds=1"], ["--seconds=1"], ["--only=tcp-4k", "--quick"]]) {
      assert.equal(of(...less)[2], "quick");
    }
    const [, quoted] = of("--extra", "a=sh -c 'b {listen} {upstream}'");
    assert.equal(quoted, String.raw`npx bun run bench --extra 'a=sh -c '\''b {listen} {upstream}'\'''`);
  });

  it("are refused with what is known instead", () => {
    assert.match(refuse("--only", "tcp-5k"), /"tcp-5k" is none of tcp-4k, tcp-64k/);
    assert.match(refuse("--peers", "nginx,apache"), /"apache" is none of ringway-bun/);
    assert.match(refuse("--only", "htt"), /"htt" is none of /);
    assert.match(refuse("--rounds", "0"), /whole number from 1/);
    assert.match(refuse("--extra", "nginx=a {listen} {upstream}"), /another peer with the name nginx/);
    assert.match(refuse("--extra", "one=a {listen}"), /has no \{upstream\}/);
    assert.match(refuse("--extra-http", "one={listen}"), /has no \{upstream\}/);
    assert.match(refuse("more"), /too many arguments/);
  });

  it("are explained", () => {
    let out = "";
    const result = parseCommandLine(["--help"], {
      out: (text) => {
        out += text;
      },
      error: assert.fail,
    });
    assert.deepEqual(result, { exitCode: 0 });
    assert.match(out, /--extra <NAME=COMMAND>/);
    assert.match(out, /Workloads: tcp-4k, /);
  });
});
