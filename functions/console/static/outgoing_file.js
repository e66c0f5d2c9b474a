// One chosen file: its dataset, its first records, its transfer and its job.
import { html, useState } from "./ui.js";
import { bytes, count, plural, seconds, visible } from "./format.js";
import { href } from "./router.js";
import { watched } from "./jobs.js";
import { passedOn } from "./passed_on.js";
import { chooseDataset, datasets, remove, unmapColumns } from "./outgoing.js";
import { Mapping } from "./mapping_form.js";
import { Options } from "./outgoing_options.js";
import { Preview } from "./preview.js";
import { CLASSES, Failure, isFinal, Progress, State } from "./parts.js";

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
    ${job.state === "DUPLICATE" && html`<p class="muted">The same file is loaded already; nothing was to be done.</p>`}
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

// A header that does not fit is mapped; what else is wrong with a file no mapping mends.
const MAPPABLE = ["unknown-columns", "missing-columns", "duplicate-columns", "missing-header"];

function Check({ transfer }) {
  const [isMapping, setMapping] = useState(false);
  const { head } = transfer;
  if (!transfer.file.size) return html`<p class="muted">It is empty.</p>`;
  if (!transfer.dataset.value) {
    return transfer.isRead.value && html`<p class="muted">${head.header.length ? "No dataset has these columns. Choose one" : "Choose the dataset that it is for"}${!head.isArchive && html`, or <a href="#/define" onClick=${() => { passedOn.value = transfer.file; }}>define one from this file</a>`}.</p>`;
  }
  const [preview, error] = [transfer.preview.value, transfer.previewError.value];
  const canMap = head?.isText && (head.header.length > 1 || error);
  const isOpen = canMap && (isMapping || MAPPABLE.includes(error?.kind));
  return html`
    ${!preview && !error && html`<p class="muted" aria-busy="true">Checking the first records …</p>`}
    ${error && html`<${Failure} error=${error} />`}
    ${preview && html`<${Preview} preview=${preview} name=${transfer.file.name} />`}
    ${isOpen && html`<${Mapping} key=${`${transfer.dataset.value} ${head.header}`} transfer=${transfer} close=${isMapping ? () => setMapping(false) : null} />`}
    ${canMap && !isOpen && html`<p class="row tight">
      ${transfer.mapping.value && html`<span class="muted">The header is replaced as you mapped it.</span> <button type="button" class="link" onClick=${() => unmapColumns(transfer)}>Undo</button>`}
      <button type="button" class="link" onClick=${() => setMapping(true)}>Map columns</button></p>`}
    ${head && html`<${Options} key=${transfer.id} transfer=${transfer} />`}`;
}
