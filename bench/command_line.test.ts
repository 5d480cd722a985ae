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
  it("are all workloads and the usual peers without any", () => {
    const { workloads, peers, settings, json } = parse();
    assert.deepEqual(namesOf(workloads), [
      ...["tcp-4k", "tcp-64k", "tcp-10m", "tcp-churn", "tcp-stall", "tcp-idle", "tcp-latency"],
      ...["http-4k", "http-post", "http-10m", "http-upload", "http-rate", "http-stall", "http-idle"],
      "start",
    ]);
    for (const protocol of ["tcp", "http"]) {
      const ofProtocol = peers.filter((peer) => peer.protocol === protocol);
      assert.deepEqual(namesOf(ofProtocol), ["ringway-bun", "ringway-deno", "nginx", "haproxy"]);
    }
    assert.deepEqual(settings, FULL);
    assert.equal(json, null);
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
    assert.deepEqual(namesOf(workloads).slice(0, 3), ["tcp-churn", "http-4k", "http-post"]);
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
