// Who did what, when, and from where; for administrators.
import { html, useState } from "../ui.js";
import { get } from "../api.js";
import { visible } from "../format.js";
import { href, refine, route } from "../router.js";
import { Failure, TableBox, Time, useLoaded } from "../parts.js";

export default function Audit() {
  const { query } = route.value;
  const filters = { action: query.get("action") ?? "", actor: query.get("actor") ?? "" };
  const [older, setOlder] = useState({ items: [], cursor: undefined });
  const page = useLoaded((signal) => {
    setOlder({ items: [], cursor: undefined });
    return get(["audit-logs"], { query: filters, signal });
  }, [filters.action, filters.actor]);
  const items = [...(page.data?.items ?? []), ...older.items];
  const cursor = older.cursor === undefined ? page.data?.next_cursor : older.cursor;
  const more = async () => {
    const next = await get(["audit-logs"], { query: { ...filters, cursor } });
    setOlder({ items: [...older.items, ...next.items], cursor: next.next_cursor });
  };
  const choose = (name) => (event) => refine({ ...filters, [name]: event.target.value });
  return html`
    <div class="row between"><h1>Audit</h1><div class="row">
      <label class="field inline"><span>Action</span><input placeholder="job.created" value=${filters.action} onChange=${choose("action")} /></label>
      <label class="field inline"><span>Who</span><input value=${filters.actor} onChange=${choose("actor")} /></label></div></div>
    ${page.error && html`<${Failure} error=${page.error} again=${page.reload} />`}
    ${!page.data && !page.error && html`<p class="muted" aria-busy="true">Entries …</p>`}
    ${page.data && items.length === 0 && html`<p class="empty">No entries.</p>`}
    ${items.length > 0 && html`<${TableBox} label="Audit log"><table>
      <thead><tr><th scope="col">When (UTC)</th><th scope="col">Action</th><th scope="col">Who</th><th scope="col">From</th><th scope="col">Dataset</th><th scope="col">Job</th><th scope="col">Detail</th></tr></thead>
      <tbody>${items.map((one) => html`<tr key=${one.audit_id}><td><${Time} value=${one.occurred_at} /></td><td>${one.action}</td><td>${visible(one.actor ?? "–")}</td><td>${one.source ?? "–"}</td><td>${one.dataset ?? ""}</td>
        <td>${one.job_id && html`<a href=${href(["jobs", one.job_id])}><code>${one.job_id.slice(-8)}</code></a>`}</td><td class="query">${Object.keys(one.detail).length > 0 && html`<code>${visible(JSON.stringify(one.detail))}</code>`}</td></tr>`)}</tbody></table><//>
      ${cursor && html`<p><button type="button" onClick=${more}>Older entries</button></p>`}`}`;
}
