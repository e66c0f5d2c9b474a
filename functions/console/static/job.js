// One job: live while it runs, then its waybill as a page to print.
import { html, useState } from "./ui.js";
import { get, post, remove } from "./api.js";
import { Members } from "./members.js";
import { Pending } from "./pending.js";
import { ago, bytes, count, drifted, reverted, seconds, visible } from "./format.js";
import { Comparison } from "./columns.js";
import { href } from "./router.js";
import { canLoad } from "./session.js";
import { CLASSES, Failure, Figure, isFinal, Progress, State, TableBox, Time, useInterval, useLoaded } from "./parts.js";

const REVERTIBLE = ["COMPLETED", "COMPLETED_WITH_REJECTS", "DUPLICATE"];
const OPTIONAL = ["erased", "withdrawn"];

export function Job({ id }) {
  const [error, setError] = useState(null);
  const job = useLoaded((signal) => get(["jobs", id], { signal }), [id]);
  const isRunning = job.data && !isFinal(job.data.state);
  useInterval(job.reload, 700, Boolean(isRunning));
  if (job.error && !job.data) return html`<h1>Job</h1><${Failure} error=${job.error} again=${job.reload} />`;
  if (!job.data) return html`<p class="loading" aria-busy="true">Job</p>`;
  const { data } = job;
  return html`
    <article class="waybill">
      <header class="row between">
        <div><p class="over">Waybill</p><h1>${visible(data.source.filename ?? data.source.key ?? data.source.kind)}</h1>
          <p class="muted">into <a href=${href(["datasets", data.dataset])}>${data.dataset}</a></p></div>
        <div class="row tight no-print"><${Actions} job=${data} reload=${job.reload} failed=${setError} /></div>
      </header>
      ${error && html`<${Failure} error=${error} />`}
      <p role="status"><${State} state=${data.state} />${data.dry_run && " · checked only, nothing was written"}</p>
      ${isRunning && data.state !== "REVERTING" && html`<${Live} job=${data} />`}
      ${data.error && html`<div class="failure" role="alert"><p><strong>${data.error.title}</strong> ${data.error.detail}</p></div>`}
      ${data.state === "DUPLICATE" && html`<p class="notice">The same file is loaded already, by <a href=${href(["jobs", data.duplicate_of])}>the job before it</a>: nothing was to be done. The counts are those of a load.</p>`}
      ${(data.warnings ?? []).map((one) => html`<p class="notice">${one}</p>`)}
      ${drifted(data.drift ?? []).map((one) => html`<p class="notice">${one}</p>`)}
      ${data.revert && html`<p class="notice">${reverted(data.revert)}</p>`}
      ${data.revert_error && html`<${Failure} error=${{ message: data.revert_error.detail, document: data.revert_error }} />`}
      ${data.waybill && html`<${Counts} job=${data} />`}
      ${data.members && html`<${Members} job=${data} />`}
      ${data.waybill?.pending_reference > 0 && html`<${Pending} id=${id} />`}
      <${Identity} job=${data} />
      ${data.waybill && html`<${Comparison} job=${data} />`}
      <${Runs} id=${id} state=${data.state} />
    </article>`;
}

function Actions({ job, reload, failed }) {
  const [isBusy, setBusy] = useState(false);
  const act = (request) => {
    failed(null);
    setBusy(true);
    request.then(reload, failed).finally(() => setBusy(false));
  };
  const cancel = () => act(remove(["jobs", job.job_id]));
  const revert = () => confirm("Take this load back? Its rows are removed or restored.") && act(post(["jobs", job.job_id, "revert"]));
  return html`
    ${job.waybill?.rejected > 0 && html`<a class="button primary" href=${href(["jobs", job.job_id, "rejects"])}>${job.rejects_remaining ? "Fix rejects" : "Rejects"}</a>`}
    ${!isFinal(job.state) && job.state !== "REVERTING" && canLoad.value && html`<button type="button" disabled=${isBusy} onClick=${cancel}>Cancel</button>`}
    ${(REVERTIBLE.includes(job.state) || (job.archive && job.state === "FAILED")) && !job.dry_run && canLoad.value && html`<button type="button" disabled=${isBusy} onClick=${revert}>Revert</button>`}
    ${job.waybill && html`<button type="button" onClick=${() => print()}>Print</button>`}`;
}

function Live({ job }) {
  const { progress } = job;
  const passed = (Date.now() - Date.parse(job.started_at ?? job.created_at)) / 1000;
  const unread = progress.bytes_total - progress.bytes_read;
  // How long merging takes cannot be told from bytes: once all are read, only the time passed is certain.
  const pace = unread > 0 && progress.bytes_read > 0;
  return html`
    <${Progress} label="Load" value=${progress.bytes_read} max=${progress.bytes_total} />
    <dl class="figures">
      <${Figure} label="Bytes" value=${`${bytes(progress.bytes_read)} of ${bytes(progress.bytes_total)}`} />
      <${Figure} label="Records" value=${progress.records_read} />
      ${pace && html`<${Figure} label="Records a second" value=${count(Math.round(progress.records_read / passed))} />
      <${Figure} label="Left to read" value=${seconds((passed * unread) / progress.bytes_read)} />`}
      <${Figure} label="Time so far" value=${seconds(passed)} />
    </dl>`;
}

