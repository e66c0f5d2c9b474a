// One export: live while it is written, then its waybill with the files to download.
import { html } from "./ui.js";
import { get } from "./api.js";
import { ago, bytes, count, plural } from "./format.js";
import { href } from "./router.js";
import { ExportState, formatName, isRunning } from "./exports.js";
import { Failure, Figure, TableBox, Time, useInterval, useLoaded } from "./parts.js";

// The links are valid for 15 minutes.
const LINKS_MILLISECONDS = 10 * 60 * 1000;

export function Export({ dataset, id }) {
  const found = useLoaded((signal) => get(["datasets", dataset, "exports", id], { signal }), [dataset, id]);
  const { data } = found;
  useInterval(found.reload, data && isRunning(data) ? 1000 : LINKS_MILLISECONDS);
  if (found.error && !data) {
    const isGone = found.error.status === 404;
    return html`<p class="over"><a href=${href(["datasets", dataset])}>${dataset}</a></p><h1>Export</h1>
      ${isGone ? html`<p class="empty">There is no such export of yours; exports are kept for a day.</p>` : html`<${Failure} error=${found.error} again=${found.reload} />`}`;
  }
  if (!data) return html`<p class="loading" aria-busy="true">Export</p>`;
  return html`
    <article class="waybill">
      <header class="row between">
        <div><p class="over">Export of <a href=${href(["datasets", dataset])}>${dataset}</a></p><h1>${dataset} as ${formatName(data.format)}</h1></div>
        ${data.state === "COMPLETED" && html`<div class="row tight no-print">
          ${data.files.length === 1 && html`<a class="button primary" href=${data.files[0].url}>Download</a>`}
          <button type="button" onClick=${() => print()}>Print</button></div>`}
      </header>
      ${found.error && html`<${Failure} error=${found.error} again=${found.reload} />`}
      <p role="status"><${ExportState} state=${data.state} />${data.state === "COMPLETED" && ` · all rows of one moment${data.masked ? ", personal values masked" : ""}`}</p>
      ${data.error && html`<div class="failure" role="alert"><p>${data.error.detail ?? data.error.title}</p></div>`}
      <dl class="figures"><${Figure} label="Rows" value=${data.rows} /><${Figure} label="Size" value=${bytes(data.bytes)} /></dl>
      ${data.files.length > 0 && html`<${Files} files=${data.files} />`}
      <dl class="facts">
        ${[
          ["Export", html`<code>${data.export_id}</code>`],
          ["Begun", html`<${Time} value=${data.created_at} /> UTC, ${ago(data.created_at)}`],
          [isRunning(data) ? "Last written" : "Ended", html`<${Time} value=${data.changed_at} /> UTC`],
          data.archived_partitions.length > 0 && ["Without the archived", data.archived_partitions.join(", ")],
          data.attempt > 1 && ["Attempts", `${data.attempt}: the rows changed meanwhile`],
        ].filter(Boolean).map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}
      </dl>
    </article>`;
}

const Files = ({ files }) => html`
  <section><h2>${plural(files.length, "file")}</h2>
    <${TableBox} label="Files"><table><thead><tr><th scope="col" class="number">File</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Size</th><th scope="col">SHA-256</th><th scope="col" class="no-print">Download</th></tr></thead>
    <tbody>${files.map((one) => html`<tr key=${one.number}>
      <td class="number">${one.number}</td><td class="number">${count(one.rows)}</td><td class="number">${bytes(one.bytes)}</td><td class="digest"><code>${one.sha256}</code></td>
      <td class="no-print"><a href=${one.url} aria-label=${`Download file ${one.number}`}>Download</a></td></tr>`)}</tbody></table><//></section>`;
