// The columns of a load, and what changed against the load before it.
import { html, useEffect, useState } from "./ui.js";
import { get } from "./api.js";
import { count, decimal, visible } from "./format.js";
import { href } from "./router.js";
import { CLASSES, Failure, TableBox, Time, useLoaded } from "./parts.js";

const share = (one) => (one.nulls ? `(${decimal((100 * one.nulls) / one.records)} %)` : "");
const FIGURES = [
  ["Nulls", (one) => count(one.nulls), (one) => share(one)],
  ["Distinct", (one) => `${one.distinct_is_exact ? "" : "≈ "}${count(one.distinct)}`, () => ""],
  ["Min", (one) => (one.min === null ? "–" : visible(one.min)), () => ""],
  ["Max", (one) => (one.max === null ? "–" : visible(one.max)), () => ""],
];

export function Comparison({ job }) {
  const found = useLoaded((signal) => get(["jobs", job.job_id, "columns"], { signal }), [job.job_id]);
  if (found.error) return html`<${Failure} error=${found.error} again=${found.reload} />`;
  if (!found.data) return null;
  const { items, compared_with: before } = found.data;
  return html`
    ${items.some((item) => item.current) && html`<${Columns} items=${items} before=${before} />`}
    ${before && html`<${Counts} job=${job} id=${before} key=${before} />`}`;
}

function Columns({ items, before }) {
  const isEstimated = items.some((item) => item.current && !item.current.distinct_is_exact);
  return html`
    <section><h2>Columns</h2>
      <p class="muted">Of the records whose fields are all valid${before && html`, and as they were in <a href=${href(["jobs", before])}>the load before</a> where they differ`}.${isEstimated && " ≈ is an estimate."}</p>
      <${TableBox} label="Columns"><table><thead><tr><th scope="col">Column</th>${FIGURES.map(([name]) => html`<th scope="col" class="number" key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${items.map((item) => html`
        <tr key=${item.column}><th scope="row"><code>${visible(item.column)}</code>${item.personal && html` <span class="muted">personal</span>`}</th>
        ${item.current
          ? FIGURES.map(([name, show, more]) => html`<${Cell} key=${name} now=${item.current} before=${item.previous} show=${show} more=${more} />`)
          : html`<td colspan=${FIGURES.length} class="muted">not in this file</td>`}</tr>`)}</tbody></table><//></section>`;
}

function Cell({ now, before, show, more }) {
  const shown = show(now);
  const was = before && show(before);
  return html`<td class="number value">${shown} ${more(now) && html`<span class="muted">${more(now)}</span>`}
    ${before && was !== shown && html`<span class="was">was ${was} ${more(before)}</span>`}</td>`;
}

function Counts({ job, id }) {
  const [before, setBefore] = useState(null);
  useEffect(() => { get(["jobs", id]).then(setBefore, () => setBefore(null)); }, [id]);
  if (!before?.waybill) return null;
  const rows = [["read", "Read"], ...CLASSES, ["seconds", "Seconds"]].filter(([name]) => (job.waybill[name] ?? 0) || (before.waybill[name] ?? 0));
  return html`
    <section class="no-print"><h2>Against the load before</h2>
      <p class="muted"><a href=${href(["jobs", id])}>${visible(before.source.filename ?? id)}</a>, <${Time} value=${before.created_at} /></p>
      <${TableBox} label="Against the load before"><table class="narrow"><thead><tr><th scope="col"></th><th scope="col" class="number">Before</th><th scope="col" class="number">Now</th><th scope="col" class="number">Change</th></tr></thead>
      <tbody>${rows.map(([name, label]) => {
        const [then, now] = [before.waybill[name] ?? 0, job.waybill[name] ?? 0];
        return html`<tr key=${name}><th scope="row">${label}</th><td class="number">${decimal(then)}</td><td class="number">${decimal(now)}</td><td class="number">${now - then > 0 ? "+" : ""}${decimal(now - then)}</td></tr>`;
      })}</tbody></table><//></section>`;
}
