// The files that were chosen: what is suggested and checked before they are sent, and their order.
import { batch, effect, signal } from "./ui.js";
import { get, send } from "./api.js";
import { rulesOf } from "./dialect.js";
import { matchColumns, previewOf, readHead, suggestDataset, withHeader } from "./head.js";
import { forget, remember, remembered } from "./mapping.js";
import { Transfer } from "./transfer.js";

const AT_ONCE = 3;
const UNCHECKED = "A file of this kind and size is checked when it is loaded.";
const ARCHIVE = "An archive: each file in it becomes a job of its own, and is checked when it is loaded.";
export const transfers = signal([]);
export const datasets = signal([]);

export async function loadDatasets() {
  if (!datasets.value.length) datasets.value = (await get(["datasets"])).items;
}

export async function addFiles(files) {
  // The list of an input is emptied by the input.
  const chosen = [...files];
  await loadDatasets();
  const added = chosen.map((file) => {
    const transfer = new Transfer(file);
    transfer.head = null;
    transfer.isRead = signal(false);
    transfer.mapping = signal(null);
    transfer.preview = signal(null);
    transfer.previewError = signal(null);
    return transfer;
  });
  transfers.value = [...transfers.value, ...added];
  // One after another: a thousand files are not read at once.
  for (const transfer of added) {
    await read(transfer);
    transfer.isRead.value = true;
    await chooseDataset(transfer, suggestDataset(transfer.file.name, transfer.head, datasets.value));
  }
}

// Read the head as files of the dataset are written, unless it was.
async function read(transfer) {
  const dataset = datasets.value.find((one) => one.name === transfer.dataset.value);
  const { encoding, delimiter } = transfer.options.value;
  const rules = { ...rulesOf(dataset), delimiter: delimiter || (dataset?.delimiter ?? undefined) };
  const readAs = JSON.stringify([encoding, rules]);
  if (transfer.readAs === readAs) return;
  transfer.readAs = readAs;
  const head = await readHead(transfer.file, encoding, rules);
  // Another dataset may have been chosen meanwhile.
  if (transfer.readAs === readAs) transfer.head = head;
}

export async function chooseDataset(transfer, name) {
  batch(() => {
    transfer.dataset.value = name;
    transfer.preview.value = null;
    transfer.previewError.value = null;
    transfer.mapping.value = null;
  });
  transfer.content = transfer.file;
  await read(transfer);
  if (!name || transfer.dataset.value !== name) return;
  const known = remembered(name, transfer.head.header);
  if (known) await mapColumns(transfer, known);
  else await check(transfer);
}

export async function mapColumns(transfer, columns) {
  transfer.mapping.value = columns;
  transfer.content = withHeader(transfer.file, transfer.head, columns);
  remember(transfer.dataset.value, transfer.head.header, columns);
  await check(transfer);
}

export async function unmapColumns(transfer) {
  forget(transfer.dataset.value, transfer.head.header);
  await chooseDataset(transfer, transfer.dataset.value);
}

export async function chooseOptions(transfer, options) {
  transfer.options.value = options;
  await chooseDataset(transfer, transfer.dataset.value);
}

export function proposedColumns(transfer) {
  const dataset = datasets.value.find((one) => one.name === transfer.dataset.value);
  return dataset ? matchColumns(transfer.head.header, dataset) : [];
}

// The service reads the first records with the rules that the load will use.
async function check(transfer) {
  const name = transfer.dataset.value;
  const options = transfer.options.value;
  const { content } = transfer;
  batch(() => {
    transfer.preview.value = null;
    transfer.previewError.value = null;
  });
  if (transfer.head.isArchive) {
    transfer.preview.value = { columns: [], records: [], warnings: [], note: ARCHIVE };
    return;
  }
  // What was chosen meanwhile is checked by itself.
  const isCurrent = () => transfer.dataset.value === name && transfer.options.value === options && transfer.content === content;
  const sample = previewOf(content, transfer.head);
  if (!sample) {
    transfer.preview.value = { columns: [], records: [], warnings: [], note: UNCHECKED };
    return;
  }
  try {
    const body = await sample.arrayBuffer();
    // As text, what is compressed or in UTF-16 would be changed on the way.
    const type = "application/octet-stream";
    const whole = sample.size === content.size;
    const query = { encoding: options.encoding, delimiter: options.delimiter, whole };
    const response = await send("POST", ["datasets", name, "preview"], { query, body, type });
    const preview = await response.json();
    if (isCurrent()) transfer.preview.value = preview;
  } catch (error) {
    if (isCurrent()) transfer.previewError.value = error;
  }
}

export function remove(transfer) {
  transfer.cancel();
  transfers.value = transfers.value.filter((one) => one !== transfer);
}

// A file that would be refused as a whole is not sent along with the others.
export const isReady = (one) => one.state.value === "ready" && one.dataset.value && !one.previewError.value;

export function sendAll() {
  for (const transfer of transfers.value.filter(isReady)) transfer.state.value = "queued";
}

export function clearSent() {
  transfers.value = transfers.value.filter((one) => !["sent", "cancelled"].includes(one.state.value));
}

effect(() => {
  const states = transfers.value.map((one) => one.state.value);
  const free = AT_ONCE - states.filter((one) => one === "sending").length;
  const next = transfers.value.filter((one) => one.state.value === "queued").slice(0, Math.max(0, free));
  if (next.length) queueMicrotask(() => next.forEach((one) => one.state.value === "queued" && one.start()));
});

addEventListener("beforeunload", (event) => {
  if (transfers.value.some((one) => ["sending", "queued", "paused"].includes(one.state.value))) event.preventDefault();
});
