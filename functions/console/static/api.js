// Requests to the API, which is on the console's own origin.
import { accessToken, signOut, token } from "./session.js";

const BASE = new URL("api/v1", document.baseURI).pathname;
const ATTEMPTS = 4;

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || document.message || `The request failed: ${status}.`);
    this.status = status;
    this.document = document;
    this.kind = String(document.type ?? "").split("/").pop();
  }
}

function url(path, query) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== "" && value !== null);
  const text = new URLSearchParams(given).toString();
  return `${BASE}/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function documentOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

// `path` is a list of segments. A busy service is asked again; a request that may have had an
// effect only where its answer says that it had none.
export async function send(method, path, { query, body, type, accept, signal } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    const used = await accessToken();
    if (!used) throw new Problem(401, { detail: "You have logged out." });
    const headers = { Authorization: `Bearer ${used}`, Accept: accept ?? "application/json" };
    if (body !== undefined) headers["Content-Type"] = type ?? "application/json";
    let response;
    try {
      const content = body === undefined || type ? body : JSON.stringify(body);
      response = await fetch(url(path, query), { method, headers, body: content, signal });
    } catch (error) {
      if (signal?.aborted || method !== "GET" || attempt >= ATTEMPTS) {
        throw signal?.aborted ? error : new Problem(0, { detail: "The service cannot be reached." });
      }
      await pause(400 * 2 ** attempt);
      continue;
    }
    if (response.ok) return response;
    if (response.status === 401) {
      // A newer token may be accepted.
      if (used === token.value) signOut("The token is no longer accepted.");
    } else if ([429, 503].includes(response.status) && attempt < ATTEMPTS) {
      await pause(1000 * Math.min(8, Number(response.headers.get("Retry-After")) || 2 ** attempt));
      continue;
    }
    throw new Problem(response.status, await documentOf(response));
  }
}

const json = (method) => async (path, options) => (await send(method, path, options)).json();
export const get = json("GET");
export const post = json("POST");
export const remove = json("DELETE");

// All pages of a list, with what the first has besides its items.
export async function allPages(path, query, signal) {
  const first = await get(path, { query, signal });
  const items = [...first.items];
  for (let next = first.next_cursor; next;) {
    const page = await get(path, { query: { ...query, cursor: next }, signal });
    items.push(...page.items);
    next = page.next_cursor;
  }
  return { ...first, items };
}

const MEDIA_TYPES = {
  csv: "text/csv", jsonl: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet", arrow: "application/vnd.apache.arrow.file",
};

// The next page of a file, by the response's own link.
const nextCursor = (response) => /[?&]cursor=([^&>]+)[^>]*>; *rel="next"/.exec(response.headers.get("Link") ?? "")?.[1];

// The files of a list in a format, from all its pages: text becomes one file, CSV with its header once.
export async function allFiles(path, query, format) {
  const isText = format === "csv" || format === "jsonl";
  const blocks = [];
  for (let cursor = ""; blocks.length === 0 || cursor;) {
    const response = await send("GET", path, { query: { ...query, cursor }, accept: MEDIA_TYPES[format] });
    const block = isText ? await response.text() : await response.blob();
    blocks.push(format === "csv" && blocks.length ? block.slice(block.indexOf("\n") + 1) : block);
    cursor = decodeURIComponent(nextCursor(response) ?? "");
  }
  return isText ? [new Blob(blocks, { type: MEDIA_TYPES[format] })] : blocks;
}
