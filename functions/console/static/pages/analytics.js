// The figures of a year as charts and tables.
import { html, useEffect, useRef } from "../ui.js";
import { get, send } from "../api.js";
import { count, decimal, download } from "../format.js";
import { refine, route } from "../router.js";
import { theme } from "../theme.js";
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
    <${Departments} year=${year} over=${over} />`;
}

async function saveCsv(path, query, name) {
  const response = await send("GET", path, { query: { ...query, format: "csv" }, accept: "text/csv" });
  download(name, await response.blob());
}

async function allPages(path, query, signal) {
  let page = await get(path, { query, signal });
  const first = page;
  const items = [...page.items];
  while (page.next_cursor) {
    page = await get(path, { query: { ...query, cursor: page.next_cursor }, signal });
    items.push(...page.items);
  }
  return { ...first, items };
}

function Heading({ title, data, save }) {
  return html`<div class="row between"><h2>${title}</h2>
    <p class="row muted">${data.as_of && html`<span>as of <${Time} value=${data.as_of} /> UTC</span>`} ${data.unassigned > 0 && html`<span>${count(data.unassigned)} unassigned</span>`}
      <button type="button" onClick=${save}>CSV</button></p></div>`;
}

function Hires({ year }) {
  const loaded = useLoaded((signal) => allPages(HIRES, { year }, signal), [year]);
  if (loaded.error) return html`<${Failure} error=${loaded.error} again=${loaded.reload} />`;
  if (!loaded.data) return html`<p class="muted" aria-busy="true">Hires …</p>`;
  const { items } = loaded.data;
  const totals = QUARTERS.map((one) => items.reduce((sum, item) => sum + item[one], 0));
  return html`
    <section>
      <${Heading} title=${`Hires of ${year} by quarter`} data=${loaded.data} save=${() => saveCsv(HIRES, { year }, `hires-by-quarter-${year}.csv`)} />
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
      const style = getComputedStyle(document.documentElement);
      const [ink, line] = [getComputedStyle(box.current).color, style.getPropertyValue("--edge")];
      const axis = { stroke: ink, grid: { stroke: `color-mix(in srgb, ${ink} 12%, transparent)`, width: 1 }, ticks: { stroke: line } };
      chart = new Plot({
        width: box.current.clientWidth - 24, height: 260, cursor: { y: false },
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
      <${Heading} title=${`Departments above the mean of ${year}`} data=${loaded.data} save=${() => saveCsv(ABOVE, query, `departments-above-average-${year}.csv`)} />
      <p class="muted">${mean === null ? "No hires." : `The mean is ${decimal(mean)} hires a department.`}</p>
      ${items.length > 0 && html`<div class="bars">${items.map((one) => html`
        <span>${one.department}</span><span class="track"><span class="value" style=${{ width: `${(100 * one.hired) / most}%` }}></span><span class="mean" style=${{ left: `${(100 * mean) / most}%` }}></span></span><span class="number">${count(one.hired)}</span>`)}</div>`}
    </section>`;
}
