// How values are shown.
const whole = new Intl.NumberFormat("en-US");
const one = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
const two = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));
export const decimal = (value) => (value === null || value === undefined ? "–" : two.format(value));

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value, unit = 0;
  while (size >= 1000 && unit < units.length - 1) { size /= 1000; unit += 1; }
  return `${one.format(size)} ${units[unit]}`;
}

export function seconds(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${one.format(value)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;
}

// A time in UTC, as the API has it; the browser's own zone is in the tooltip.
export function time(text) {
  return text ? `${text.slice(0, 10)} ${text.slice(11, 19)}` : "–";
}

export const localTime = (text) => (text ? new Date(text).toLocaleString() : "");

export function ago(text) {
  if (!text) return "–";
  const passed = (Date.now() - Date.parse(text)) / 1000;
  if (passed < 5) return "now";
  if (passed < 60) return `${Math.round(passed)} s ago`;
  if (passed < 3600) return `${Math.round(passed / 60)} min ago`;
  if (passed < 86400) return `${Math.round(passed / 3600)} h ago`;
  return `${Math.round(passed / 86400)} d ago`;
}

// Control characters and marks that change the direction of text are shown as U+FFFD.
export const visible = (value) =>
  String(value ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

const KEPT = { ignored: "left out", rescued: "kept beside the row", rejected: "a reason to reject the record" };

// How a file differs from its table, as sentences; one for all columns that it lacks.
export function drifted(drift) {
  const missing = drift.filter((one) => one.change === "missing").map((one) => visible(one.column));
  const lacks = missing.length ? [`The file lacks ${missing.join(", ")}: rows that are there keep what they have.`] : [];
  return [...lacks, ...drift.filter((one) => one.change !== "missing").map(difference)];
}

function difference({ column, change, nearest, action, records, code }) {
  const name = visible(column);
  if (change === "retyped") return `Column ${name} has values of another type${records ? ` in ${plural(records, "record")}` : ""}: ${code}.`;
  const where = records ? ` in ${plural(records, "record")}` : "";
  return `The table has no column ${name}${nearest ? ` (nearest: ${nearest})` : ""}: ${KEPT[action] ?? action}${where}.`;
}

// The waybill of a revert as a sentence.
export function reverted({ removed, restored, reinserted, withdrawn }) {
  const kept = restored + reinserted;
  const dropped = withdrawn ? `, and ${plural(withdrawn, "pending record")} dropped` : "";
  return `Reverted: ${plural(removed, "row")} removed, ${plural(kept, "row")} as before${dropped}.`;
}

export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

export function csv(columns, rows, delimiter = ",") {
  const cell = (value) => {
    let text = String(value ?? "");
    // A spreadsheet would run it as a formula.
    if (/^[=+@\t\r]/.test(text) || /^-(?![\d.]+$)/.test(text)) text = `'${text}`;
    return /["\n\r]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(delimiter)).join("\n") + "\n";
}

export function download(name, content, type = "text/csv") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
