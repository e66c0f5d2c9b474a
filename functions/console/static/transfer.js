// Sends one file to S3: a form for small files, parts that can be paused and resumed for others.
import { batch, signal } from "./ui.js";
import { post } from "./api.js";
import { watch } from "./jobs.js";

const PARTS_FROM_BYTES = 16 * 1024 ** 2;
const AT_ONCE = 3;
const ATTEMPTS = 5;
let number = 0;

class Refused extends Error {}

export class Transfer {
  constructor(file) {
    number += 1;
    this.id = number;
    this.file = file;
    // What is sent; it differs from the file where its header is replaced.
    this.content = file;
    this.dataset = signal("");
    this.state = signal("ready");
    this.sent = signal(0);
    this.rate = signal(0);
    this.error = signal("");
    this.jobId = signal(null);
    // How the file is written, where it does not tell, and whether it is checked only.
    this.options = signal({ encoding: "", delimiter: "", dryRun: false });
    this.parts = [];
    this.running = new Set();
  }

  get size() {
    return this.content.size;
  }

  get isPausable() {
    return this.size > PARTS_FROM_BYTES;
  }

  // One run at a time: a run that was paused may still wait for an answer, and a second one
  // beside it would ask for a second job and send its parts there.
  start() {
    this.state.value = "sending";
    this.error.value = "";
    this.last = (this.last ?? Promise.resolve()).then(() => this.run());
    return this.last;
  }

  async run() {
    if (this.state.value !== "sending") return;
    this.begun = { at: performance.now(), sent: this.sent.value };
    try {
      if (!this.upload) await this.request();
      if (this.state.value !== "sending") return;
      if (this.upload.method === "MULTIPART") await this.sendParts();
      else await this.sendForm();
      if (this.state.value !== "sending") return;
      this.state.value = "sent";
      watch(this.jobId.value);
    } catch (error) {
      if (this.state.value === "sending") this.fail(error);
    }
  }

  async request() {
    const { encoding, delimiter, dryRun } = this.options.value;
    const upload = await post(["uploads", this.dataset.value], {
      body: {
        filename: this.file.name.replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, "_"), size_bytes: this.size, multipart: this.isPausable, dry_run: dryRun,
        ...(encoding && { encoding }), ...(delimiter && { delimiter }),
      },
    });
    batch(() => {
      this.upload = upload;
      this.jobId.value = upload.job_id;
    });
    let start = 0;
    this.parts = (upload.parts ?? []).map((part) => {
      const one = { ...part, start, sent: 0, etag: null };
      start += part.size_bytes;
      return one;
    });
  }

  pause() {
    this.state.value = "paused";
    this.abort();
  }

  cancel() {
    this.state.value = "cancelled";
    this.abort();
  }

  // A form is sent anew from the beginning, parts go on where they were.
  resume() {
    return this.start();
  }

  abort() {
    for (const request of this.running) request.abort();
    this.running.clear();
  }

  fail(error) {
    this.abort();
    // A job that S3 refused, or whose form has expired, is asked for again.
    if (error instanceof Refused) this.upload = null;
    batch(() => {
      this.error.value = error.message;
      this.state.value = "failed";
    });
  }

  measure() {
    const done = this.parts.reduce((sum, part) => sum + part.sent, 0);
    this.sent.value = done;
    const passed = (performance.now() - this.begun.at) / 1000;
    if (passed > 0.3) this.rate.value = Math.max(0, done - this.begun.sent) / passed;
  }

  async sendForm() {
    const form = new FormData();
    for (const [name, value] of Object.entries(this.upload.fields)) form.append(name, value);
    form.append("file", this.content, this.file.name);
    this.parts = [{ sent: 0 }];
    await this.put("POST", this.upload.url, form, this.parts[0], this.size);
  }

  async sendParts() {
    const todo = this.parts.filter((part) => !part.etag);
    const worker = async () => {
      for (let part = todo.shift(); part && this.state.value === "sending"; part = todo.shift()) {
        const slice = this.content.slice(part.start, part.start + part.size_bytes);
        part.etag = await this.put("PUT", part.url, slice, part, part.size_bytes);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (this.state.value !== "sending" || this.isComplete) return;
    const parts = this.parts.map(({ number, etag }) => ({ number, etag }));
    await post(["uploads", this.dataset.value, this.jobId.value, "complete"], { body: { parts } });
    this.isComplete = true;
  }

  async put(method, url, body, part, size) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(method, url, body, part, size);
      } catch (error) {
        if (this.state.value !== "sending" || error instanceof Refused || attempt >= ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt * (0.5 + Math.random())));
        if (this.state.value !== "sending") throw error;
      }
    }
  }

  once(method, url, body, part, size) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.running.add(request);
      const end = (act, value) => {
        this.running.delete(request);
        act(value);
      };
      request.open(method, url);
      request.upload.onprogress = (event) => {
        part.sent = Math.min(event.loaded, size);
        this.measure();
      };
      request.onload = () => {
        if (request.status < 300) {
          part.sent = size;
          this.measure();
          end(resolve, request.getResponseHeader("ETag"));
        } else if (request.status >= 500) {
          end(reject, new Error(`S3 is busy (${request.status}).`));
        } else {
          const code = /<Code>([^<]*)/.exec(request.responseText)?.[1] ?? request.status;
          end(reject, new Refused(`S3 refused the file: ${code}.`));
        }
      };
      request.onerror = () => end(reject, new Error("The connection was lost."));
      request.onabort = () => {
        part.sent = 0;
        end(reject, new Error("It was stopped."));
      };
      request.send(body);
    });
  }
}
