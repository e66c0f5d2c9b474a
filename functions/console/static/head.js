// The first lines of a file in the browser: enough to suggest a dataset and to map its header.
// What the file means is decided by the service: see the preview.
const HEAD_BYTES = 256 * 1024;
const PREVIEW_BYTES = 1024 ** 2;
// Parquet, Arrow and Excel are read as a whole, or not at all.
const WHOLE_PREVIEW_BYTES = 3 * 1024 ** 2;
const FOOTER_BYTES = 64 * 1024;
const DELIMITERS = [",", ";", "\t", "|"];

export async function readHead(file) {
  const data = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const isWide = data[0] === 0xff && data[1] === 0xfe;
  if (!isWide && (isCompressed(data) || data.slice(0, 512).includes(0))) return await binaryHead(file, data);
  const text = new TextDecoder(isWide ? "utf-16le" : "utf-8").decode(data);
  const line = text.split(/\r?\n/, 1)[0];
  const counted = DELIMITERS.map((one) => [one, splitLine(line, one).length]);
  const delimiter = counted.sort((a, b) => b[1] - a[1])[0][0];
  const lineEnd = data.indexOf(10);
  return {
    header: splitLine(line, delimiter),
    delimiter,
    // Whether the header can be replaced by another one.
    isText: !isWide && !/^\s*[[{]/.test(text),
    headerBytes: lineEnd < 0 ? data.length : lineEnd + 1,
  };
}

// gzip, bzip2, zstd.
const isCompressed = (data) => ["\u001f\u008b", "BZh", "\u0028\u00b5\u002f\u00fd"].some((kind) => [...kind].every((one, at) => data[at] === one.charCodeAt(0)));

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

// The dataset whose columns the header names best; without a header the name of the file decides.
export function suggestDataset(filename, head, datasets) {
  const scored = datasets.map((dataset) => {
    const matched = new Set(matchColumns(head.header, dataset).filter(Boolean)).size;
    const columns = Object.keys(dataset.schema.properties).length;
    const named = Object.keys(dataset.schema.properties).filter((name) => head.names?.includes(name.toLowerCase()));
    const share = Math.max(matched, named.length) / Math.max(columns, head.header.length);
    const stem = plain(filename.replace(/\..*$/, ""));
    const isNamed = stem === dataset.name ? 0.6 : stem.startsWith(dataset.name) ? 0.5 : 0;
    const isAsWide = columns === head.header.length ? 0.1 : 0;
    return { dataset, score: Math.max(share, isNamed + isAsWide) };
  });
  const best = scored.sort((a, b) => b.score - a.score)[0];
  return best && best.score >= 0.5 ? best.dataset.name : "";
}

// The file with another header; its records are not read.
export function withHeader(file, head, columns) {
  const cell = (name) => (name.includes(head.delimiter) ? `"${name}"` : name);
  const header = columns.map(cell).join(head.delimiter) + "\n";
  return new Blob([header, file.slice(head.headerBytes)], { type: file.type });
}

// What to send for a preview; null for a file that is too large to be sent as a whole.
export function previewOf(content, head) {
  if (!head.mustBeWhole) return content.slice(0, PREVIEW_BYTES);
  return content.size <= WHOLE_PREVIEW_BYTES ? content : null;
}
