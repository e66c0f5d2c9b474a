// One chosen file: its dataset, its first records, its transfer and its job.
import { html, useState } from "./ui.js";
import { bytes, count, drifted, plural, seconds, visible } from "./format.js";
import { href } from "./router.js";
import { watched } from "./jobs.js";
import { passedOn } from "./passed_on.js";
import { chooseDataset, datasets, mapColumns, proposedColumns, remove, unmapColumns } from "./outgoing.js";
import { CLASSES, Failure, isFinal, Progress, State, TableBox } from "./parts.js";

const SHOWN = CLASSES.filter(([name]) => name !== "rejected");

export function Outgoing({ transfer }) {
  const state = transfer.state.value;
  const isOpen = ["ready", "failed"].includes(state) && !transfer.jobId.value;
  const name = visible(transfer.file.name);
  return html`
    <li class="file">
      <div class="row between">
        <div class="grow"><strong class="name">${name}</strong> <span class="muted">${bytes(transfer.size)}</span></div>
        <label class="field inline"><span>Dataset</span>
          <select aria-label=${`Dataset of ${name}`} disabled=${!isOpen} value=${transfer.dataset.value} onChange=${(event) => chooseDataset(transfer, event.target.value)}>
            <option value="">Choose …</option>
            ${datasets.value.map((one) => html`<option value=${one.name}>${one.name}</option>`)}
          </select>
        </label>
        <${Controls} transfer=${transfer} name=${name} />
      </div>
      ${isOpen && html`<${Check} transfer=${transfer} />`}
      <${Sending} transfer=${transfer} name=${name} />
      ${transfer.jobId.value && state === "sent" && html`<${Job} id=${transfer.jobId.value} name=${name} />`}
    </li>`;
}

function Controls({ transfer, name }) {
  const state = transfer.state.value;
  const button = (text, action, label = text) => html`<button type="button" aria-label=${`${label} ${name}`} onClick=${action}>${text}</button>`;
  if (["sent", "cancelled"].includes(state)) return null;
  return html`<div class="row tight">
    ${state === "ready" && transfer.dataset.value && button("Upload", () => { transfer.state.value = "queued"; })}
    ${state === "sending" && transfer.isPausable && button("Pause", () => transfer.pause())}
    ${state === "paused" && button("Resume", () => transfer.resume())}
    ${state === "failed" && button("Retry", () => transfer.resume())}
    ${["ready", "queued", "paused", "failed", "sending"].includes(state) && button("Remove", () => remove(transfer))}
  </div>`;
}

function Sending({ transfer, name }) {
  const state = transfer.state.value;
  if (state === "queued") return html`<p class="muted">Waits for the files before it.</p>`;
  if (state === "failed") return html`<p class="failure" role="alert">${transfer.error.value}</p>`;
  if (!["sending", "paused"].includes(state)) return null;
  const left = (transfer.size - transfer.sent.value) / transfer.rate.value;
  return html`
    <${Progress} label=${`Upload of ${name}`} value=${transfer.sent.value} max=${transfer.size} />
    <p class="muted numbers">${bytes(transfer.sent.value)} of ${bytes(transfer.size)}
      ${state === "paused" ? " · paused" : transfer.rate.value > 0 && ` · ${bytes(transfer.rate.value)}/s · ${seconds(left)} left`}</p>`;
}

function Job({ id, name }) {
  const job = watched.value.get(id);
  if (!job) return html`<p class="muted">Sent. Waiting for the job.</p>`;
  const { progress, waybill } = job;
  return html`
    <div class="row between" aria-live="polite">
      <p class="numbers"><${State} state=${job.state} />${" "}
        ${waybill ? html`${count(waybill.read)} read${SHOWN.filter(([name]) => waybill[name]).map(([name, label]) => `, ${count(waybill[name])} ${label.toLowerCase()}`)}, <strong class=${waybill.rejected ? "bad" : ""}>${count(waybill.rejected)} rejected</strong>`
          : job.error ? job.error.detail : plural(progress.records_read, "record")}</p>
      <p class="row tight">
        ${waybill?.rejected > 0 && html`<a class="button" href=${href(["jobs", id, "rejects"])}>Fix rejects</a>`}
        <a class="button" href=${href(["jobs", id])} aria-label=${`Waybill of ${name}`}>Waybill</a>
      </p>
    </div>
    ${!isFinal(job.state) && html`<${Progress} label=${`Load of ${name}`} value=${progress.bytes_read} max=${progress.bytes_total} />`}`;
}

