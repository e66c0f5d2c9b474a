// What is pulled by itself, and how old its data are; one source with its last run.
import { html } from "../ui.js";
import { allPages } from "../api.js";
import { seconds } from "../format.js";
import { href, route } from "../router.js";
import { Source } from "../source.js";
import { Failure, TableBox, Time, useLoaded } from "../parts.js";

export default function Sources() {
  const [, id] = route.value.parts;
  return id ? html`<${Source} key=${id} id=${id} />` : html`<${List} />`;
}

function List() {
  const list = useLoaded((signal) => allPages(["data-sources"], {}, signal), []);
  const items = list.data?.items ?? [];
  return html`
    <h1>Sources</h1>
    ${list.error && html`<${Failure} error=${list.error} again=${list.reload} />`}
    ${!list.data && !list.error && html`<p class="muted" aria-busy="true">Sources …</p>`}
    ${list.data && items.length === 0 && html`<p class="empty">No sources. A file of <code>sql/sources/</code> declares one.</p>`}
    ${items.length > 0 && html`<${TableBox} label="Sources"><table>
      <thead><tr><th scope="col">Source</th><th scope="col">Kind</th><th scope="col">Into</th><th scope="col">Schedule</th><th scope="col">Last loaded (UTC)</th><th scope="col">Behind by</th><th scope="col">Last job</th></tr></thead>
      <tbody>${items.map((one) => html`<tr key=${one.id}>
        <th scope="row"><a href=${href(["sources", one.id])}>${one.name}</a></th><td>${one.kind}</td><td><a href=${href(["datasets", one.dataset])}>${one.dataset}</a></td><td class="nowrap">${one.schedule ?? "–"}</td>
        <td><${Time} value=${one.freshness.last_success_at} /></td>
        <td>${one.freshness.is_late ? html`<strong class="bad">${seconds(one.freshness.lag_seconds)}, late</strong>` : seconds(one.freshness.lag_seconds)}</td>
        <td>${one.last_job_id ? html`<a href=${href(["jobs", one.last_job_id])}>Waybill</a>` : "–"}</td></tr>`)}</tbody></table><//>`}`;
}
