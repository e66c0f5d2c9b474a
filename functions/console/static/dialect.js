// How CSV files of a dataset are written: where a record ends, its fields, and a field of it.
const CODES = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

export const STANDARD = { quote: '"', escape: null, escape_codes: false };

export const rulesOf = ({ quote, escape, escape_codes: codes } = STANDARD) => ({ quote, escape, escape_codes: codes });

// Whether an escape has a meaning here: in quotes, and everywhere if there are no quotes or it has codes.
const escapes = (isQuoted, { quote, escape_codes: codes }) => isQuoted || !quote || codes;

// The end of the record that begins at `begin`, with its line end; fields may have line ends.
export function recordEnd(data, begin, rules = STANDARD) {
  const { quote, escape } = rules;
  const [mark, skip] = [quote, escape].map((one) => one?.charCodeAt(0));
  let isQuoted = false;
  for (let at = begin; at < data.length; at += 1) {
    if (data[at] === skip && escapes(isQuoted, rules)) at += data[at + 1] === 13 && data[at + 2] === 10 ? 2 : 1;
    else if (data[at] === mark) isQuoted = !isQuoted;
    else if (!isQuoted && data[at] === 10) return at + 1;
    else if (!isQuoted && data[at] === 13) return data[at + 1] === 10 ? at + 2 : at + 1;
  }
  return data.length;
}

// The fields: their text, and how it is written.
function splitFields(line, delimiter, rules) {
  const { quote, escape } = rules;
  const fields = [];
  let [text, begin, isQuoted] = ["", 0, false];
  const end = (at) => fields.push({ text: text.trim(), written: line.slice(begin, at).trim() });
  for (let at = 0; at < line.length; at += 1) {
    const one = line[at];
    if (one === escape && at + 1 < line.length && escapes(isQuoted, rules)) { at += 1; text += escaped(line[at], delimiter, rules); }
    else if (isQuoted && one === quote && line[at + 1] === quote) { text += quote; at += 1; }
    else if (one === quote) isQuoted = !isQuoted;
    else if (one === delimiter && !isQuoted) { end(at); [text, begin] = ["", at + 1]; }
    else text += one;
  }
  end(line.length);
  return fields;
}

// What the escape and the character after it stand for; before most characters it is data.
function escaped(next, delimiter, { quote, escape, escape_codes: hasCodes }) {
  const others = quote && !hasCodes ? [] : [delimiter, "\n", "\r"];
  if ([quote, escape, ...others].includes(next)) return next;
  return (hasCodes && CODES[next]) || escape + next;
}

export const splitRecord = (line, delimiter, rules = STANDARD) => splitFields(line, delimiter, rules).map((one) => one.text);

// The values of a record: null where it is empty or an unquoted word for null.
export const valuesOf = (line, delimiter, rules, words) => splitFields(line, delimiter, rules)
  .map(({ text, written }) => (text === "" || words.includes(written) ? null : text));

// A field that is read as this text; without quotes and escape some are not possible.
export function written(text, delimiter, { quote, escape } = STANDARD) {
  const isMark = (one) => [quote, escape, delimiter, "\n", "\r"].includes(one);
  if (![...text].some(isMark)) return text;
  if (!quote) return escape ? [...text].map((one) => (isMark(one) ? escape + one : one)).join("") : text;
  return quote + [...text].map((one) => (one === quote || one === escape ? (one === quote ? quote : escape) + one : one)).join("") + quote;
}

export const records = (rows, delimiter, rules) => rows.map((row) => row.map((one) => written(one, delimiter, rules)).join(delimiter) + "\n").join("");
