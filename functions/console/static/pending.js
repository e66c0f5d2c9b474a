// Valid records of a job that wait for a row that they refer to.
import { html } from "./ui.js";
import { get } from "./api.js";
import { count, visible } from "./format.js";
import { Failure, TableBox, useLoaded } from "./parts.js";

const SHOWN = 50;

export function Pending({ id }) {
  const found = useLoaded((signal) => get(["jobs", id, "pending"], { query: { limit: SHOWN }, signal }), [id]);
  if (found.error) return html`<${Failure} error=${found.error} again=${found.reload} />`;
  const items = found.data?.items ?? [];
  if (!items.length) return null;
  return html`
    <section><h2>Waiting for a row that they refer to</h2>
      <p class="muted">They are loaded by themselves when it arrives.${found.data.next_cursor && ` The first ${count(SHOWN)}.`}</p>
      <${TableBox} label="Pending records" isLong><table><thead><tr><th scope="col" class="number">Line</th><th scope="col">Column</th><th scope="col">Value</th><th scope="col">Reason</th></tr></thead>
      <tbody>${items.map(({ line, values, errors: [why] }) => html`<tr key=${line}>
        <td class="number">${count(line)}</td><td><code>${why.column}</code></td><td>${visible(values[why.column] ?? "–")}</td><td>${visible(why.message)}</td></tr>`)}</tbody></table><//></section>`;
}
