// The datasets, and the contract of one of them.
import { html } from "../ui.js";
import { get } from "../api.js";
import { records, rulesOf, STANDARD } from "../dialect.js";
import { bytes, count, download, visible } from "../format.js";
import { href, route } from "../router.js";
import { canLoad } from "../session.js";
import { Export } from "../export_page.js";
import { Exports } from "../exports.js";
import { Failure, TableBox, useLoaded } from "../parts.js";

export default function Datasets() {
  const [, name, part, id] = route.value.parts;
  if (part === "exports" && id) return html`<${Export} key=${id} dataset=${name} id=${id} />`;
  return name ? html`<${Dataset} key=${name} name=${name} />` : html`<${List} />`;
}

const kindOf = (schema) => {
  const types = [schema.type].flat().filter((one) => one && one !== "null");
  const type = types.join(" or ").replace("string", "text");
  return schema.format ?? (type || "any");
};

function List() {
  const list = useLoaded((signal) => get(["datasets"], { signal }), []);
  return html`
    <div class="row between"><h1>Datasets</h1>${canLoad.value && html`<a class="button" href="#/define">Define one from a file</a>`}</div>
    ${list.error && html`<${Failure} error=${list.error} again=${list.reload} />`}
    ${!list.data && !list.error && html`<p class="muted" aria-busy="true">Datasets …</p>`}
    ${list.data?.items.length === 0 && html`<p class="empty">No datasets that you may see.</p>`}
    ${list.data?.items.length > 0 && html`<${TableBox} label="Datasets"><table>
      <thead><tr><th scope="col">Dataset</th><th scope="col">Description</th><th scope="col" class="wide">Columns</th><th scope="col" class="wide">Key</th><th scope="col" class="wide">A file</th><th scope="col" class="wide">Table</th></tr></thead>
      <tbody>${list.data.items.map((one) => html`<tr key=${one.name}>
        <td><a href=${href(["datasets", one.name])}>${one.name}</a></td><td>${one.description ?? ""}</td>
        <td class="wide">${Object.keys(one.schema.properties).join(", ")}</td><td class="wide">${one.natural_key.join(", ")}</td>
        <td class="wide">${DISPOSITIONS[one.write_disposition] ?? one.write_disposition}</td><td class="wide"><code>${one.table}</code></td></tr>`)}</tbody></table><//>`}`;
}

const DISPOSITIONS = { merge: "is merged by key", append: "is appended", replace: "replaces all rows" };

