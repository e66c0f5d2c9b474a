// Choose files, check their first records, send them, and follow their jobs.
import { html, useEffect, useRef, useState } from "../ui.js";
import { canLoad } from "../session.js";
import { plural } from "../format.js";
import { addFiles, clearSent, isReady, loadDatasets, sendAll, transfers } from "../outgoing.js";
import { Failure } from "../parts.js";
import { Outgoing } from "../outgoing_file.js";

export default function Upload() {
  const [isOver, setOver] = useState(false);
  const [error, setError] = useState(null);
  const input = useRef(null);
  useEffect(() => { loadDatasets().catch(setError); }, []);
  if (!canLoad.value) {
    return html`<h1>Upload</h1><p>Your role reads only. <a href="#/jobs">See the jobs</a>, or ask for the role <code>loader</code>.</p>`;
  }
  const take = (files) => { if (files.length) addFiles(files).catch(setError); };
  const all = transfers.value;
  const ready = all.filter(isReady).length;
  const ended = all.filter((one) => ["sent", "cancelled"].includes(one.state.value)).length;
  return html`
    <h1>Upload</h1>
    <div class=${`drop ${isOver ? "over" : ""} ${all.length ? "small" : ""}`}
      onDragOver=${(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave=${() => setOver(false)}
      onDrop=${(event) => { event.preventDefault(); setOver(false); take(event.dataTransfer.files); }}>
      <p><strong>Drop files here</strong> <span class="muted">CSV, JSON, Excel, Parquet, Arrow; also compressed, or in a zip or tar archive</span></p>
      <button type="button" class=${all.length ? "" : "primary"} onClick=${() => input.current.click()}>Choose files</button>
      <input ref=${input} type="file" multiple hidden aria-label="Files" onChange=${(event) => { take(event.target.files); event.target.value = ""; }} />
    </div>
    ${error && html`<${Failure} error=${error} />`}
    ${all.length > 0 && html`
      <div class="row between">
        <p class="muted" role="status">${plural(all.length, "file")}</p>
        <div class="row">
          ${ended > 0 && html`<button type="button" onClick=${clearSent}>Clear finished</button>`}
          <button type="button" class="primary" disabled=${!ready} onClick=${sendAll}>${ready ? `Upload ${plural(ready, "file")}` : "Upload"}</button>
        </div>
      </div>
      <ul class="files">${all.map((one) => html`<${Outgoing} key=${one.id} transfer=${one} />`)}</ul>`}`;
}
