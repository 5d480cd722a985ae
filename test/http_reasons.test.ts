/** Why the proxy answered itself or cut a response short: in its statistics and in its access log, for each reason. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { StatisticName } from "../lib/proxy/statistics.ts";
import { until, unusedPort } from "./support/command.ts";
import { type Answer, fieldOf, type Peer, respond, statusOf } from "./support/http_peers.ts";
import { DRIVERS, type DriverName, get, type RouteScene, withRoutes } from "./support/http_routes.ts";

/** A line of the access log, as far as it matters here. */
type Line = readonly [target: string, status: number, reason: string];

const ANSWERS: Readonly<Record<string, Answer>> = {
  "/good": (_, peer) => peer.send(respond("good")),
  "/ends": (_, peer) => peer.end(),
  "/garbage": (_, peer) => peer.send("nonsense\r\n\r\n"),
  "/hangs": () => {},
  "/stops": () => {},
  "/leaves": () => {},
  "/cut": (_, peer) => peer.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
  "/cut/garbage": (_, peer) => peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc"),
  "/cut/late": (_, peer) => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
  "/early": (_, peer) => peer.send(respond("early", "", "413 No")),
};

/** The times that are to be over for some. */
const TIMES: Readonly<Record<string, object>> = {
  "/hangs": { response_timeout_ms: 100 },
  "/stops": { stream_idle_timeout_ms: 100 },
  "/cut/late": { stream_idle_timeout_ms: 300 },
};

