// Rejects in a table: corrected in place, and replayed until none remain.
import { html, useEffect, useMemo, useRef, useState } from "./ui.js";
import { allFiles, get, post } from "./api.js";
import { count, download, plural, visible } from "./format.js";
import { go, href } from "./router.js";
import { canLoad } from "./session.js";
import { rulesOf, valuesOf } from "./dialect.js";
import { hasValues, MASK, Replace, valueOf } from "./reject_replace.js";
import { Failure, isFinal, State, TableBox, useInterval, useLoaded } from "./parts.js";

const PAGE = 200;
const MOST_ROWS = 10_000;

export function Rejects({ id }) {
  const [job, setJob] = useState(null);
  const [items, setItems] = useState([]);
  const [cursor, setCursor] = useState(null);
  const [error, setError] = useState(null);
  const [edits, setEdits] = useState(new Map());
  const [replay, setReplay] = useState(null);
  // One request at a time: a second click would add the same rejects again, or replay them twice.
  const [isAwaited, setAwaited] = useState(false);
  const first = useLoaded(async (signal) => {
    const found = await get(["jobs", id], { signal });
    const [page, dataset] = await Promise.all([
      get(["jobs", id, "rejects"], { query: { limit: PAGE }, signal }),
      get(["datasets", found.dataset], { signal }),
    ]);
    setJob(found);
    setItems(page.items);
    setCursor(page.next_cursor);
    return { dataset };
  }, [id]);
  const alone = async (act) => {
    setError(null);
    setAwaited(true);
    try {
      return await act();
    } catch (failure) {
      setError(failure);
    } finally {
      setAwaited(false);
    }
  };
  const more = (all) => alone(async () => {
    let [next, rows] = [cursor, items];
    do {
      const page = await get(["jobs", id, "rejects"], { query: { limit: all ? 1000 : PAGE, cursor: next } });
      rows = [...rows, ...page.items];
      next = page.next_cursor;
    } while (all && next && rows.length < MOST_ROWS);
    setItems(rows);
    setCursor(next);
    return rows;
  });
  const columns = useMemo(() => columnsOf(first.data?.dataset, items), [first.data, items]);
  if (first.error) return html`<h1>Rejects</h1><${Failure} error=${first.error} again=${first.reload} />`;
  if (!job) return html`<p class="loading" aria-busy="true">Rejects</p>`;
  const edit = (changes) => setEdits((before) => {
    const after = new Map(before);
    for (const [reject, values] of changes) after.set(reject, { ...after.get(reject), ...values });
    return after;
  });
  const begin = (options, sent) => alone(async () => {
    const accepted = await post(["jobs", id, "replay"], options);
    setReplay({ id: accepted.job_id, sent });
  });
  const start = (rows) => begin({ body: { rows: rows.map((one) => ({ _reject_id: one.reject_id, ...edits.get(one.reject_id) })) } }, rows.length);
  const corrected = items.filter((one) => edits.has(one.reject_id));
  const isBusy = replay || isAwaited;
  return html`
    <div class="row between">
      <div><p class="over">Rejects of <a href=${href(["jobs", id])}>${visible(job.source.filename ?? id)}</a></p>
        <h1>${items.length ? `${count(items.length)}${cursor ? "+" : ""} to fix` : "Nothing to fix"}</h1></div>
      <div class="row">
        <button type="button" onClick=${() => saveCsv(id, job).catch(setError)}>Download CSV</button>
        ${canLoad.value && items.length > 0 && html`
          <${CorrectedCsv} isBusy=${isBusy} take=${(file) => begin({ body: file, type: "text/csv" }, null)} />
          <button type="button" disabled=${isBusy} onClick=${() => start(items.filter((one) => hasValues(one) || edits.has(one.reject_id)).slice(0, MOST_ROWS))}>Replay all shown</button>
          <button type="button" class="primary" disabled=${!corrected.length || isBusy} onClick=${() => start(corrected.slice(0, MOST_ROWS))}>Replay ${corrected.length ? plural(corrected.length, "corrected record") : "corrected"}</button>`}
      </div>
    </div>
    ${error && html`<${Failure} error=${error} />`}
    ${replay && html`<${Replay} key=${replay.id} replay=${replay} ended=${(ended) => {
      setReplay(null);
      setEdits(new Map());
      if (ended.waybill?.rejected) go(["jobs", ended.job_id, "rejects"]);
      else first.reload();
    }} />`}
    <${Outcome} job=${job} items=${items} />
    ${items.length > 0 && html`
      ${canLoad.value && html`<${Replace} columns=${columns} items=${items} edits=${edits} edit=${edit} loadAll=${cursor ? () => more(true) : null} />`}
      <${Grid} columns=${columns} items=${items} edits=${edits} edit=${edit} isFixed=${!canLoad.value} split=${splitter(job, first.data?.dataset)} />
      ${cursor && html`<p><button type="button" disabled=${isAwaited} onClick=${() => more(false)}>More rejects</button></p>`}`}`;
}