function Check({ transfer }) {
  const [isMapping, setMapping] = useState(false);
  if (!transfer.dataset.value) {
    return transfer.isRead.value && html`<p class="muted">${transfer.head.header.length ? "No dataset has these columns. Choose one" : "Choose the dataset that it is for"}, or <a href="#/define" onClick=${() => { passedOn.value = transfer.file; }}>define one from this file</a>.</p>`;
  }
  const [preview, error] = [transfer.preview.value, transfer.previewError.value];
  const canMap = transfer.head?.isText && transfer.head.header.length > 1;
  return html`
    ${!preview && !error && html`<p class="muted" aria-busy="true">Checking the first records …</p>`}
    ${error && html`<${Failure} error=${error} />`}
    ${preview && html`<${Preview} preview=${preview} name=${transfer.file.name} />`}
    ${canMap && (isMapping || error) ? html`<${Mapping} key=${transfer.dataset.value} transfer=${transfer} close=${() => setMapping(false)} />`
      : canMap && html`<p class="row tight">
          ${transfer.mapping.value && html`<span class="muted">The header is replaced as you mapped it.</span> <button type="button" class="link" onClick=${() => unmapColumns(transfer)}>Undo</button>`}
          <button type="button" class="link" onClick=${() => setMapping(true)}>Map columns</button></p>`}`;
}

function Preview({ preview, name }) {
  const { columns, records, warnings, drift } = preview;
  const bad = records.filter((one) => one.outcome === "rejected");
  const filtered = records.filter((one) => one.outcome === "filtered").length;
  return html`
    ${warnings.map((one) => html`<p class="notice">${one}</p>`)}
    ${(drift ?? []).map((one) => html`<p class="notice">${drifted(one)}</p>`)}
    ${records.length > 0 && html`<details open=${bad.length > 0}>
      <summary>${bad.length ? html`<strong class="bad">${bad.length} of the first ${plural(records.length, "record")} would be rejected</strong>` : html`<span class="good">The first ${plural(records.length, "record")} can be loaded</span>`}${filtered > 0 && `, ${filtered} left out by a rule`}</summary>
      <${TableBox} label=${`First records of ${name}`}>
        <table><thead><tr><th scope="col">Line</th>${columns.map((one) => html`<th scope="col">${one}</th>`)}<th scope="col">Outcome</th></tr></thead>
        <tbody>${records.map((one) => html`<${Record} record=${one} columns=${columns} />`)}</tbody></table>
      <//>
    </details>`}`;
}

function Record({ record, columns }) {
  const faults = new Map(record.errors.map((one) => [one.column, one.message]));
  const why = record.errors.map((one) => one.message).join("; ");
  return html`<tr>
    <td class="number">${record.line}</td>
    ${record.before
      ? columns.map((one) => html`<td class=${faults.has(one) ? "fault" : ""} title=${faults.get(one)}>${visible(record.after?.[one] ?? record.before[one])}</td>`)
      : html`<td colspan=${columns.length}><code>${visible(record.raw)}</code></td>`}
    <td>${record.outcome === "loaded" ? "loads" : record.outcome === "filtered" ? "left out" : html`<span class="bad">${why}</span>`}</td>
  </tr>`;
}

function Mapping({ transfer, close }) {
  const dataset = datasets.value.find((one) => one.name === transfer.dataset.value);
  const [columns, setColumns] = useState(transfer.mapping.value ?? proposedColumns(transfer));
  const names = Object.keys(dataset.schema.properties);
  const required = dataset.schema.required ?? [];
  const missing = required.filter((one) => !columns.includes(one));
  const isTwice = columns.some((one, at) => one && columns.indexOf(one) !== at);
  const isFull = columns.every(Boolean);
  return html`
    <form class="mapping" onSubmit=${(event) => { event.preventDefault(); close(); mapColumns(transfer, columns); }}>
      <p>Which column is which? The file's header is replaced; its records stay as they are.</p>
      <div class="grid">${transfer.head.header.map((name, at) => html`
        <label class="field"><span>${visible(name) || `Field ${at + 1}`}</span>
          <select value=${columns[at]} onChange=${(event) => setColumns(columns.with(at, event.target.value))}>
            <option value="">Choose …</option>${names.map((one) => html`<option value=${one}>${one}</option>`)}
          </select></label>`)}</div>
      ${missing.length > 0 && html`<p class="muted">Required, and not chosen yet: ${missing.join(", ")}.</p>`}
      ${isTwice && html`<p class="bad">A column is chosen twice.</p>`}
      <button class="primary" disabled=${missing.length > 0 || isTwice || !isFull}>Use this mapping</button>
      <button type="button" onClick=${close}>Cancel</button>
    </form>`;
}
