// Pieces that several pages show.
import { html, useCallback, useEffect, useRef, useState } from "./ui.js";
import { count, localTime, time, visible } from "./format.js";

const NOT_FINAL = ["AWAITING_UPLOAD", "LANDED", "EXTRACTING", "LOADING", "MERGING", "REVERTING"];
export const isFinal = (state) => !NOT_FINAL.includes(state);

const TONES = {
  COMPLETED: "good", COMPLETED_WITH_REJECTS: "warn", FAILED: "bad",
  CANCELLED: "quiet", EXPIRED: "quiet", DUPLICATE: "quiet", REVERTED: "quiet",
};
const WORDS = {
  AWAITING_UPLOAD: "Awaiting upload", LANDED: "Landed", EXTRACTING: "Extracting", LOADING: "Loading",
  MERGING: "Merging", COMPLETED: "Completed", COMPLETED_WITH_REJECTS: "Completed with rejects",
  FAILED: "Failed", CANCELLED: "Cancelled", DUPLICATE: "Duplicate", EXPIRED: "Expired", REVERTED: "Reverted",
  REVERTING: "Reverting",
};
export const STATES = Object.keys(WORDS);
export const stateName = (state) => WORDS[state] ?? state;

// What becomes of a record; the counts of a waybill.
export const CLASSES = [
  ["inserted", "Inserted"], ["updated", "Updated"], ["unchanged", "Unchanged"], ["superseded", "Superseded"],
  ["filtered", "Filtered"], ["rejected", "Rejected"], ["pending_reference", "Pending reference"], ["erased", "Erased"],
  ["withdrawn", "Withdrawn"],
];

export const State = ({ state }) => html`<span class=${`state ${TONES[state] ?? "busy"}`}>${stateName(state)}</span>`;

export const Time = ({ value }) =>
  value ? html`<time datetime=${value} title=${localTime(value)}>${time(value)}</time>` : html`<span>–</span>`;

export function Failure({ error, again }) {
  const errors = error.document?.errors ?? [];
  return html`
    <div class="failure" role="alert">
      <p>${visible(error.message)}</p>
      ${errors.length > 0 && html`<ul>${errors.slice(0, 20).map((one) => html`<li>${one.pointer && html`<code>${visible(one.pointer)}</code> `}${visible(one.message)}</li>`)}</ul>`}
      ${again && error.status !== 404 && html`<button type="button" onClick=${again}>Try again</button>`}
    </div>`;
}

export const Progress = ({ value, max, label }) => html`
  <progress class="bar" aria-label=${label} max=${max || 1} value=${Math.min(value, max || 1)}></progress>`;

// Loads with `load(signal)` whenever `keys` change; what came before stays until then.
export function useLoaded(load, keys) {
  const [result, setResult] = useState({ data: null, error: null, isLoading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    setResult((before) => ({ ...before, isLoading: true }));
    load(controller.signal).then(
      (data) => controller.signal.aborted || setResult({ data, error: null, isLoading: false }),
      (error) => controller.signal.aborted || setResult((before) => ({ ...before, error, isLoading: false })),
    );
    return () => controller.abort();
  }, [...keys, turn]);
  return { ...result, reload: useCallback(() => setTurn((before) => before + 1), []) };
}

// Calls `action` every `milliseconds` while `isOn`, and not while the tab is hidden.
export function useInterval(action, milliseconds, isOn = true) {
  const latest = useRef(action);
  latest.current = action;
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setInterval(() => document.hidden || latest.current(), milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds, isOn]);
}

export const Figure = ({ label, value, tone }) => html`
  <div class=${`figure ${tone ?? ""}`}><dt>${label}</dt><dd>${typeof value === "number" ? count(value) : value}</dd></div>`;

// A table that scrolls by itself; its region can be reached with the keyboard.
export const TableBox = ({ label, isLong, children }) => html`
  <div class=${isLong ? "table long" : "table"} role="region" aria-label=${label} tabindex="0">${children}</div>`;
