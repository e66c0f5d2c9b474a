// How a chosen file is written, where it does not tell, and whether it is loaded or checked only.
import { html } from "./ui.js";
import { chooseOptions } from "./outgoing.js";

const ENCODINGS = [["", "UTF-8, or as it is marked"], ["windows-1252", "Windows-1252"], ["iso-8859-1", "Latin-1 (ISO 8859-1)"], ["utf-16-le", "UTF-16, little endian"], ["utf-16-be", "UTF-16, big endian"]];
const DELIMITERS = [["", "Detected"], [",", "Comma"], [";", "Semicolon"], ["\t", "Tab"], ["|", "Pipe"]];

export function Options({ transfer }) {
  const { head } = transfer;
  const options = transfer.options.value;
  const choose = (name, value) => chooseOptions(transfer, { ...options, [name]: value });
  const select = (label, name, choices) => html`
    <label class="field"><span>${label}</span><select value=${options[name]} onChange=${(event) => choose(name, event.target.value)}>
      ${choices.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>`;
  const isUnclear = head.isForeign && !options.encoding;
  return html`
    ${isUnclear && html`<p class="notice">Its text is not UTF-8. Choose how it is encoded: files of Windows and older Excel are Windows-1252 in Western Europe.</p>`}
    <details open=${isUnclear || undefined}><summary>Options</summary>
      <div class="row">
        ${!head.isArchive && !head.mustBeWhole && html`${select("Encoding", "encoding", ENCODINGS)}${select("Delimiter", "delimiter", DELIMITERS)}`}
        <label class="check"><input type="checkbox" checked=${options.dryRun} onChange=${(event) => choose("dryRun", event.target.checked)} /> Check the whole file, load nothing</label>
      </div></details>`;
}
