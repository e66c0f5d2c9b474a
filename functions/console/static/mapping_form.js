// Which column of the table is which of the file.
import { html, useState } from "./ui.js";
import { visible } from "./format.js";
import { datasets, mapColumns, proposedColumns } from "./outgoing.js";

// The value of a column that stays as it is named.
const AS_NAMED = "\u0000";

export function Mapping({ transfer, close }) {
  const dataset = datasets.value.find((one) => one.name === transfer.dataset.value);
  const { header } = transfer.head;
  const isStrict = dataset.drift === "refuse";
  const [columns, setColumns] = useState(() => (transfer.mapping.value ?? proposedColumns(transfer))
    .map((one, at) => (one in dataset.schema.properties ? one : isStrict || !header[at] ? "" : AS_NAMED)));
  const names = Object.keys(dataset.schema.properties);
  const missing = (dataset.schema.required ?? []).filter((one) => !columns.includes(one));
  const chosen = columns.filter((one) => one !== AS_NAMED);
  const isTwice = chosen.some((one, at) => one && chosen.indexOf(one) !== at);
  const isFull = columns.every(Boolean);
  const use = (event) => {
    event.preventDefault();
    close?.();
    mapColumns(transfer, columns.map((one, at) => (one === AS_NAMED ? header[at] : one)));
  };
  return html`
    <form class="mapping" onSubmit=${use}>
      <p>Which column is which? The file's header is replaced; its records stay as they are.</p>
      <div class="grid">${header.map((name, at) => html`
        <label class="field"><span>${visible(name) || `Field ${at + 1}`}</span>
          <select value=${columns[at]} onChange=${(event) => setColumns(columns.with(at, event.target.value))}>
            <option value="">Choose …</option>${names.map((one) => html`<option value=${one}>${one}</option>`)}
            ${!isStrict && name && html`<option value=${AS_NAMED}>${dataset.drift === "rescue" ? "none: kept beside the row" : "none: left out"}</option>`}
          </select></label>`)}</div>
      ${missing.length > 0 && html`<p class="muted">Required, and not chosen yet: ${missing.join(", ")}.</p>`}
      ${isTwice && html`<p class="bad">A column is chosen twice.</p>`}
      ${!isFull && isStrict && header.length > names.length && html`<p class="muted">This dataset refuses columns that its table lacks: take them out of the file, or declare <code>drift => 'ignore'</code> in the dataset's file.</p>`}
      <div class="row tight"><button class="primary" disabled=${missing.length > 0 || isTwice || !isFull}>Use this mapping</button>
        ${close && html`<button type="button" onClick=${close}>Cancel</button>`}</div>
    </form>`;
}
