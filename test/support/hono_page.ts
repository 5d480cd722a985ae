/**
 * A page that does in a browser what pages do with a server, and reports how that went.
 *
 * @module
 */

/** The page, with a script and a style of its own. */
export const PAGE = `<!doctype html>
<title>A page</title>
<link rel="stylesheet" href="/page.css">
<p id="styled">Styled</p>
<script type="module" src="/page.js"></script>
`;

/** Its style. */
export const PAGE_STYLE = "#styled { color: rgb(1, 2, 3) }\n";

/** Its script: the report is JSON, posted to `/report`. */
export const PAGE_SCRIPT = `
const report = {};
const go = () => fetch("/go");

async function useFetch() {
  const answer = await fetch("/old");
  const upload = new FormData();
  upload.append("note", "from a browser");
  upload.append("file", new File([new Uint8Array(300000).fill(7)], "sevens"));
  const uploaded = await (await fetch("/upload", { method: "POST", body: upload })).json();
  const large = await (await fetch("/large")).arrayBuffer();
  const compressed = await (await fetch("/compressed")).text();
  report.fetch = [await answer.text(), uploaded.note, uploaded.size, large.byteLength, compressed.length];
}

function useEventSource() {
  return new Promise((resolve, reject) => {
    const steps = [];
    const source = new EventSource("/events");
    source.onerror = () => reject(new Error("the event source failed after " + steps.length));
    source.addEventListener("step", (event) => {
      steps.push(event.data);
      if (steps.length < 4) return void go();
      source.close();
      report.events = steps;
      resolve();
    });
  });
}

function useWebSocket() {
  return new Promise((resolve, reject) => {
    const messages = [];
    const socket = new WebSocket("ws://" + location.host + "/ws");
    socket.onerror = () => reject(new Error("the WebSocket failed"));
    socket.onmessage = ({ data }) => {
      messages.push(data);
      if (messages.length === 1) socket.send("hello");
      else socket.close(4000, "enough");
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      report.socket = [...messages, code, reason, wasClean];
      resolve();
    };
  });
}

try {
  await useFetch();
  await useEventSource();
  await useWebSocket();
  report.color = getComputedStyle(document.querySelector("#styled")).color;
  report.protocols = [...new Set(performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol))];
} catch (error) {
  report.error = String(error);
}
await fetch("/report", { method: "POST", body: JSON.stringify(report) });
`;
