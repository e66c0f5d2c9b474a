// The first lines of a file in the browser: enough to suggest a dataset and to map its header.
// What the file means is decided by the service: see the preview.
const HEAD_BYTES = 256 * 1024;
const PREVIEW_BYTES = 1024 ** 2;
// Parquet, Arrow and Excel are read as a whole, or not at all.
const WHOLE_PREVIEW_BYTES = 3 * 1024 ** 2;
const FOOTER_BYTES = 64 * 1024;
const DELIMITERS = [",", ";", "\t", "|"];

// `encoding` is that of a text without a mark.
export async function readHead(file, encoding) {
  const data = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (isArchive(file.name, data)) return { header: [], delimiter: ",", isText: false, isArchive: true };
  const wide = wideEncoding(data, encoding);
  if (!wide && isGzip(data)) return { ...(await compressedHead(file, encoding)), isText: false };
  if (!wide && (isCompressed(data) || data.slice(0, 512).includes(0))) return await binaryHead(file, data);
  return textHead(data, wide, encoding);
}

// UTF-16, as chosen or by its mark.
function wideEncoding(data, encoding) {
  if (encoding?.startsWith("utf-16")) return encoding.replace("16-", "16");
  if (data[0] === 0xff && data[1] === 0xfe) return "utf-16le";
  return data[0] === 0xfe && data[1] === 0xff ? "utf-16be" : null;
}

function textHead(data, wide, encoding) {
  const decode = (part) => new TextDecoder(wide || encoding || "utf-8").decode(part);
  // A line that names the separator, as Excel writes it, is none of the header.
  let [begin, end] = [0, lineEnd(data, 0)];
  const separator = /^\s*"?sep=(.)/i.exec(decode(data.slice(0, end)))?.[1];
  if (separator) [begin, end] = [end, lineEnd(data, end)];
  const line = wide ? decode(data).split(/\r?\n|\r/, 1)[0] : decode(data.slice(begin, end)).replace(/[\r\n]+$/, "");
  const counted = DELIMITERS.map((one) => [one, splitLine(line, one).length]);
  const delimiter = separator ?? counted.sort((a, b) => b[1] - a[1])[0][0];
  return {
    header: splitLine(line, delimiter),
    delimiter,
    // Whether the header can be replaced by another one.
    isText: !wide && !/^\s*[[{]/.test(line),
    isUtf8: !encoding || encoding === "utf-8",
    // Where the text was cut, a character may be incomplete; elsewhere it is of another encoding.
    isForeign: !wide && /\ufffd(?!$)/.test(new TextDecoder().decode(data)),
    headerBytes: end,
    lineEnd: data[end - 2] === 13 ? "\r\n" : data[end - 1] === 13 ? "\r" : "\n",
  };
}

// The end of the line that begins at `begin`, with its line end; quotes may have line ends.
function lineEnd(data, begin) {
  let isQuoted = false;
  for (let at = begin; at < data.length; at += 1) {
    if (data[at] === 34) isQuoted = !isQuoted;
    else if (!isQuoted && data[at] === 10) return at + 1;
    else if (!isQuoted && data[at] === 13) return data[at + 1] === 10 ? at + 2 : at + 1;
  }
  return data.length;
}

// A zip that is no workbook, a tar; of one that is compressed the name tells.
function isArchive(name, data) {
  const text = (from, to) => String.fromCharCode(...data.slice(from, to));
  if (/\.(tar(\.(gz|bz2|zst))?|tgz|tbz2?)$/i.test(name) || text(257, 262) === "ustar") return true;
  return /^PK(\x03\x04|\x05\x06)/.test(text(0, 4)) && !/xl\/|word\/|ppt\/|\[Content_Types\]\.xml|^.{30,50}mimetype/s.test(text(0, 4000));
}

const isGzip = (data) => data[0] === 0x1f && data[1] === 0x8b;

// The head of what is inside; it is cut where the part of the file that was read ends.
async function compressedHead(file, encoding) {
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
  return textHead(data, wideEncoding(data, encoding), encoding);
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

export function splitLine(line, delimiter) {
  const fields = [];
  let field = "", isQuoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const one = line[at];
    if (isQuoted && one === '"' && line[at + 1] === '"') { field += '"'; at += 1; }
    else if (one === '"') isQuoted = !isQuoted;
    else if (one === delimiter && !isQuoted) { fields.push(field.trim()); field = ""; }
    else field += one;
  }
  return [...fields, field.trim()];
}

const plain = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");

// How each name of the header is understood: the column, or "" where there is none.
export function matchColumns(header, dataset) {
  const names = new Map();
  for (const column of Object.keys(dataset.schema.properties)) names.set(plain(column), column);
  for (const [alias, column] of Object.entries(dataset.aliases ?? {})) names.set(plain(alias), column);
  return header.map((name) => names.get(plain(name)) ?? "");
}

// How well a header fits, from 0 to 1: best if it can be loaded as it is.
function fit(head, dataset) {
  const columns = Object.keys(dataset.schema.properties);
  const matched = head.names
    ? new Set(columns.filter((name) => head.names.includes(name.toLowerCase())))
    : new Set(matchColumns(head.header, dataset).filter(Boolean));
  const precision = matched.size / (head.names ? matched.size : head.header.length);
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
    const isAsWide = Object.keys(dataset.schema.properties).length === head.header.length ? 0.1 : 0;
    return { dataset, score: Math.max(fit(head, dataset), isNamed && isNamed + isAsWide) + isNamed / 100 };
  });
  const best = scored.sort((a, b) => b.score - a.score)[0];
  return best && best.score >= 0.5 ? best.dataset.name : "";
}

// The file with another header; its records are not read.
export function withHeader(file, head, columns) {
  const cell = (name) => (name.includes(head.delimiter) ? `"${name}"` : name);
  const header = columns.map(cell).join(head.delimiter) + head.lineEnd;
  const written = head.isUtf8 ? header : Uint8Array.from(header, (one) => one.charCodeAt(0));
  return new Blob([written, file.slice(head.headerBytes)], { type: file.type });
}

// What to send for a preview; null for a file that is too large to be sent as a whole.
export function previewOf(content, head) {
  if (!head.mustBeWhole) return content.slice(0, PREVIEW_BYTES);
  return content.size <= WHOLE_PREVIEW_BYTES ? content : null;
}
