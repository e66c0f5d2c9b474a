// The frame of every page: navigation, account, and the page itself.
import { html, useEffect, useRef, useState } from "./ui.js";
import { account, isAdmin, isLocal, logIn, notice, signOut, takesToken, token, useToken } from "./session.js";
import { href, route } from "./router.js";
import { chooseTheme, theme } from "./theme.js";
import { Failure } from "./parts.js";

const PAGES = [
  { name: "", title: "Upload", load: () => import("./pages/upload.js") },
  { name: "jobs", title: "Jobs", load: () => import("./pages/jobs.js") },
  { name: "datasets", title: "Datasets", load: () => import("./pages/datasets.js") },
  { name: "define", title: "Define a dataset", load: () => import("./pages/define.js"), isPart: true },
  { name: "analytics", title: "Analytics", load: () => import("./pages/analytics.js") },
  { name: "lookups", title: "Lookups", load: () => import("./pages/lookups.js") },
  { name: "sources", title: "Sources", load: () => import("./pages/sources.js"), isForAdmins: true },
  { name: "audit", title: "Audit", load: () => import("./pages/audit.js"), isForAdmins: true },
  { name: "operations", title: "Operations", load: () => import("./pages/operations.js"), isForAdmins: true },
];

// The page of the URL, loaded while the session starts; a failure is shown when it is opened.
export const preload = () => PAGES.find((page) => page.name === (route.value.parts[0] ?? ""))?.load().catch(() => {});

export function Shell() {
  const [isOpen, setOpen] = useState(false);
  const name = route.value.parts[0] ?? "";
  const main = useRef(null);
  const last = useRef(location.hash);
  useEffect(() => {
    setOpen(false);
    // A new page is announced, and the keyboard begins at its top.
    if (last.current !== location.hash.split("?")[0]) main.current?.focus();
    last.current = location.hash.split("?")[0];
  }, [route.value.parts.join("/")]);
  if (!token.value) return html`<${LogIn} />`;
  const pages = PAGES.filter((page) => !page.isForAdmins || isAdmin.value);
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>Skip to content</a>
    <header class="side">
      <a class="brand" href="#/">Waybill</a>
      <button class="menu" type="button" aria-expanded=${isOpen} aria-controls="nav" onClick=${() => setOpen(!isOpen)}>Menu</button>
      <div id="nav" class=${isOpen ? "nav open" : "nav"}>
        <nav aria-label="Pages">
          ${pages.filter((page) => !page.isPart).map((page) => html`
            <a key=${page.name} href=${href(page.name ? [page.name] : [])} aria-current=${page.name === name ? "page" : undefined}>${page.title}</a>`)}
        </nav>
        <${Account} />
      </div>
    </header>
    <main id="main" ref=${main} tabindex="-1"><${Page} key=${name} page=${pages.find((page) => page.name === name)} /></main>`;
}

function Page({ page }) {
  const [loaded, setLoaded] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    document.title = page ? `${page.title} · Waybill` : "Waybill";
    page?.load().then((module) => setLoaded(() => module.default), setError);
  }, [page]);
  if (!page) return html`<h1>No such page</h1><p>Choose one from the menu.</p>`;
  if (error) return html`<${Failure} error=${error} />`;
  return loaded ? html`<${loaded} />` : html`<p class="loading" aria-busy="true">${page.title}</p>`;
}

function Account() {
  const { name, role } = account.value;
  return html`
    <div class="account">
      <p><strong>${name}</strong> <span class="muted">${role}</span></p>
      <label class="field"><span>Theme</span>
        <select value=${theme.value} onChange=${(event) => chooseTheme(event.target.value)}>
          <option value="auto">System</option><option value="light">Light</option><option value="dark">Dark</option>
        </select>
      </label>
      <p class="links"><a href="api/v1/docs">API</a> <button class="link" type="button" onClick=${() => signOut()}>Log out</button></p>
    </div>`;
}

function LogIn() {
  const [text, setText] = useState("");
  return html`
    <main class="login" id="main">
      <h1>Waybill</h1>
      ${notice.value && html`<p role="alert" class="notice">${notice.value}</p>`}
      ${takesToken()
        ? html`<form onSubmit=${(event) => { event.preventDefault(); useToken(text); }}>
            <label class="field"><span>Token</span>
              <textarea rows="5" required spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)}></textarea>
            </label>
            ${isLocal() && html`<p class="muted">Printed by <code>waybill token</code>; <code>--role reader</code> for one that only reads.</p>`}
            <p class="row tight"><button class="primary">Use this token</button>
              ${isLocal() && html`<button type="button" onClick=${() => location.reload()}>Use the stack's own</button>`}</p>
          </form>`
        : html`<p>Log in to see jobs and to upload files.</p><button class="primary" type="button" onClick=${logIn}>Log in</button>`}
    </main>`;
}
