// The figures of a year as charts and tables.
import { html, useEffect, useRef, useState } from "../ui.js";
import { allFiles, allPages, get } from "../api.js";
import { count, decimal, download } from "../format.js";
import { refine, route } from "../router.js";
import { theme } from "../theme.js";
import { ExportForm } from "../exports.js";
import { Failure, Figure, TableBox, Time, useLoaded } from "../parts.js";

const QUARTERS = ["q1", "q2", "q3", "q4"];
const HIRES = ["analytics", "hired", "by-quarter"];
const ABOVE = ["analytics", "departments", "above-average"];

export default function Analytics() {
  const { query } = route.value;
  const year = Number(query.get("year")) || 2021;
  const over = query.get("mean_over") ?? "hiring";
  const change = (name) => (event) => refine({ year, mean_over: over, [name]: event.target.value });
  return html`
    <div class="row between"><h1>Analytics</h1>
      <div class="row">
        <label class="field inline"><span>Year</span><input type="number" min="1" max="9999" value=${year} onChange=${change("year")} /></label>
        <label class="field inline"><span>Mean over</span><select value=${over} onChange=${change("mean_over")}><option value="hiring">departments that hired</option><option value="all">all departments</option></select></label>
      </div></div>
    <${Hires} year=${year} />
    <${Departments} year=${year} over=${over} />
    <section><h2>All hires</h2><p class="muted">The rows that the figures are made of, of every year.</p><${ExportForm} dataset="hired_employees" /></section>`;
}

const FORMATS = [["csv", "CSV"], ["json", "JSON"], ["jsonl", "JSON Lines"], ["parquet", "Parquet"], ["arrow", "Arrow"]];

async function save(format, path, query, name) {
  if (format === "json") {
    const { next_cursor: _, ...figures } = await allPages(path, query);
    return download(`${name}.json`, JSON.stringify(figures, null, 2), "application/json");
  }
  const files = await allFiles(path, { ...query, format }, format);
  return files.forEach((file, at) => download(`${name}${files.length > 1 ? `-${at + 1}` : ""}.${format}`, file));
}

function Heading({ title, data, path, query, name }) {
  const [format, setFormat] = useState("csv");
  const [error, setError] = useState(null);
  const take = () => { setError(null); save(format, path, query, name).catch(setError); };
  return html`
    <div class="row between head"><h2>${title}</h2>
      <div class="row tight"><span class="muted">${data.as_of && html`as of <${Time} value=${data.as_of} /> UTC`}${data.unassigned > 0 && `, ${count(data.unassigned)} unassigned`}</span>
        <select aria-label=${`Format of ${title}`} value=${format} onChange=${(event) => setFormat(event.target.value)}>${FORMATS.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select>
        <button type="button" aria-label=${`Download ${title}`} onClick=${take}>Download</button></div></div>
    ${error && html`<${Failure} error=${error} />`}`;
}

function Hires({ year }) {
  const loaded = useLoaded((signal) => allPages(HIRES, { year }, signal), [year]);
  if (loaded.error) return html`<${Failure} error=${loaded.error} again=${loaded.reload} />`;
  if (!loaded.data) return html`<p class="muted" aria-busy="true">Hires …</p>`;
  const { items } = loaded.data;
  const totals = QUARTERS.map((one) => items.reduce((sum, item) => sum + item[one], 0));
  return html`
    <section>
      <${Heading} title=${`Hires of ${year} by quarter`} data=${loaded.data} path=${HIRES} query=${{ year }} name=${`hires-by-quarter-${year}`} />
      ${items.length === 0 ? html`<p class="empty">No hires in ${year}.</p>` : html`
        <dl class="figures">${totals.map((sum, at) => html`<${Figure} label=${`Q${at + 1}`} value=${sum} />`)}<${Figure} label="Year" value=${totals.reduce((a, b) => a + b)} tone="total" /></dl>
        <${Lines} items=${items} />
        <${TableBox} label=${`Hires of ${year} by quarter`} isLong><table>
          <thead><tr><th scope="col">Department</th><th scope="col">Job</th>${QUARTERS.map((one) => html`<th scope="col" class="number">${one.toUpperCase()}</th>`)}</tr></thead>
          <tbody>${items.map((item) => html`<tr><td>${item.department}</td><td>${item.job}</td>${QUARTERS.map((one) => html`<td class="number">${item[one] || html`<span class="muted">0</span>`}</td>`)}</tr>`)}</tbody></table><//>`}
    </section>`;
}

// Hires of each department by quarter; the table below has the same figures.
function Lines({ items }) {
  const box = useRef(null);
  useEffect(() => {
    const byDepartment = new Map();
    for (const item of items) {
      const sums = byDepartment.get(item.department) ?? [0, 0, 0, 0];
      byDepartment.set(item.department, sums.map((sum, at) => sum + item[QUARTERS[at]]));
    }
    const names = [...byDepartment].sort((a, b) => b[1].reduce((x, y) => x + y) - a[1].reduce((x, y) => x + y)).slice(0, 8);
    let chart = null, isGone = false;
    import("../vendor/uplot.js").then(({ default: Plot }) => {
      if (isGone) return;
      const ink = getComputedStyle(box.current).color;
      const axis = { stroke: ink, grid: { stroke: `color-mix(in srgb, ${ink} 12%, transparent)`, width: 1 }, ticks: { stroke: `color-mix(in srgb, ${ink} 40%, transparent)`, width: 1 } };
      chart = new Plot({
        width: box.current.clientWidth - 24, height: 260, cursor: { y: false }, legend: { live: false },
        scales: { x: { time: false, range: [0.8, 4.2] } },
        axes: [{ ...axis, splits: () => [1, 2, 3, 4], values: (_, splits) => splits.map((one) => `Q${one}`) }, axis],
        series: [{ label: "Quarter", value: (_, at) => (at ? `Q${at}` : "") }, ...names.map(([name], at) => ({ label: name, width: 2, stroke: `hsl(${(172 + at * 47) % 360} 45% 48%)`, points: { size: 6 } }))],
      }, [[1, 2, 3, 4], ...names.map(([, sums]) => sums)], box.current);
    });
    return () => { isGone = true; chart?.destroy(); };
  }, [items, theme.value]);
  return html`<div class="chart" ref=${box} role="img" aria-label="Hires by quarter of the departments that hired most; the figures are in the table"></div>`;
}

function Departments({ year, over }) {
  const query = { year, mean_over: over };
  const loaded = useLoaded((signal) => get(ABOVE, { query, signal }), [year, over]);
  if (loaded.error) return html`<${Failure} error=${loaded.error} again=${loaded.reload} />`;
  if (!loaded.data) return html`<p class="muted" aria-busy="true">Departments …</p>`;
  const { items, mean } = loaded.data;
  const most = Math.max(1, ...items.map((one) => one.hired));
  return html`
    <section>
      <${Heading} title=${`Departments above the mean of ${year}`} data=${loaded.data} path=${ABOVE} query=${query} name=${`departments-above-average-${year}`} />
      <p class="muted">${mean === null ? "No hires." : `The mean is ${decimal(mean)} hires a department.`}</p>
      ${items.length > 0 && html`<div class="bars">${items.map((one) => html`
        <span>${one.department}</span><span class="track"><span class="value" style=${{ width: `${(100 * one.hired) / most}%` }}></span><span class="mean" style=${{ left: `${(100 * mean) / most}%` }}></span></span><span class="number">${count(one.hired)}</span>`)}</div>`}
    </section>`;
}