function Counts({ job }) {
  const { waybill } = job;
  const shown = CLASSES.filter(([name]) => !OPTIONAL.includes(name) || waybill[name]);
  return html`
    <section aria-label="Counts">
      <div class="balance"><dl class="figures"><${Figure} label="Read" value=${waybill.read} tone="total" /></dl><span class="equals" aria-label="is">=</span>
        <dl class="figures">${shown.map(([name, label]) => html`
          <${Figure} key=${name} label=${label} value=${waybill[name] ?? 0} tone=${!waybill[name] ? "zero" : name === "rejected" ? "bad" : name === "pending_reference" ? "warn" : ""} />`)}
        </dl></div>
      <${Bar} waybill=${waybill} shown=${shown} />
      ${job.rejects_remaining > 0 && html`<p>${count(job.rejects_remaining)} of ${count(waybill.rejected)} rejects remain to be fixed.</p>`}
      ${waybill.rejected > 0 && job.rejects_remaining === 0 && html`<p class="good">Every reject has been replayed.</p>`}
    </section>`;
}

// The shares as one bar; the figures above have the numbers.
function Bar({ waybill, shown }) {
  const parts = shown.filter(([name]) => waybill[name] > 0);
  return html`<div class="shares" aria-hidden="true">${parts.map(([name, label]) => html`
    <span class=${name} title=${`${label}: ${count(waybill[name])}`} style=${{ flexGrow: Math.max(waybill[name] / waybill.read, 0.006) }}></span>`)}</div>`;
}

function Identity({ job }) {
  const { source, waybill } = job;
  const rows = [
    ["Job", html`<code>${job.job_id}</code>`],
    job.parent_job_id && ["Replay of", html`<a href=${href(["jobs", job.parent_job_id])}><code>${job.parent_job_id}</code></a>`],
    job.archive_job_id && ["In archive", html`<a href=${href(["jobs", job.archive_job_id])}><code>${job.archive_job_id}</code></a>`],
    job.duplicate_of && ["Duplicate of", html`<a href=${href(["jobs", job.duplicate_of])}><code>${job.duplicate_of}</code></a>`],
    ["Kind", source.kind],
    ["Object", source.key && html`<code>s3://${source.bucket}/${visible(source.key)}</code>`],
    ["Version", source.version_id && html`<code>${source.version_id}</code>`],
    ["ETag", source.etag && html`<code>${source.etag}</code>`],
    ["Size", source.size_bytes === null ? null : html`${bytes(source.size_bytes)} <span class="muted">(${count(source.size_bytes)} bytes)</span>`],
    ["SHA-256", waybill?.sha256 && html`<code>${waybill.sha256}</code>`],
    ["Created", html`<${Time} value=${job.created_at} /> UTC, ${ago(job.created_at)}`],
    job.landed_at && ["Landed", html`<${Time} value=${job.landed_at} /> UTC`],
    job.started_at && ["Started", html`<${Time} value=${job.started_at} /> UTC`],
    job.finished_at && ["Finished", html`<${Time} value=${job.finished_at} /> UTC`],
    waybill?.seconds != null && ["Took", html`${seconds(waybill.seconds)}, ${count(Math.round(waybill.records_per_second ?? 0))} records a second`],
    ["Attempts", count(job.attempts)],
  ].filter((row) => row && row[1]);
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Runs({ id, state }) {
  const runs = useLoaded((signal) => get(["jobs", id, "runs"], { signal }), [id, state]);
  const items = runs.data?.items ?? [];
  if (!items.length) return null;
  return html`
    <details class="no-print"><summary>Attempts of the pipeline (${items.length})</summary>
      <${TableBox} label="Attempts"><table><thead><tr><th scope="col">Step</th><th scope="col" class="number">Attempt</th><th scope="col" class="number">Chunk</th><th scope="col">Started (UTC)</th><th scope="col" class="number">Took</th><th scope="col">Outcome</th></tr></thead>
      <tbody>${items.map((run) => html`<tr>
        <td>${run.step}</td><td class="number">${run.attempt}</td><td class="number">${count(run.chunk)}</td><td><${Time} value=${run.started_at} /></td>
        <td class="number">${run.finished_at ? seconds((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000) : "–"}</td>
        <td>${run.outcome ?? "running"}${run.error ? `: ${run.error.detail ?? run.error.title ?? ""}` : ""}</td></tr>`)}</tbody></table><//>
    </details>`;
}