function Outcome({ job, items }) {
  if (items.length) return null;
  const remaining = job.rejects_remaining ?? 0;
  return html`<p class="good" role="status">${remaining ? `Those of this file were replayed; ${count(remaining)} remain in its replays.` : "None remain."} <a href=${href(["jobs", job.job_id])}>See the waybill</a>.</p>`;
}

// The columns of the file: those that a reject has values for, in the order of the table.
function columnsOf(dataset, items) {
  const all = Object.keys(dataset?.schema.properties ?? {});
  const used = new Set(items.flatMap((one) => Object.keys(one.values)));
  const known = all.filter((one) => used.has(one));
  return known.length ? known : all;
}

function Replay({ replay, ended }) {
  const job = useLoaded((signal) => get(["jobs", replay.id], { signal }), [replay.id]);
  const isOver = job.data && isFinal(job.data.state);
  useInterval(job.reload, 600, !isOver);
  useEffect(() => { if (isOver) ended(job.data); }, [isOver]);
  return html`<p class="notice" role="status">Replaying ${replay.sent === null ? "the file" : plural(replay.sent, "record")} … ${job.data && html`<${State} state=${job.data.state} />`}</p>`;
}

// The CSV of the rejects, corrected elsewhere.
function CorrectedCsv({ isBusy, take }) {
  const input = useRef(null);
  return html`<button type="button" disabled=${isBusy} onClick=${() => input.current.click()}>Replay a CSV</button>
    <input ref=${input} type="file" accept=".csv,text/csv" hidden aria-label="Corrected CSV" onChange=${(event) => { if (event.target.files.length) take(event.target.files[0]); event.target.value = ""; }} />`;
}

async function saveCsv(id, job) {
  // In pages: all of them at once may be a redirect to the storage, which the page may not follow.
  const [file] = await allFiles(["jobs", id, "rejects"], { limit: 1000 }, "csv");
  download(`${job.dataset}-rejects-${id.slice(-8)}.csv`, file);
}

// The values of a record, as the file is written; a replay is written in the standard way.
function splitter(job, dataset) {
  const rules = rulesOf(job.source.kind === "replay" ? undefined : dataset);
  const candidates = dataset?.delimiter ? [dataset.delimiter] : [",", ";", "\t", "|"];
  return (text) => candidates.map((one) => valuesOf(text, one, rules, dataset?.null_words ?? [])).sort((a, b) => b.length - a.length)[0];
}

function Grid({ columns, items, edits, edit, isFixed, split }) {
  const table = useRef(null);
  const isOfMembers = items.some((one) => one.job_id);
  const fillDown = (from, column) => {
    const value = valueOf(items[from], column, edits);
    const below = items.slice(from + 1).filter((one) => isFault(one, column) && hasValues(one));
    edit(below.map((one) => [one.reject_id, { [column]: value === "" ? null : value }]));
  };
  const move = (event, at, column) => {
    if (event.key === "d" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      fillDown(at, column);
      return;
    }
    const step = event.key === "Enter" || event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    table.current.querySelector(`[data-cell="${at + step}:${column}"]`)?.focus();
  };
  return html`
    ${!isFixed && html`<p class="muted wide">Enter and the arrows move down and up. <kbd>Ctrl</kbd> <kbd>D</kbd> fills the cell's value down, into the wrong cells of its column.</p>`}
    <${TableBox} label="Rejects"><table class="rejects" ref=${table}>
      <thead><tr>${isOfMembers && html`<th scope="col">Member</th>`}<th scope="col" class="number">Line</th>${columns.map((one) => html`<th scope="col">${one}</th>`)}<th scope="col">Reason</th></tr></thead>
      <tbody>${items.map((reject, at) => html`
        <${Row} key=${reject.reject_id} reject=${reject} at=${at} columns=${columns} edited=${edits.get(reject.reject_id)} edit=${edit} move=${move} fill=${fillDown} isFixed=${isFixed} isOfMembers=${isOfMembers} split=${split} />`)}</tbody>
    </table><//>`;
}

