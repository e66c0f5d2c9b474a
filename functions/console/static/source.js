// One source: how it is reached, how old its data are, and what it would send now.
import { html, useState } from "./ui.js";
import { get, post } from "./api.js";
import { seconds, visible } from "./format.js";
import { go, href } from "./router.js";
import { Failure, TableBox, Time, useLoaded } from "./parts.js";

export function Source({ id }) {
  const found = useLoaded((signal) => get(["data-sources", id], { signal }), [id]);
  const [records, setRecords] = useState(null);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState("");
  if (found.error && !found.data) return html`<h1>Source</h1><${Failure} error=${found.error} again=${found.reload} />`;
  if (!found.data) return html`<p class="loading" aria-busy="true">Source</p>`;
  const source = found.data;
  const act = (name, request, done) => {
    setError(null);
    setBusy(name);
    request().then(done, setError).finally(() => setBusy(""));
  };
  const test = () => act("test", () => post(["data-sources", id, "test"]), (answer) => setRecords(answer.records));
  const run = () => act("run", () => post(["jobs"], { body: { source_id: id } }), (job) => go(["jobs", job.job_id]));
  return html`
    <div class="row between">
      <div><p class="over"><a href="#/sources">Sources</a></p><h1>${source.name}</h1>
        <p class="muted">into <a href=${href(["datasets", source.dataset])}>${source.dataset}</a></p></div>
      <div class="row tight">
        <button type="button" disabled=${busy} onClick=${test}>${busy === "test" ? "Testing …" : "Test"}</button>
        <button type="button" class="primary" disabled=${busy} onClick=${run}>Run now</button></div>
    </div>
    ${error && html`<${Failure} error=${error} />`}
    ${records && html`<${Records} records=${records} />`}
    <dl class="facts">${facts(source).map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

const isPlain = (value) => typeof value !== "object";
const text = (value) => {
  if (Array.isArray(value) && value.every(isPlain)) return value.join(", ");
  return isPlain(value) ? String(value) : JSON.stringify(value);
};
const fields = (values) => Object.entries(values).map(([name, value]) => html`<div><span class="muted">${name}</span> <code>${visible(text(value))}</code></div>`);
const receivers = (notify) => Object.entries(notify).map(([name, events]) => html`<div>${name}: ${events.join(", ")}</div>`);

const facts = (source) => [
  ["Kind", source.kind],
  ["Connection", fields(source.connection)],
  ["Schedule", source.schedule ?? "none"],
  ["Last loaded", html`<${Time} value=${source.freshness.last_success_at} />${source.freshness.last_success_at && " UTC"}`],
  ["Behind by", source.freshness.is_late ? html`<strong class="bad">${seconds(source.freshness.lag_seconds)}, late</strong>` : seconds(source.freshness.lag_seconds)],
  source.late_after_seconds && ["Late after", seconds(source.late_after_seconds)],
  source.last_job_id && ["Last job", html`<a href=${href(["jobs", source.last_job_id])}>Waybill</a>`],
  source.cursor && ["Next run begins at", html`<code>${visible(source.cursor)}</code>`],
  ["Retries", fields(source.retry)],
  source.transformation && ["Transformation", fields(source.transformation)],
  ["Notifies", source.notify && Object.keys(source.notify).length ? receivers(source.notify) : "nobody"],
  source.declared_in && ["Declared in", html`<code>${source.declared_in}</code>`],
].filter(Boolean);

function Records({ records }) {
  const columns = [...new Set(records.flatMap((one) => Object.keys(one)))];
  if (!records.length) return html`<p class="notice" role="status">The source can be read, and has nothing now.</p>`;
  return html`<section><h2>What it has now</h2>
    <${TableBox} label="First records"><table><thead><tr>${columns.map((one) => html`<th scope="col">${visible(one)}</th>`)}</tr></thead>
    <tbody>${records.map((one) => html`<tr>${columns.map((name) => html`<td>${one[name] == null ? "–" : visible(text(one[name]))}</td>`)}</tr>`)}</tbody></table><//></section>`;
}
