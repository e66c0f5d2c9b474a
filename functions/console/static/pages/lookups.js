// What each way to find a row costs, side by side.
import { html, useState } from "../ui.js";
import { get } from "../api.js";
import { count, decimal, visible } from "../format.js";
import { datasets, loadDatasets } from "../outgoing.js";
import { Failure, TableBox, useLoaded } from "../parts.js";

export default function Lookups() {
  const list = useLoaded(() => loadDatasets().then(() => true), []);
  const [wanted, setWanted] = useState({ dataset: "", column: "" });
  const [value, setValue] = useState("");
  const [result, setResult] = useState(null);
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const able = datasets.value.filter((one) => Object.keys(one.lookups).length > 0);
  const chosen = able.find((one) => one.name === wanted.dataset) ?? able[0];
  const columns = [...new Set(Object.values(chosen?.lookups ?? {}).flat())];
  const column = columns.includes(wanted.column) ? wanted.column : columns[0];
  const compare = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      setResult(await get(["datasets", chosen.name, "lookups", "compare"], { query: { [column]: value } }));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  return html`
    <h1>Lookups</h1>
    <p class="muted">Finds a row by every strategy that its dataset declares. The database reports the plan and the time of each.</p>
    ${list.error && html`<${Failure} error=${list.error} again=${list.reload} />`}
    ${list.data && able.length === 0 && html`<p class="empty">No dataset declares lookups.</p>`}
    ${able.length > 0 && html`<form class="row ends" onSubmit=${compare}>
      <label class="field"><span>Dataset</span><select value=${chosen?.name} onChange=${(event) => setWanted({ dataset: event.target.value, column: "" })}>${able.map((one) => html`<option>${one.name}</option>`)}</select></label>
      <label class="field"><span>Column</span><select value=${column} onChange=${(event) => setWanted({ dataset: chosen.name, column: event.target.value })}>${columns.map((one) => html`<option>${one}</option>`)}</select></label>
      <label class="field grow"><span>Value</span><input required value=${value} spellcheck=${false} onInput=${(event) => setValue(event.target.value)} /></label>
      <button class="primary" disabled=${isBusy}>Compare</button>
    </form>`}
    ${error && html`<${Failure} error=${error} />`}
    ${result && html`<${Comparison} items=${result.items} />`}`;
}

function Comparison({ items }) {
  const most = Math.max(...items.map((one) => one.query_time_ms), 0.01);
  // A scan takes a thousand times what an index does: lengths are logarithmic.
  const length = (milliseconds) => (100 * Math.log10(1 + milliseconds * 100)) / Math.log10(1 + most * 100);
  const row = items.find((one) => one.item)?.item;
  return html`
    <h2>Time of each strategy</h2>
    <div class="bars">${items.map((one) => html`<span>${one.strategy}</span><span class="track"><span class="value" style=${{ width: `${length(one.query_time_ms)}%` }}></span></span><span class="number">${decimal(one.query_time_ms)} ms</span>`)}</div>
    <p class="muted">Lengths are logarithmic.</p>
    <${TableBox} label="Strategies"><table>
      <thead><tr><th scope="col">Strategy</th><th scope="col">Plan</th><th scope="col">Index</th><th scope="col" class="number">Rows scanned</th><th scope="col" class="number">Pages</th><th scope="col" class="number">Planning ms</th><th scope="col" class="number">Execution ms</th><th scope="col" class="number">In all ms</th><th scope="col">Cache</th></tr></thead>
      <tbody>${items.map((one) => html`<tr><th scope="row">${one.strategy}</th><td>${one.plan_node ?? "–"}</td><td>${one.index ?? "–"}</td><td class="number">${count(one.rows_scanned)}</td><td class="number">${count(one.buffers)}</td><td class="number">${decimal(one.planning_ms)}</td><td class="number">${decimal(one.execution_ms)}</td><td class="number">${decimal(one.query_time_ms)}</td><td>${one.cache_status}</td></tr>`)}</tbody></table><//>
    <h2>The row</h2>
    ${row ? html`<dl class="facts">${Object.entries(row).map(([name, value]) => html`<div><dt>${name}</dt><dd>${visible(value ?? "–")}</dd></div>`)}</dl>` : html`<p class="empty">No row has this value.</p>`}`;
}
