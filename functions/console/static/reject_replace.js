// Find and replace over many rejects.
import { html, useMemo, useState } from "./ui.js";
import { plural } from "./format.js";

export const MASK = "[masked]";
export const hasValues = (reject) => Object.keys(reject.values).length > 0;

// A value as it is now: corrected, or as the file had it.
export const valueOf = (reject, column, edits) => {
  const edited = edits.get(reject.reject_id);
  return (edited && column in edited ? edited[column] : reject.values[column]) ?? "";
};

export function Replace({ columns, items, edits, edit, loadAll }) {
  const [column, setColumn] = useState("");
  const [find, setFind] = useState("");
  const [put, setPut] = useState("");
  const [isWhole, setWhole] = useState(false);
  const [said, setSaid] = useState("");
  const targets = column ? [column] : columns;
  const changesIn = (rows) => rows.filter(hasValues).flatMap((reject) => {
    const values = {};
    for (const one of targets) {
      const before = String(valueOf(reject, one, edits));
      if (before === MASK) continue;
      const after = isWhole ? (before === find ? put : before) : find === "" ? before : before.replaceAll(find, put);
      if (after !== before) values[one] = after === "" ? null : after;
    }
    return Object.keys(values).length ? [[reject.reject_id, values]] : [];
  });
  const found = useMemo(() => changesIn(items).length, [items, edits, column, find, put, isWhole]);
  const apply = async (event) => {
    event.preventDefault();
    const rows = loadAll ? await loadAll() : items;
    if (!rows) return;
    const changes = changesIn(rows);
    edit(changes);
    setSaid(`${plural(changes.length, "record")} changed.`);
  };
  return html`
    <details class="replace"><summary>Find and replace</summary>
      <form class="row" onSubmit=${apply}>
        <label class="field"><span>Column</span><select value=${column} onChange=${(event) => setColumn(event.target.value)}><option value="">All</option>${columns.map((one) => html`<option>${one}</option>`)}</select></label>
        <label class="field"><span>Find</span><input value=${find} spellcheck=${false} onInput=${(event) => setFind(event.target.value)} /></label>
        <label class="field"><span>Replace with</span><input value=${put} spellcheck=${false} onInput=${(event) => setPut(event.target.value)} /></label>
        <label class="check"><input type="checkbox" checked=${isWhole} onChange=${(event) => setWhole(event.target.checked)} /> Whole cell</label>
        <button disabled=${!found && !loadAll}>Replace in ${loadAll ? "all rejects" : plural(found, "record")}</button>
        <span class="muted" role="status">${said}</span>
      </form>
    </details>`;
}
