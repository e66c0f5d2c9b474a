// Health, dead letters and their redrive, and costly queries; for administrators.
import { html, useState } from "../ui.js";
import { get, post, send } from "../api.js";
import { bytes, count, decimal, plural, visible } from "../format.js";
import { Failure, TableBox, useLoaded } from "../parts.js";

export default function Operations() {
  return html`<h1>Operations</h1><${Health} /><${DeadLetters} /><${Objects} /><${Queries} />`;
}

function Health() {
  const health = useLoaded((signal) => get(["health", "deep"], { signal }), []);
  const document = health.data ?? (health.error?.document?.checks ? health.error.document : null);
  return html`<section><h2>Health</h2>
    ${health.error && !document && html`<${Failure} error=${health.error} again=${health.reload} />`}
    ${health.isLoading && !document && html`<p class="muted" aria-busy="true">Checking …</p>`}
    ${document && html`<dl class="figures">${Object.entries(document.checks).map(([name, check]) => html`
      <div class=${`figure ${check.status === "ok" ? "" : "bad"}`}><dt>${name.replaceAll("_", " ")}</dt><dd>${check.status}${check.latency_ms != null && html` <small class="muted">${decimal(check.latency_ms)} ms</small>`}</dd></div>`)}</dl>`}</section>`;
}

// The depths of the queues, of the metrics that Prometheus reads too.
async function deadLetters(signal) {
  const text = await (await send("GET", ["metrics"], { accept: "text/plain", signal })).text();
  const found = [...text.matchAll(/^waybill_queue_messages\{[^}]*queue="([a-z-]+)-dlq"[^}]*\} ([\d.e+]+)$/gm)];
  return found.map(([, queue, value]) => ({ queue, messages: Number(value) }));
}

function DeadLetters() {
  const letters = useLoaded(deadLetters, []);
  const [said, setSaid] = useState("");
  const [error, setError] = useState(null);
  const redrive = async () => {
    try {
      const { queues } = await post(["admin", "redrive"], { body: {} });
      setSaid(Object.entries(queues).map(([name, one]) => `${name}: ${count(one.sent)} sent, ${count(one.left)} left`).join("; "));
      letters.reload();
    } catch (failure) {
      setError(failure);
    }
  };
  return html`<section><h2>Dead letters</h2>
    <p class="muted">Messages that failed too often. A redrive sends them again; do it when the cause is mended.</p>
    ${(error || letters.error) && html`<${Failure} error=${error || letters.error} />`}
    ${letters.data?.length > 0 && html`<dl class="figures">${letters.data.map((one) => html`<div class=${`figure ${one.messages ? "bad" : "zero"}`}><dt>${one.queue}</dt><dd>${count(one.messages)}</dd></div>`)}</dl>`}
    <p class="row"><button type="button" onClick=${redrive}>Redrive</button> <span role="status">${said}</span></p></section>`;
}

function Objects() {
  const [prefix, setPrefix] = useState("landing/");
  const [said, setSaid] = useState("");
  const [error, setError] = useState(null);
  const redrive = async (event) => {
    event.preventDefault();
    setError(null);
    let [sent, cursor] = [0, undefined];
    try {
      do {
        const page = await post(["admin", "redrive", "objects"], { body: { prefix, ...(cursor ? { cursor } : {}) } });
        sent += page.sent;
        cursor = page.next_cursor;
        setSaid(`${plural(sent, "object")} sent.`);
      } while (cursor);
    } catch (failure) {
      setError(failure);
    }
  };
  return html`<section><h2>Process objects again</h2>
    <p class="muted">After a restore of the database. An object that has a job is not loaded twice.</p>
    ${error && html`<${Failure} error=${error} />`}
    <form class="row" onSubmit=${redrive}><label class="field inline"><span>Prefix</span><input required pattern="landing/.*" value=${prefix} onInput=${(event) => setPrefix(event.target.value)} /></label><button>Redrive objects</button> <span role="status">${said}</span></form></section>`;
}

function Queries() {
  const report = useLoaded((signal) => get(["admin", "queries"], { signal }), []);
  const { items = [], unused_indexes: unused = [] } = report.data ?? {};
  return html`<section><h2>Costly queries</h2>
    ${report.error && html`<${Failure} error=${report.error} again=${report.reload} />`}
    ${report.data && items.length === 0 && html`<p class="muted">None recorded.</p>`}
    ${items.length > 0 && html`<${TableBox} label="Costly queries"><table>
      <thead><tr><th scope="col" class="number">Total ms</th><th scope="col" class="number">Calls</th><th scope="col" class="number">Mean ms</th><th scope="col" class="number">Rows</th><th scope="col">Role</th><th scope="col">Query</th></tr></thead>
      <tbody>${items.slice(0, 20).map((one) => html`<tr><td class="number">${decimal(one.total_ms)}</td><td class="number">${count(one.calls)}</td><td class="number">${decimal(one.mean_ms)}</td><td class="number">${count(one.rows)}</td><td>${one.role}</td><td class="query"><code>${visible(one.query.slice(0, 200))}</code></td></tr>`)}</tbody></table><//>`}
    ${unused.length > 0 && html`<h2>Indexes that nobody uses</h2><${TableBox} label="Unused indexes"><table><thead><tr><th scope="col">Index</th><th scope="col">Table</th><th scope="col" class="number">Size</th></tr></thead>
      <tbody>${unused.map((one) => html`<tr><td><code>${one.index}</code></td><td>${one.table}</td><td class="number">${bytes(one.size_bytes)}</td></tr>`)}</tbody></table><//>`}</section>`;
}