const isFault = (reject, column) => reject.errors.some((one) => one.column === column);

// Of an archive, the line is that of a member.
const placeOf = (reject) => `line ${reject.line}${reject.job_id ? ` of ${visible(reject.member)}` : ""}`;

function Row({ reject, at, columns, edited, edit, move, fill, isFixed, isOfMembers, split }) {
  const reasons = reject.errors.map((one) => html`<li>${one.column ? html`<strong>${one.column}</strong> ` : ""}${visible(one.message)}</li>`);
  return html`<tr class=${edited ? "edited" : ""}>
    ${isOfMembers && html`<td data-label="Member">${visible(reject.member)}</td>`}
    <th scope="row" class="number" data-label="Line">${reject.line}</th>
    ${hasValues(reject) || isSplit(edited, columns)
      ? columns.map((column) => html`<${Cell} key=${column} reject=${reject} at=${at} column=${column} edited=${edited} edit=${edit} move=${move} fill=${fill} isFixed=${isFixed} />`)
      : html`<td colspan=${columns.length} class="fault"><${RawRecord} reject=${reject} columns=${columns} edit=${edit} isFixed=${isFixed} split=${split} /></td>`}
    <td><ul class="reasons">${reasons}</ul></td>
  </tr>`;
}

const isSplit = (edited, columns) => edited && columns.every((one) => one in edited);

function Cell({ reject, at, column, edited, edit, move, fill, isFixed }) {
  const isChanged = edited && column in edited;
  const value = (isChanged ? edited[column] : reject.values[column]) ?? "";
  const fault = isFault(reject, column);
  const kind = isChanged ? "changed" : fault ? "fault" : "";
  if (isFixed || reject.truncated) return html`<td class=${kind} data-label=${column}>${visible(value)}</td>`;
  const name = `${column} of ${placeOf(reject)}`;
  return html`<td class=${kind} data-label=${column}>
    <input data-cell=${`${at}:${column}`} aria-label=${name} aria-invalid=${fault && !isChanged} spellcheck=${false} value=${value} placeholder=${value === "" ? "empty" : ""}
      size=${Math.min(28, Math.max(6, String(value).length))} readonly=${value === MASK && !fault}
      onInput=${(event) => edit([[reject.reject_id, { [column]: event.target.value === "" ? null : event.target.value }]])}
      onKeyDown=${(event) => move(event, at, column)} />
    ${fault && html`<button type="button" class="fill" tabindex="-1" title="Fill down" aria-label=${`Fill ${column} down from ${placeOf(reject)}`} onClick=${() => fill(at, column)}>↓</button>`}
  </td>`;
}

// A record that could not be split into the fields of the file: its text is corrected instead.
function RawRecord({ reject, columns, edit, isFixed, split }) {
  const [text, setText] = useState(reject.raw);
  const fields = split(text);
  if (isFixed || reject.truncated) return html`<code>${visible(reject.raw)}</code>`;
  const fits = fields.length === columns.length;
  const take = () => edit([[reject.reject_id, Object.fromEntries(columns.map((one, at) => [one, fields[at]]))]]);
  return html`<form class="raw" onSubmit=${(event) => { event.preventDefault(); if (fits) take(); }}>
    <input aria-label=${`Text of ${placeOf(reject)}`} aria-invalid=${!fits} spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)} />
    <button disabled=${!fits}>${fits ? "Split" : `${fields.length} of ${columns.length} fields`}</button>
  </form>`;
}
