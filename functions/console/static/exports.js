// Exports of a dataset: begun here, and remembered in this browser until they expire.
import { html, useState } from "./ui.js";
import { get, post } from "./api.js";
import { ago, bytes, count } from "./format.js";
import { go, href } from "./router.js";
import { account } from "./session.js";
import { Failure, TableBox, useInterval, useLoaded } from "./parts.js";

const FORMATS = [["csv", "CSV"], ["jsonl", "JSON Lines"], ["parquet", "Parquet"], ["arrow", "Arrow"]];
const MOST = 5;
const STATES = { PENDING: ["busy", "Waiting"], RUNNING: ["busy", "Writing"], COMPLETED: ["good", "Completed"], FAILED: ["bad", "Failed"] };

export const formatName = (format) => FORMATS.find(([one]) => one === format)?.[1] ?? format;
export const isRunning = (one) => one.state === "PENDING" || one.state === "RUNNING";

export function ExportState({ state }) {
  const [tone, word] = STATES[state] ?? ["busy", state];
  return html`<span class=${`state ${tone}`}>${word}</span>`;
}

const key = (dataset) => `waybill.exports:${JSON.stringify([account.value.name, dataset])}`;
const remembered = (dataset) => JSON.parse(localStorage.getItem(key(dataset)) ?? "[]");
const remember = (dataset, ids) => localStorage.setItem(key(dataset), JSON.stringify(ids.slice(0, MOST)));

// A form that begins an export and shows it.
export function ExportForm({ dataset }) {
  const [format, setFormat] = useState("csv");
  const [formulas, setFormulas] = useState("escape");
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const begin = (event) => {
    event.preventDefault();
    setError(null);
    setBusy(true);
    post(["datasets", dataset, "exports"], { body: { format, formulas } }).then(({ export_id: id }) => {
      remember(dataset, [id, ...remembered(dataset)]);
      go(["datasets", dataset, "exports", id]);
    }, (failure) => { setError(failure); setBusy(false); });
  };
  return html`
    <form class="row" onSubmit=${begin}>
      <label class="field inline"><span>Format</span><select value=${format} onChange=${(event) => setFormat(event.target.value)}>${FORMATS.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>
      ${format === "csv" && html`<label class="check"><input type="checkbox" checked=${formulas === "keep"} onChange=${(event) => setFormulas(event.target.checked ? "keep" : "escape")} /> Leave formulas as they are</label>`}
      <button disabled=${isBusy}>Export ${dataset}</button>
    </form>
    ${error && html`<${Failure} error=${error} />`}`;
}

// Those that are still there; an export is kept for a day.
async function known(dataset, signal) {
  const ids = remembered(dataset);
  const found = await Promise.all(ids.map((id) => get(["datasets", dataset, "exports", id], { signal }).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  })));
  remember(dataset, ids.filter((_, at) => found[at]));
  return found.filter(Boolean);
}

export function Exports({ dataset }) {
  const list = useLoaded((signal) => known(dataset, signal), [dataset]);
  const items = list.data ?? [];
  useInterval(list.reload, 1500, items.some(isRunning));
  return html`
    <section><h2>Export</h2>
      <p class="muted">All rows as they are at one moment, in files to download for a day.</p>
      <${ExportForm} dataset=${dataset} />
      ${list.error && html`<${Failure} error=${list.error} again=${list.reload} />`}
      ${items.length > 0 && html`<${TableBox} label="Exports"><table>
        <thead><tr><th scope="col">Begun</th><th scope="col">Format</th><th scope="col">State</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Size</th></tr></thead>
        <tbody>${items.map((one) => html`<tr key=${one.export_id}>
          <td><a href=${href(["datasets", dataset, "exports", one.export_id])}>${ago(one.created_at)}</a></td><td>${formatName(one.format)}</td><td><${ExportState} state=${one.state} /></td>
          <td class="number">${count(one.rows)}</td><td class="number">${bytes(one.bytes)}</td></tr>`)}</tbody></table><//>`}</section>`;
}