/** A proxy whose upstream answers by target, and what its access log has in the end. */
async function linesOf(driver: DriverName, use: (scene: RouteScene) => Promise<void>): Promise<Line[]> {
  const folder = await mkdtemp(join(tmpdir(), "ringway-"));
  const log = join(folder, "access");
  const dead = [`127.0.0.1:${await unusedPort()}`, `127.0.0.1:${await unusedPort()}`];
  try {
    await withRoutes(
      driver,
      ["web"],
      (endpoint) => ({
        access_log: log,
        access_log_format: "json",
        listeners: [
          {
            routes: [
              { match: { prefix: "/dead" }, cluster: "dead" },
              { match: { prefix: "/one" }, cluster: "one" },
              { match: { path: "/said" }, response: { status: 201 } },
              { match: { path: "/moved" }, redirect: { path: "/" } },
              {
                match: { prefix: "/rewritten" },
                cluster: "web",
                rewrite: { regex: { pattern: "^/", replacement: "" } },
              },
              ...Object.keys(ANSWERS).map((path) => ({ match: { path }, cluster: "web", ...TIMES[path] })),
              { match: { path: "/options" }, cluster: "web" },
            ],
          },
          { cluster: "web", http: { head_timeout_ms: 100 } },
        ],
        clusters: [
          { name: "web", endpoints: [endpoint("web")], max_requests_per_connection: 1 },
          { name: "one", endpoints: [endpoint("web")], max_requests: 1 },
          {
            name: "dead",
            endpoints: dead,
            panic_threshold_percent: 0,
            outlier_detection: { consecutive_connect_failures: 1, max_ejection_percent: 100, ejection_ms: 60_000 },
          },
        ],
      }),
      async (scene) => {
        scene.upstream("web").answer = async (request, peer) => {
          const target = request.startLine.split(" ")[1] ?? "";
          await (ANSWERS[target] ?? ANSWERS["/good"])?.(request, peer);
        };
        await use(scene);
        await scene.proxy.running.drain();
      },
    );
    const lines = (await readFile(log, "utf8")).trimEnd().split("\n");
    return lines.map((line) => {
      const { target, status, reason } = JSON.parse(line);
      return [target ?? "-", status, reason ?? "-"];
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const driver of DRIVERS) {
  describe(`reasons on the ${driver} driver`, () => {
    it("are counted and logged, each for itself", async () => {
      const expected: Line[] = [];
      const lines = await linesOf(driver, async ({ proxy, upstream }) => {
        const counters = new Map<StatisticName, number>();
        /** What a request comes to: its status, and what stands in log and statistics. */
        const expect = async (request: string, status: number, reason: string, listener = 0): Promise<void> => {
          const peer = await proxy.client(listener);
          peer.send(request);
          const [method = "", target = ""] = request.split(" ");
          const response = await peer.response(method);
          assert.equal(statusOf(response), status, request);
          peer.destroy();
          note(target, status, reason);
        };
        const note = (target: string, status: number, reason: string): void => {
          expected.push([target, status, reason]);
          if (reason === "-") return;
          const name = `http_reason_${reason.toLowerCase()}_total` as StatisticName;
          counters.set(name, (counters.get(name) ?? 0) + 1);
        };
        await expect(get("/good"), 200, "-");
        await expect("nonsense\r\n\r\n", 400, "DPE");
        expected[expected.length - 1] = ["-", 400, "DPE"];
        await expect(get("/good/../x"), 400, "DPE");
        await expect("POST /good HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400, "DPE");
        await expect("TRACE /good HTTP/1.1\r\nHost: a\r\n\r\n", 405, "MR");
        await expect("OPTIONS /options HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", 200, "MF");
        await expect("GET /half HTTP/1.1\r\nHo", 408, "RHT", 1);
        expected[expected.length - 1] = ["-", 408, "RHT"];
        await expect("POST /stops HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf", 408, "SI");
        await expect(get("/dead"), 502, "UF");
        await expect(get("/dead"), 503, "UH");
        await expect(get("/ends"), 502, "UC");
        await expect(get("/garbage"), 502, "UPE");
        await expect(get("/hangs"), 504, "UT");
        await expect(get("/nothing"), 404, "NR");
        await expect(get("/rewritten"), 500, "RW");
        await expect(get("/said"), 201, "DR");
        await expect(get("/moved"), 301, "DR");
        for (const [target, reason] of [
          ["/cut", "UC"],
          ["/cut/garbage", "UPE"],
          ["/cut/late", "SI"],
        ] as const) {
          const peer = await proxy.client();
          peer.send(get(target));
          assert.equal((await peer.response()).isComplete, false);
          peer.destroy();
          note(target, 200, reason);
        }
        const held: Peer[] = [];
        const { answer } = upstream("web");
        upstream("web").answer = (_, peer) => void held.push(peer);
        const first = await proxy.client();
        first.send(get("/one/first"));
        await until(() => held.length === 1, "it is under way");
        await expect(get("/one/second"), 503, "UO");
        held[0]?.send(respond("done"));
        await first.response();
        first.destroy();
        note("/one/first", 200, "-");
        upstream("web").answer = answer;
        const seen = upstream("web").requests.length;
        const leaving = await proxy.client();
        leaving.send(get("/leaves"));
        await until(() => upstream("web").requests.length > seen, "it has arrived");
        leaving.socket.resetAndDestroy();
        await proxy.counts("http_reason_dc_total", 1);
        note("/leaves", 0, "DC");
        for (const [name, count] of counters) assert.equal(proxy.count(name), count, name);
        const statistics = proxy.running.statistics();
        const reasons = Object.entries(statistics).filter(([name]) => name.startsWith("http_reason_"));
        const total = reasons.reduce((sum, [, count]) => sum + count, 0);
        assert.equal(total, expected.filter(([, , reason]) => reason !== "-").length);
        assert.equal(statistics.http_responses_cut_short_total, 3);
        assert.equal(statistics.http_local_replies_total, total - 4);
        assert.equal(statistics.http_requests_total, expected.length);
        assert.equal(statistics.http_requests_aborted_total, 1);
      });
      const sorted = (all: readonly Line[]) => all.map((line) => line.join(" ")).sort();
      assert.deepEqual(sorted(lines), sorted(expected));
    });

    it("do not say that a client left before its response, when it left after", async () => {
      const lines = await linesOf(driver, async ({ proxy, upstream }) => {
        upstream("web").answer = () => {};
        const peer = await proxy.client();
        peer.send("POST /said HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
        await peer.response();
        peer.destroy();
        await proxy.counts("downstream_connections_active", 0);
        const other = await proxy.client();
        other.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
        await until(() => upstream("web").peers.some(({ text }) => text === "half"), "it has arrived");
        for (const one of upstream("web").peers) one.send(respond("early", "", "413 No"));
        assert.equal(statusOf(await other.response()), 413);
        other.destroy();
        await proxy.counts("downstream_connections_active", 0);
        assert.equal(proxy.count("http_reason_dc_total"), 0);
      });
      assert.deepEqual(lines, [
        ["/said", 201, "DR"],
        ["/early", 413, "-"],
      ]);
    });

    it("Max-Forwards counts down, and ends at 0", async () => {
      await linesOf(driver, async ({ proxy, seen }) => {
        const options = (value: string) =>
          proxy.exchange(`OPTIONS /options HTTP/1.1\r\nHost: a\r\nMax-Forwards: ${value}\r\nX-A: 1\r\n\r\n`);
        for (const [value, forwarded] of [
          ["1", "0"],
          ["10", "9"],
          ["007", "6"],
          ["many", "many"],
          ["9999999999", "9999999999"],
        ] as const) {
          assert.equal((await options(value)).body, "good");
          assert.equal(fieldOf(seen("web"), "max-forwards"), forwarded);
          assert.equal(fieldOf(seen("web"), "x-a"), "1");
        }
        const last = await options("0");
        assert.equal(statusOf(last), 200);
        assert.match(last.body, /Max-Forwards/);
        assert.match(fieldOf(last, "allow") ?? "", /OPTIONS/);
        // It is about OPTIONS and TRACE only.
        await proxy.exchange(get("/good", "Max-Forwards: 0\r\n"));
        assert.equal(fieldOf(seen("web"), "max-forwards"), "0");
      });
    });
  });
}

for (const driver of DRIVERS) {
  describe(`an answer of the proxy's own on the ${driver} driver`, () => {
    it("names the id that the endpoint was given", () =>
      withRoutes(
        driver,
        ["web"],
        (endpoint) => ({
          listeners: [{ cluster: "web" }],
          clusters: [{ name: "web", endpoints: [endpoint("web")] }],
        }),
        async (scene) => {
          const ids: string[] = [];
          scene.upstream("web").answer = (request, peer) => {
            ids.push(fieldOf(request, "x-request-id") ?? "");
            peer.end();
          };
          const peer = await scene.proxy.client();
          for (let index = 0; index < 3; index++) {
            peer.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            const response = await peer.response();
            assert.equal(statusOf(response), 502);
            assert.match(ids[index] ?? "", /^[0-9a-f]{32}$/);
            assert.equal(fieldOf(response, "x-request-id"), ids[index]);
            assert.ok(response.body.includes(`(request ${ids[index]})`), response.body);
          }
          assert.equal(new Set(ids).size, 3);
          peer.destroy();
        },
      ));
  });
}
