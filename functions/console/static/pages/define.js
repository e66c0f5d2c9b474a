// A dataset from a file: a proposed file of SQL with the evidence, to be edited and saved.
import { html, useEffect, useRef, useState } from "../ui.js";
import { send } from "../api.js";
import { count, download, plural, visible } from "../format.js";
import { readHead } from "../head.js";
import { passedOn } from "../passed_on.js";
import { Failure, TableBox } from "../parts.js";

const MAX_BYTES = 4 * 1024 ** 2;

export default function Define() {
  const [file, setFile] = useState(passedOn.value);
  const [wanted, setWanted] = useState({ name: "", header: "" });
  const [found, setFound] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => { passedOn.value = null; }, []);
  useEffect(() => {
    if (!file) return undefined;
    const controller = new AbortController();
    setError(null);
    propose(file, wanted, controller.signal).then(setFound, (failure) => {
      if (!controller.signal.aborted) { setFound(null); setError(failure); }
    });
    return () => controller.abort();
  }, [file, wanted]);
  const take = (files) => { if (files.length) { setFound(null); setWanted({ name: "", header: "" }); setFile(files[0]); } };
  return html`
    <p class="over"><a href="#/datasets">Datasets</a></p>
    <h1>Define a dataset from a file</h1>
    <${Choose} take=${take} isSmall=${Boolean(file)} />
    ${error && html`<${Failure} error=${error} />`}
    ${file && !found && !error && html`<p class="muted" aria-busy="true">Reading ${visible(file.name)} …</p>`}
    ${found && html`<${Proposal} key=${found.sql} found=${found} file=${file} wanted=${wanted} again=${setWanted} />`}`;
}

async function propose(file, { name, header }, abort) {
  const head = await readHead(file);
  const whole = file.size <= MAX_BYTES;
  if (head.mustBeWhole && !whole) {
    throw new Error("Here a dataset is proposed from a Parquet, Arrow or Excel file of at most 4 MiB. Choose a smaller file of the same columns, or run: waybill infer FILE");
  }
  const body = await file.slice(0, MAX_BYTES).arrayBuffer();
  const query = { name: name || file.name, whole, header };
  return (await send("POST", ["datasets", "infer"], { query, body, type: "application/octet-stream", signal: abort })).json();
}

function Choose({ take, isSmall }) {
  const [isOver, setOver] = useState(false);
  const input = useRef(null);
  return html`
    <div class=${`drop ${isOver ? "over" : ""} ${isSmall ? "small" : ""}`}
      onDragOver=${(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave=${() => setOver(false)}
      onDrop=${(event) => { event.preventDefault(); setOver(false); take(event.dataTransfer.files); }}>
      <p><strong>Drop a file here</strong> <span class="muted">Its columns, key and formats become a proposal; nothing is stored.</span></p>
      <button type="button" class=${isSmall ? "" : "primary"} onClick=${() => input.current.click()}>Choose a file</button>
      <input ref=${input} type="file" hidden aria-label="File" onChange=${(event) => { take(event.target.files); event.target.value = ""; }} />
    </div>`;
}

function Proposal({ found, file, wanted, again }) {
  const [sql, setSql] = useState(found.sql);
  const [name, setName] = useState(found.name);
  const [copied, setCopied] = useState("");
  const path = `sql/datasets/${found.name}.sql`;
  const copy = () => navigator.clipboard.writeText(sql).then(() => setCopied("Copied."), () => setCopied("The browser does not permit it."));
  const submit = (event) => {
    event.preventDefault();
    again(Object.fromEntries(new FormData(event.target)));
  };
  return html`
    <p role="status">${visible(file.name)}: ${plural(found.records, "record")} of ${found.complete ? "the whole file" : "its beginning"}, ${found.file_format}${found.compression && ` in ${found.compression}`}${found.rejected > 0 && html`, <strong class="bad">${count(found.rejected)} that no dataset could take</strong>`}.</p>
    <form class="row" onSubmit=${submit}>
      <label class="field inline"><span>Name</span><input name="name" required maxlength="63" value=${name} onInput=${(event) => setName(event.target.value)} /></label>
      ${found.header && html`<label class="field inline"><span>Header</span><select name="header" value=${wanted.header}>
        <option value="">${wanted.header ? "detected" : `detected: ${found.header}`}</option><option value="present">present</option><option value="absent">absent</option></select></label>`}
      <button>Propose again</button></form>
    <ul class="muted">${found.notes.map((one) => html`<li>${visible(one)}</li>`)}</ul>
    <${Columns} columns=${found.columns} />
    <${Keys} found=${found} />
    <h2>The file</h2>
    <label class="field"><span>Proposed SQL, which can be edited</span>
      <textarea class="sql" spellcheck=${false} rows=${Math.min(40, sql.split("\n").length + 1)} value=${sql} onInput=${(event) => setSql(event.target.value)}></textarea></label>
    <p class="row"><button type="button" class="primary" onClick=${() => download(`${found.name}.sql`, sql, "application/sql")}>Download ${found.name}.sql</button>
      <button type="button" onClick=${copy}>Copy</button> <span role="status">${copied}</span></p>
    <p>Datasets are files of the repository. Save it as <code>${path}</code>; <code>make migrate</code> applies it to the local stack, the next deployment to AWS. Then <a href="#/">upload the file</a>.</p>`;
}

const Columns = ({ columns }) => html`
  <${TableBox} label="Proposed columns"><table>
    <thead><tr><th scope="col">Column</th><th scope="col">In the file</th><th scope="col">Type</th><th scope="col">Empty</th><th scope="col">Why</th></tr></thead>
    <tbody>${columns.map((one) => html`<tr key=${one.name}>
      <th scope="row"><code>${visible(one.name)}</code></th><td>${one.source === null ? "–" : visible(one.source)}</td><td class="nowrap">${one.type}</td>
      <td>${one.required ? "no" : "yes"}</td><td class="query">${visible(one.evidence.join("; "))}</td></tr>`)}</tbody></table><//>`;

const Keys = ({ found }) => html`
  <dl class="facts">
    <div><dt>Key</dt><dd>${found.keys.length ? found.keys.map((one) => html`<div>${visible(one.columns.join(", "))} ${one.proposed ? html`<span class="good">proposed</span>` : html`<span class="muted">possible</span>`}</div>`) : "No columns differ in every record."}</dd></div>
    <div><dt>Partitions</dt><dd>${found.partition ? html`by ${found.partition.unit} of ${visible(found.partition.column)}, ${plural(found.partition.partitions, "partition")} ${found.partition.proposed ? html`<span class="good">proposed</span>` : html`<span class="muted">possible</span>`}` : "none"}</dd></div>
  </dl>`;
