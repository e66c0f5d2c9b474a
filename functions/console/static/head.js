// The first lines of a file in the browser: enough to suggest a dataset and to map its header.
// What the file means is decided by the service: see the preview.
import { recordEnd, rulesOf, splitRecord, written } from "./dialect.js";

const HEAD_BYTES = 256 * 1024;
const PREVIEW_BYTES = 1024 ** 2;
// Parquet, Arrow and Excel are read as a whole, or not at all.
const WHOLE_PREVIEW_BYTES = 3 * 1024 ** 2;
const FOOTER_BYTES = 64 * 1024;
const DELIMITERS = [",", ";", "\t", "|"];
// Of the first line; a file may have none.
const LINE_CHARACTERS = 10_000;

// `encoding` is that of a text without a mark; `rules` have the dialect of the dataset, and a
// delimiter if it is not detected.
export async function readHead(file, encoding, rules = rulesOf()) {
  const data = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (isArchive(file.name, data)) return { header: [], delimiter: ",", isText: false, isArchive: true };
  const wide = wideEncoding(data, encoding);
  if (!wide && isGzip(data)) return { ...(await compressedHead(file, encoding, rules)), isText: false };
  if (!wide && (isCompressed(data) || data.slice(0, 512).includes(0))) return await binaryHead(file, data);
  return textHead(data, wide, encoding, rules);
}

// UTF-16, as chosen or by its mark.
function wideEncoding(data, encoding) {
  if (encoding?.startsWith("utf-16")) return encoding.replace("16-", "16");
  if (data[0] === 0xff && data[1] === 0xfe) return "utf-16le";
  return data[0] === 0xfe && data[1] === 0xff ? "utf-16be" : null;
}

