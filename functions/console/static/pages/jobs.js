// The history of jobs, or one of them.
import { html, useState } from "../ui.js";
import { get } from "../api.js";
import { ago, bytes, count, visible } from "../format.js";
import { href, refine, route } from "../router.js";
import { datasets, loadDatasets } from "../outgoing.js";
import { Failure, isFinal, State, STATES, stateName, TableBox, Time, useInterval, useLoaded } from "../parts.js";
import { Job } from "../job.js";
import { Rejects } from "../rejects.js";

export default function Jobs() {
  const [, id, part] = route.value.parts;
  if (id && part === "rejects") return html`<${Rejects} key=${id} id=${id} />`;
  return id ? html`<${Job} key=${id} id=${id} />` : html`<${History} />`;
}

function History() {
  const { query } = route.value;
  const [dataset, state] = [query.get("dataset") ?? "", query.get("state") ?? ""];
  const [older, setOlder] = useState({ items: [], cursor: undefined });
  const page = useLoaded(async (signal) => {
    setOlder({ items: [], cursor: undefined });
    const [first] = await Promise.all([get(["jobs"], { query: { dataset, state, limit: 50 }, signal }), loadDatasets()]);
    return first;
  }, [dataset, state]);
  const items = [...(page.data?.items ?? []), ...older.items];
  const cursor = older.cursor === undefined ? page.data?.next_cursor : older.cursor;
  useInterval(page.reload, 3000, items.some((one) => !isFinal(one.state)) && older.items.length === 0);
  const more = async () => {
    const next = await get(["jobs"], { query: { dataset, state, limit: 50, cursor } });
    setOlder({ items: [...older.items, ...next.items], cursor: next.next_cursor });
  };
  const choose = (name) => (event) => refine({ dataset, state, [name]: event.target.value });
  return html`
    <div class="row between">
      <h1>Jobs</h1>
      <div class="row">
        <label class="field inline"><span>Dataset</span><select value=${dataset} onChange=${choose("dataset")}>
          <option value="">All</option>${datasets.value.map((one) => html`<option>${one.name}</option>`)}</select></label>
        <label class="field inline"><span>State</span><select value=${state} onChange=${choose("state")}>
          <option value="">All</option>${STATES.map((one) => html`<option value=${one}>${stateName(one)}</option>`)}</select></label>
      </div>
    </div>
    ${page.error && html`<${Failure} error=${page.error} again=${page.reload} />`}
    ${!page.data && !page.error && html`<p class="muted" aria-busy="true">Jobs …</p>`}
    ${page.data && items.length === 0 && html`<p class="empty">No jobs${dataset || state ? " that match" : " yet"}. <a href="#/">Upload a file</a>.</p>`}
    ${items.length > 0 && html`
      <${TableBox} label="Jobs"><table class="jobs">
        <thead><tr><th scope="col">File and dataset</th><th scope="col">State</th><th scope="col" class="number">Size</th><th scope="col" class="number">Read</th><th scope="col" class="number">Inserted</th><th scope="col" class="number">Updated</th><th scope="col" class="number">Rejected</th><th scope="col">Created (UTC)</th></tr></thead>
        <tbody>${items.map((job) => html`<${Line} key=${job.job_id} job=${job} />`)}</tbody>
      </table><//>
      ${cursor && html`<p><button type="button" onClick=${more}>Older jobs</button></p>`}`}`;
}

const title = (job) => visible(job.source.filename ?? job.source.key ?? job.source.kind);

function Line({ job }) {
  const { waybill, progress } = job;
  return html`<tr>
    <td><a href=${href(["jobs", job.job_id])}>${title(job)}</a> <span class="was">${job.dataset}</span></td>
    <td><${State} state=${job.state} /></td>
    <td class="number">${bytes(job.source.size_bytes)}</td>
    <td class="number">${count(waybill?.read ?? progress.records_read)}</td>
    <td class="number">${count(waybill?.inserted)}</td>
    <td class="number">${count(waybill?.updated)}</td>
    <td class="number">${waybill?.rejected ? html`<a class="bad" href=${href(["jobs", job.job_id, "rejects"])}>${count(waybill.rejected)}</a>` : count(waybill?.rejected)}</td>
    <td title=${ago(job.created_at)}><${Time} value=${job.created_at} /></td>
  </tr>`;
}