function Dataset({ name }) {
  const loaded = useLoaded((signal) => get(["datasets", name], { signal }), [name]);
  if (loaded.error) return html`<h1>${name}</h1><${Failure} error=${loaded.error} again=${loaded.reload} />`;
  if (!loaded.data) return html`<p class="loading" aria-busy="true">${name}</p>`;
  const dataset = loaded.data;
  const columns = Object.entries(dataset.schema.properties);
  const isFormatted = Object.keys(dataset.formats).length > 0;
  const aliases = Object.entries(dataset.aliases ?? {});
  const sample = () => download(`${name}-sample.csv`, sampleFile(dataset));
  return html`
    <div class="row between">
      <div><p class="over"><a href="#/datasets">Datasets</a></p><h1>${name}</h1>${dataset.description && html`<p class="muted">${dataset.description}</p>`}</div>
      <div class="row tight"><a class="button" href=${href(["jobs"], { dataset: name })}>Jobs</a><button type="button" onClick=${sample}>Sample file</button></div>
    </div>
    <${TableBox} label="Columns"><table>
      <thead><tr><th scope="col">Column</th><th scope="col">Type</th><th scope="col">Empty</th><th scope="col" class="wide">Limits</th>${isFormatted && html`<th scope="col">Written as</th>`}<th scope="col" class="wide">Also called</th><th scope="col">Meaning</th></tr></thead>
      <tbody>${columns.map(([column, schema]) => html`<tr key=${column}>
        <th scope="row"><code>${column}</code>${dataset.natural_key.includes(column) ? html` <span class="muted">key</span>` : ""}${schema["x-personal"] ? html` <span class="muted">personal</span>` : ""}</th>
        <td class="nowrap">${kindOf(schema)}</td><td>${(dataset.schema.required ?? []).includes(column) ? "no" : "yes"}</td><td class="wide nowrap">${limits(schema)}</td>${isFormatted && html`<td>${written(dataset.formats[column])}</td>`}
        <td class="wide">${aliases.filter(([, target]) => target === column).map(([alias]) => alias).join(", ")}</td><td>${schema.description ?? ""}</td></tr>`)}</tbody></table><//>
    <${Exports} dataset=${name} />
    <h2>Rules</h2>
    <dl class="facts">${facts(dataset).map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

const HEADERS = { auto: "found by name, or by position where there is none", present: "required", absent: "none: columns by position" };
const DRIFT = { refuse: "refuse the file", ignore: "are left out", rescue: "are kept beside the row" };
const DELIMITERS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe" };

const character = (text) => html`<code>${text < " " ? `\\x${text.charCodeAt(0).toString(16).padStart(2, "0")}` : text}</code>`;

const facts = (dataset) => [
  ["Table", html`<code>${dataset.table}</code>`],
  ["A file", DISPOSITIONS[dataset.write_disposition] ?? dataset.write_disposition],
  ["Key", dataset.natural_key.join(", ") || "none"],
  dataset.references.length > 0 && ["Refers to", dataset.references.map((one, at) => html`${at > 0 && ", "}${one.dataset ? html`<a href=${href(["datasets", one.dataset])}>${one.dataset}</a>` : one.table}`)],
  dataset.partitioned_by && ["Partitions", `by ${dataset.partitioned_by.unit} of ${dataset.partitioned_by.column}`],
  ["Header", HEADERS[dataset.header]],
  dataset.delimiter && ["Delimiter", DELIMITERS[dataset.delimiter] ?? character(dataset.delimiter)],
  dataset.quote !== STANDARD.quote && ["Quote", dataset.quote ? character(dataset.quote) : "none: quotes are part of the text"],
  dataset.escape && ["Escape", html`${character(dataset.escape)}${dataset.escape_codes && html`, also of control characters: ${character(`${dataset.escape}n`)}`}`],
  dataset.encoding && ["Encoding", dataset.encoding],
  ["Other columns", DRIFT[dataset.drift]],
  dataset.null_words.length > 0 && ["Empty words", dataset.null_words.map((one) => html`<code>${visible(one)}</code> `)],
  dataset.searchable.length > 0 && ["Found by", dataset.searchable.join(", ")],
  dataset.max_upload_bytes && ["Largest file", bytes(dataset.max_upload_bytes)],
  ["Version", dataset.version],
].filter(Boolean);

const written = (format = {}) => Object.entries(format).map(([name, value]) => html`<div>${name === "date" ? "" : `${name.replaceAll("_", " ")} `}<code>${visible([value].flat().join(", "))}</code></div>`);

function limits(schema) {
  if (schema.maxLength) return `up to ${schema.maxLength} characters`;
  if (schema.maximum && schema.minimum === -schema.maximum - 1) return `± ${count(schema.maximum)}`;
  if (schema.maximum) return `${count(schema.minimum)} to ${count(schema.maximum)}`;
  if (schema.exclusiveMaximum) return `below ${count(schema.exclusiveMaximum)}`;
  return "";
}

const KINDS = { "date-time": "2021-07-27T16:02:08Z", date: "2021-07-27", time: "16:02:08", uuid: "0190f1a2-0000-7000-8000-000000000001", integer: "1", number: "1.5", boolean: "true" };
const PARTS = [["YYYY", "2021"], ["HH24", "16"], ["MM", "07"], ["DD", "27"], ["MI", "02"], ["SS", "08"], ["YY", "21"]];

// A value as the files of the dataset write it.
function example(schema, { date, decimal } = {}) {
  const value = KINDS[kindOf(schema)] ?? "text".slice(0, schema.maxLength ?? 4);
  if (date) return PARTS.reduce((text, [part, digits]) => text.replaceAll(part, digits), date);
  return decimal ? value.replace(".", decimal) : value;
}

function sampleFile(dataset) {
  const columns = Object.entries(dataset.schema.properties);
  const values = columns.map(([one, each]) => example(each, dataset.formats[one]));
  const names = dataset.header === "absent" ? [] : [columns.map(([one]) => one)];
  return records([...names, values], dataset.delimiter ?? ",", rulesOf(dataset));
}