function textHead(data, wide, encoding, rules) {
  const decode = (part) => new TextDecoder(wide || encoding || "utf-8").decode(part);
  // A line that names the separator, as Excel writes it, is none of the header.
  let [begin, end] = [0, recordEnd(data, 0, rules)];
  const separator = /^\s*"?sep=(.)/i.exec(decode(data.slice(0, end)))?.[1];
  if (separator) [begin, end] = [end, recordEnd(data, end, rules)];
  const line = wide ? decode(data).split(/\r?\n|\r/, 1)[0] : decode(data.slice(begin, end)).replace(/[\r\n]+$/, "");
  const declared = separator ?? rules.delimiter;
  const counted = DELIMITERS.map((one) => [one, splitRecord(line, one, rules).length]);
  const delimiter = declared ?? counted.sort((a, b) => b[1] - a[1])[0][0];
  return {
    header: splitRecord(line, delimiter, rules),
    line: line.slice(0, LINE_CHARACTERS),
    delimiter,
    isDeclared: Boolean(declared),
    rules,
    // Whether the header can be replaced by another one.
    isText: !wide && !/^\s*[[{]/.test(line),
    isUtf8: !encoding || encoding === "utf-8",
    // Where the text was cut, a character may be incomplete; elsewhere it is of another encoding.
    isForeign: !wide && /\ufffd(?!$)/.test(new TextDecoder().decode(data)),
    headerBytes: end,
    lineEnd: data[end - 2] === 13 ? "\r\n" : data[end - 1] === 13 ? "\r" : "\n",
  };
}

// A zip that is no workbook, a tar; of one that is compressed the name tells.
function isArchive(name, data) {
  const text = (from, to) => String.fromCharCode(...data.slice(from, to));
  if (/\.(tar(\.(gz|bz2|zst))?|tgz|tbz2?)$/i.test(name) || text(257, 262) === "ustar") return true;
  return /^PK(\x03\x04|\x05\x06)/.test(text(0, 4)) && !/xl\/|word\/|ppt\/|\[Content_Types\]\.xml|^.{30,50}mimetype/s.test(text(0, 4000));
}

const isGzip = (data) => data[0] === 0x1f && data[1] === 0x8b;

// The head of what is inside; it is cut where the part of the file that was read ends.
async function compressedHead(file, encoding, rules) {
  const reader = file.slice(0, HEAD_BYTES).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const blocks = [];
  try {
    for (let size = 0; size < HEAD_BYTES;) {
      const { done, value } = await reader.read();
      if (done) break;
      blocks.push(value);
      size += value.length;
    }
  } catch {
    // The stream is cut, or damaged; of that the service tells.
  }
  const data = new Uint8Array(await new Blob(blocks).arrayBuffer());
  if (data.slice(0, 512).includes(0)) return { header: [], delimiter: "," };
  return textHead(data, wideEncoding(data, encoding), encoding, rules);
}

// bzip2, zstd.
const isCompressed = (data) => ["BZh", "\u0028\u00b5\u002f\u00fd"].some((kind) => [...kind].every((one, at) => data[at] === one.charCodeAt(0)));

// A Parquet or Arrow file has the names of its columns in its footer or at its beginning.
async function binaryHead(file, data) {
  const begins = (...bytes) => bytes.every((byte, at) => data[at] === byte);
  const isParquet = begins(0x50, 0x41, 0x52, 0x31);
  const isArrow = begins(0x41, 0x52, 0x52, 0x4f, 0x57, 0x31, 0) || begins(0xff, 0xff, 0xff, 0xff);
  const part = isParquet ? file.slice(-FOOTER_BYTES) : file.slice(0, FOOTER_BYTES);
  const names = isParquet || isArrow ? (await part.text()).toLowerCase() : "";
  const mustBeWhole = isParquet || isArrow || begins(0x50, 0x4b, 3, 4);
  return { header: [], delimiter: ",", isText: false, names, mustBeWhole };
}

const plain = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");

// How each name of the header is understood: the column, or "" where there is none.
export function matchColumns(header, dataset) {
  const names = new Map();
  for (const column of Object.keys(dataset.schema.properties)) names.set(plain(column), column);
  for (const [alias, column] of Object.entries(dataset.aliases ?? {})) names.set(plain(alias), column);
  return header.map((name) => names.get(plain(name)) ?? "");
}

// The header as files of the dataset write it.
function headerFor(head, dataset) {
  if (head.line === undefined) return head.header;
  return splitRecord(head.line, head.isDeclared ? head.delimiter : dataset.delimiter ?? head.delimiter, rulesOf(dataset));
}

// How well a header fits, from 0 to 1: best if it can be loaded as it is.
function fit(head, dataset) {
  const columns = Object.keys(dataset.schema.properties);
  const header = headerFor(head, dataset);
  const matched = head.names
    ? new Set(columns.filter((name) => head.names.includes(name.toLowerCase())))
    : new Set(matchColumns(header, dataset).filter(Boolean));
  const precision = matched.size / (head.names ? matched.size : header.length);
  const recall = matched.size / columns.length;
  if (!matched.size) return 0;
  const isComplete = (dataset.schema.required ?? []).every((one) => matched.has(one));
  return precision === 1 && isComplete ? 0.9 + 0.1 * recall : (1.8 * precision * recall) / (precision + recall);
}

// The dataset whose columns the header names best; where that does not tell, the name of the file decides.
export function suggestDataset(filename, head, datasets) {
  const stem = plain(filename.replace(/\..*$/, ""));
  const scored = datasets.map((dataset) => {
    const isNamed = stem === dataset.name ? 0.6 : stem.startsWith(dataset.name) ? 0.5 : 0;
    const isAsWide = Object.keys(dataset.schema.properties).length === headerFor(head, dataset).length ? 0.1 : 0;
    return { dataset, score: Math.max(fit(head, dataset), isNamed && isNamed + isAsWide) + isNamed / 100 };
  });
  const best = scored.sort((a, b) => b.score - a.score)[0];
  return best && best.score >= 0.5 ? best.dataset.name : "";
}

// The file with another header; its records are not read.
export function withHeader(file, head, columns) {
  const header = columns.map((name) => written(name, head.delimiter, head.rules)).join(head.delimiter) + head.lineEnd;
  const bytes = head.isUtf8 ? header : Uint8Array.from(header, (one) => one.charCodeAt(0));
  return new Blob([bytes, file.slice(head.headerBytes)], { type: file.type });
}

// What to send for a preview; null for a file that is too large to be sent as a whole.
export function previewOf(content, head) {
  if (!head.mustBeWhole) return content.slice(0, PREVIEW_BYTES);
  return content.size <= WHOLE_PREVIEW_BYTES ? content : null;
}
