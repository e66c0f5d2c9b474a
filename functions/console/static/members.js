// The files of an archive, each with a job and a waybill of its own.
import { html } from "./ui.js";
import { count, visible } from "./format.js";
import { href } from "./router.js";
import { State, TableBox } from "./parts.js";

export function Members({ job }) {
  const { left_out: leftOut } = job.archive;
  return html`
    <section><h2>Members</h2>
      ${job.archive.members > job.members.length && html`<p class="muted">The first ${count(job.members.length)} of ${count(job.archive.members)}.</p>`}
      ${leftOut > 0 && html`<p class="muted">Left out: ${count(leftOut)} folders, links and files of the system.</p>`}
      <${TableBox} label="Members"><table><thead><tr><th scope="col" class="number">No.</th><th scope="col">File</th><th scope="col">State</th><th scope="col" class="number">Read</th><th scope="col" class="number">Rejected</th></tr></thead>
      <tbody>${job.members.map((one) => html`<tr key=${one.position}>
        <td class="number">${one.position}</td>
        <td>${one.state ? html`<a href=${href(["jobs", one.job_id])}>${visible(one.name)}</a>` : visible(one.name)}</td>
        <td>${one.state && html`<${State} state=${one.state} />`}</td>
        <td class="number">${one.read === null ? "–" : count(one.read)}</td><td class="number">${one.read === null ? "–" : count(one.rejected)}</td></tr>`)}</tbody></table><//></section>`;
}
