/**
 * Containers: what docs/deployment.md says about them is well-formed, and a proxy inside of an application works where
 * a container's seccomp profile forbids io_uring.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { parseAllDocuments } from "yaml";
import { EPERM, OPEN_STAGE_SETUP } from "../../ffi/abi.ts";
import { explainOpenFailure } from "../../lib/ring/open_failure.ts";
import { PROJECT } from "../runner/process.ts";
import { check } from "../runner/steps.ts";
import {
  Application,
  answerOf,
  greetingOf,
  proxyProgram,
  type Started,
  serveProgram,
  start,
  THREADS_ANSWER,
  threadModule,
  threadsProgram,
  withUpstream,
} from "../support/application.ts";
import { runtimeCommand } from "../support/command.ts";
import { missing } from "../support/programs.ts";

const GUIDE = readFileSync(`${PROJECT}/docs/deployment.md`, "utf8");
const RULE = `${PROJECT}/docs/seccomp-io_uring.json`;

/** The blocks of the guide in a language. */
function blocks(language: string): string[] {
  const block = new RegExp(`^\`\`\`${language}[^\n]*\n([\\s\\S]*?)^\`\`\``, "gm");
  return [...GUIDE.matchAll(block)].map(([, text = ""]) => text);
}

/** Bytes of locked memory for one worker, but not for four, on those kernels that count a ring as such. */
const ENOUGH_FOR_ONE = 200 * 1024;
/** Nobody is limited who has this capability. */
const WITHOUT_LOCKING = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"] : [];

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
}

interface Pod {
  readonly kind: string;
  readonly spec: {
    readonly containers: readonly {
      readonly securityContext: {
        readonly seccompProfile: { readonly type: string; readonly localhostProfile: string };
      };
    }[];
  };
}

describe("the rule for a seccomp profile", () => {
  const rule = JSON.parse(readFileSync(RULE, "utf8")) as Rule;

  it("allows the calls that a proxy asks for when they are forbidden, and no others", () => {
    const { message } = explainOpenFailure(OPEN_STAGE_SETUP, EPERM, () => "0");
    const asked = [...new Set(message.match(/io_uring_\w+/g))];
    assert.deepEqual([...rule.names].sort(), asked.sort());
    assert.equal(rule.action, "SCMP_ACT_ALLOW");
  });

  it("is added to a profile by the command in the guide", { skip: missing("jq") }, async () => {
    const [, command = ""] = /^(jq .*) > \S+$/m.exec(GUIDE) ?? [];
    assert.match(command, /default\.json docs\/seccomp-io_uring\.json$/);
    using folder = new Application();
    const first: Rule = { names: ["read"], action: "SCMP_ACT_ALLOW" };
    const profile = { defaultAction: "SCMP_ACT_ERRNO", syscalls: [first] };
    folder.write("default.json", JSON.stringify(profile));
    folder.write("docs/seccomp-io_uring.json", JSON.stringify(rule));
    const output = await check(["sh", "-c", command], { cwd: folder.folder });
    assert.deepEqual(JSON.parse(output), { ...profile, syscalls: [first, rule] });
  });
});

describe("the guide's files", () => {
  it("for Docker start a runtime that gets signals, with a module", () => {
    const files = blocks("dockerfile");
    assert.equal(files.length, 2);
    for (const file of files) {
      assert.match(file, /^FROM \S+$/m);
      const [, command = ""] = /^CMD (\[.*\])$/m.exec(file) ?? [];
      const [program, ...rest] = JSON.parse(command) as string[];
      assert.ok(program === "bun" || program === "deno", command);
      assert.match(rest.at(-1) ?? "", /\.ts$/);
    }
  });

  it("for Kubernetes name the profile", () => {
    const pods = blocks("yaml").flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Pod));
    const pod = pods.find(({ kind }) => kind === "Pod");
    const profile = pod?.spec.containers[0]?.securityContext.seccompProfile;
    assert.equal(profile?.type, "Localhost");
    assert.match(profile.localhostProfile, /^[\w./-]+\.json$/);
  });
});

describe("an application where io_uring is forbidden", () => {
  const specifier = pathToFileURL(`${PROJECT}/mod.ts`).href;
  const threads = pathToFileURL(`${PROJECT}/lib/threads/mod.ts`).href;
  const onDefault = { greeting: "hello", driver: "default" };

  /** Start its program in a folder, as under a container's seccomp profile. */
  function startDenied(application: Application): Started {
    const denied = [`${PROJECT}/zig-out/bin/deny_io_uring`, String(EPERM)];
    return start([...denied, ...runtimeCommand("app.ts", [])], application.folder);
  }

  it("has a proxy all the same, on the default driver", async () => {
    await withUpstream(async (port) => {
      using application = new Application();
      application.write("app.ts", proxyProgram(specifier, port));
      assert.deepEqual(await greetingOf(startDenied(application)), onDefault);
    });
  });

  it("has one where locked memory does not suffice for all workers", {
    skip: missing("prlimit", "setpriv"),
  }, async () => {
    await withUpstream(async (port) => {
      using application = new Application();
      application.write("app.ts", proxyProgram(specifier, port).replace("workers: 1", "workers: 4"));
      const limited = ["prlimit", `--memlock=${ENOUGH_FOR_ONE}:${ENOUGH_FOR_ONE}`, ...WITHOUT_LOCKING];
      const { greeting } = await greetingOf(start([...limited, ...runtimeCommand("app.ts", [])], application.folder));
      assert.equal(greeting, "hello");
    });
  });

  it("serves all the same", async () => {
    using application = new Application();
    application.write("app.ts", serveProgram(specifier));
    assert.deepEqual(await answerOf(startDenied(application)), onDefault);
  });

  it("has threads all the same", async () => {
    using application = new Application();
    application.write("app.ts", threadsProgram(threads));
    application.write("thread.ts", threadModule(specifier));
    assert.equal(await startDenied(application).ended, THREADS_ANSWER.replace("uring", "default"));
  });
});
