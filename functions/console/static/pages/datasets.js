// The datasets, and the contract of one of them.
import { html } from "../ui.js";
import { get } from "../api.js";
import { bytes, csv, download } from "../format.js";
import { href, route } from "../router.js";
import { canLoad } from "../session.js";
import { Failure, TableBox, useLoaded } from "../parts.js";

export default function Datasets() {
  const [, name] = route.value.parts;
  return name ? html`<${Dataset} key=${name} name=${name} />` : html`<${List} />`;
}

const kindOf = (schema) => {
  const types = [schema.type].flat().filter((one) => one && one !== "null");
  return schema.format ?? types.join(" or ") ?? "any";
};

function List() {
  const list = useLoaded((signal) => get(["datasets"], { signal }), []);
  return html`
    <div class="row between"><h1>Datasets</h1>${canLoad.value && html`<a class="button" href="#/define">Define one from a file</a>`}</div>
    ${list.error && html`<${Failure} error=${list.error} again=${list.reload} />`}
    ${list.data && html`<${TableBox} label="Datasets"><table>
      <thead><tr><th scope="col">Dataset</th><th scope="col">Description</th><th scope="col">Columns</th><th scope="col">Key</th><th scope="col">A file</th><th scope="col">Table</th></tr></thead>
      <tbody>${list.data.items.map((one) => html`<tr key=${one.name}>
        <td><a href=${href(["datasets", one.name])}>${one.name}</a></td><td>${one.description ?? ""}</td>
        <td>${Object.keys(one.schema.properties).join(", ")}</td><td>${one.natural_key.join(", ")}</td>
        <td>${DISPOSITIONS[one.write_disposition] ?? one.write_disposition}</td><td><code>${one.table}</code></td></tr>`)}</tbody></table><//>`}`;
}

const DISPOSITIONS = { merge: "is merged by key", append: "is appended", replace: "replaces all rows" };

function Dataset({ name }) {
  const loaded = useLoaded((signal) => get(["datasets", name], { signal }), [name]);
  if (loaded.error) return html`<h1>${name}</h1><${Failure} error=${loaded.error} again=${loaded.reload} />`;
  if (!loaded.data) return html`<p class="loading" aria-busy="true">${name}</p>`;
  const dataset = loaded.data;
  const columns = Object.entries(dataset.schema.properties);
  const aliases = Object.entries(dataset.aliases ?? {});
  const sample = () => download(`${name}-sample.csv`, csv(columns.map(([one]) => one), [columns.map(([, schema]) => example(schema))]));
  return html`
    <div class="row between">
      <div><p class="over"><a href="#/datasets">Datasets</a></p><h1>${name}</h1>${dataset.description && html`<p class="muted">${dataset.description}</p>`}</div>
      <div class="row tight"><a class="button" href=${href(["jobs"], { dataset: name })}>Jobs</a><button type="button" onClick=${sample}>Sample file</button></div>
    </div>
    <${TableBox} label="Columns"><table>
      <thead><tr><th scope="col">Column</th><th scope="col">Type</th><th scope="col">Empty</th><th scope="col">Limits</th><th scope="col">Also called</th><th scope="col">Meaning</th></tr></thead>
      <tbody>${columns.map(([column, schema]) => html`<tr key=${column}>
        <th scope="row"><code>${column}</code>${dataset.natural_key.includes(column) ? html` <span class="muted">key</span>` : ""}${schema["x-personal"] ? html` <span class="muted">personal</span>` : ""}</th>
        <td>${kindOf(schema)}</td><td>${(dataset.schema.required ?? []).includes(column) ? "no" : "yes"}</td><td>${limits(schema)}</td>
        <td>${aliases.filter(([, target]) => target === column).map(([alias]) => alias).join(", ")}</td><td>${schema.description ?? ""}</td></tr>`)}</tbody></table><//>
    <dl class="facts">
      ${[
        ["Table", html`<code>${dataset.table}</code>`],
        ["A file", DISPOSITIONS[dataset.write_disposition] ?? dataset.write_disposition],
        ["Key", dataset.natural_key.join(", ") || "none"],
        ["Refers to", dataset.references.map((one) => html`<a href=${href(["datasets", one.dataset ?? one.table ?? ""])}>${one.dataset ?? one.table}</a>${" "}`)],
        ["Partitions", dataset.partitioned_by ? `by ${dataset.partitioned_by.unit ?? ""} of ${dataset.partitioned_by.column ?? ""}` : "none"],
        ["Largest file", dataset.max_upload_bytes ? bytes(dataset.max_upload_bytes) : "as the installation allows"],
        ["Version", dataset.version],
      ].map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}
    </dl>`;
}

function limits(schema) {
  if (schema.maxLength) return `up to ${schema.maxLength} characters`;
  if (schema.maximum) return `${schema.minimum} to ${schema.maximum}`;
  if (schema.exclusiveMaximum) return `below ${schema.exclusiveMaximum}`;
  return "";
}

function example(schema) {
  const kinds = { "date-time": "2021-07-27T16:02:08Z", date: "2021-07-27", time: "16:02:08", uuid: "0190f1a2-0000-7000-8000-000000000001", integer: 1, number: 1.5, boolean: true };
  return kinds[kindOf(schema)] ?? "text";
}
