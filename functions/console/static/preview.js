// The first records of a file before and after the rules of its dataset, as the service reads them.
import { html } from "./ui.js";
import { drifted, plural, visible } from "./format.js";
import { TableBox } from "./parts.js";

export function Preview({ preview, name }) {
  const { columns: inFile, records, warnings, drift, note, not_shown: notShown } = preview;
  // Looked-up values are no columns of the file.
  const columns = [...new Set([...inFile, ...records.flatMap((one) => Object.keys(one.after ?? {}))])];
  const bad = records.filter((one) => one.outcome === "rejected");
  const filtered = records.filter((one) => one.outcome === "filtered").length;
  const pending = records.filter((one) => one.outcome === "pending").length;
  return html`
    ${note && html`<p class="muted">${note}</p>`}
    ${warnings.map((one) => html`<p class="notice">${one}</p>`)}
    ${drifted(drift ?? []).map((one) => html`<p class="notice">${one}</p>`)}
    ${records.length > 0 && html`<details open=${bad.length > 0}>
      <summary>${bad.length ? html`<strong class="bad">${bad.length} of ${plural(records.length, "record")} checked would be rejected</strong>` : html`<span class="good">${plural(records.length, "record")} checked: ${records.length === 1 ? "it" : "all"} can be loaded</span>`}${filtered > 0 && `, ${filtered} left out by a rule`}${pending > 0 && `, ${pending} would wait for a parent`}</summary>
      <${TableBox} label=${`First records of ${name}`}>
        <table><thead><tr><th scope="col">Line</th>${columns.map((one) => html`<th scope="col">${one}</th>`)}<th scope="col">Outcome</th></tr></thead>
        <tbody>${records.map((one) => html`<${Record} record=${one} columns=${columns} />`)}</tbody></table>
      <//>
      ${notShown?.length > 0 && html`<p class="muted">Applied when it is loaded only: ${notShown.join(", ")}.</p>`}
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
    <td>${record.outcome === "loaded" ? "loads" : record.outcome === "filtered" ? "left out" : record.outcome === "pending" ? html`<span class="muted">waits: ${why}</span>` : html`<span class="bad">${why}</span>`}</td>
  </tr>`;
}
