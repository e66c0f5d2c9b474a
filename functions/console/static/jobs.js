// Jobs that are being watched, kept up to date with one request for all of them.
import { signal } from "./ui.js";
import { get } from "./api.js";
import { isFinal } from "./parts.js";

export const watched = signal(new Map());
const SECONDS = { first: 0.5, most: 4 };
let timer = null;
let wait = SECONDS.first;

export function watch(jobId) {
  if (!watched.value.has(jobId)) watched.value = new Map(watched.value).set(jobId, null);
  wait = SECONDS.first;
  schedule();
}

const open = () => [...watched.value].filter(([, job]) => !job || !isFinal(job.state)).map(([id]) => id);

function schedule() {
  timer ??= setTimeout(poll, wait * 1000);
}

async function poll() {
  const ids = open();
  try {
    const found = ids.length === 1
      ? [await get(["jobs", ids[0]])]
      : (await get(["jobs"], { query: { limit: 200 } })).items.filter((job) => ids.includes(job.job_id));
    const next = new Map(watched.value);
    for (const job of found) {
      const before = next.get(job.job_id);
      if (JSON.stringify(before?.progress) !== JSON.stringify(job.progress) || before?.state !== job.state) wait = SECONDS.first;
      next.set(job.job_id, job);
    }
    watched.value = next;
  } catch {
    // The next round asks again; a lost connection shows in the transfer itself.
  }
  timer = null;
  wait = Math.min(SECONDS.most, wait * 1.3);
  if (open().length) schedule();
}
