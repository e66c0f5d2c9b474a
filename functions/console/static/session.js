// Who is logged in. The token lives in the memory of the tab and in its session storage, so that a
// reload keeps it; a refresh token lives in memory only.
import { computed, signal } from "./ui.js";

const KEY = "waybill.token";
const LEEWAY_SECONDS = 60;
const ROLES = ["reader", "loader", "admin"];

export const token = signal(null);
export const notice = signal("");
let settings = { login: "local" };
let refreshToken = null;
let renewing = null;

const decode = (part) =>
  JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0))));

export const claims = computed(() => {
  try {
    return token.value ? decode(token.value.split(".")[1]) : {};
  } catch {
    return {};
  }
});

export const account = computed(() => {
  const { sub, username, email, name, roles, ...rest } = claims.value;
  const groups = [roles, rest["cognito:groups"], rest[settings.roles_claim]].flat().filter(Boolean);
  const held = groups.flatMap((one) => String(one).split(" "));
  const rank = Math.max(-1, ...held.map((one) => ROLES.indexOf(one)));
  return { name: name || email || username || sub || "", role: ROLES[rank] ?? "none", rank };
});

export const canLoad = computed(() => account.value.rank >= 1);
export const isAdmin = computed(() => account.value.rank >= 2);

const secondsLeft = () => (claims.value.exp ?? Infinity) - Date.now() / 1000;

function keep(value) {
  token.value = value;
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

export function useToken(value) {
  refreshToken = null;
  keep(value.trim());
  settings = { ...settings, isPasted: true };
  notice.value = "";
}

export function signOut(why = "") {
  keep(null);
  refreshToken = null;
  notice.value = why;
}

// A token that is valid for the next minute; none for who has logged out, who is not logged in again
// by a request that was on its way.
export async function accessToken() {
  if (!token.value || secondsLeft() > LEEWAY_SECONDS) return token.value;
  renewing ??= renew().finally(() => { renewing = null; });
  await renewing;
  return token.value;
}

async function renew() {
  if (settings.isPasted) return;
  if (settings.login === "local") await startLocalSession();
  else if (refreshToken) await exchange({ grant_type: "refresh_token", refresh_token: refreshToken });
}

async function startLocalSession() {
  const before = token.value;
  const response = await fetch("session", { method: "POST" });
  // Somebody has logged out, or pasted a token, meanwhile.
  if (token.value !== before) return;
  if (response.ok) keep((await response.json()).access_token);
  else notice.value = "This browser belongs to another user than the stack. Paste a token of `waybill token`.";
}

// Called once, before the first page is shown.
export async function start() {
  settings = await (await fetch("config.json")).json();
  keep(sessionStorage.getItem(KEY));
  if (token.value && secondsLeft() > LEEWAY_SECONDS) {
    finishRedirect(false);
    return;
  }
  keep(null);
  if (settings.login === "local") await startLocalSession();
  else await finishRedirect(true);
}

export const isLocal = () => settings.login === "local";
// Without a client of the issuer's people bring a token.
export const takesToken = () => settings.login !== "issuer";

const base64url = (data) =>
  btoa(String.fromCharCode(...new Uint8Array(data))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const home = () => `${location.origin}${location.pathname}`;

async function endpoints() {
  if (settings.authorization_endpoint) return settings;
  const response = await fetch(`${settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  return response.json();
}

// The authorization code flow with PKCE: no secret is in the page.
export async function logIn() {
  const [verifier, state] = [randomText(), randomText()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  sessionStorage.setItem("waybill.login", JSON.stringify({ verifier, state, hash: location.hash }));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: settings.client_id,
    redirect_uri: home(),
    scope: settings.scope,
    state,
    code_challenge: base64url(digest),
    code_challenge_method: "S256",
  });
  location.assign(`${(await endpoints()).authorization_endpoint}?${query}`);
}

async function finishRedirect(isExpected) {
  const query = new URLSearchParams(location.search);
  const begun = JSON.parse(sessionStorage.getItem("waybill.login") ?? "null");
  sessionStorage.removeItem("waybill.login");
  if (!query.has("state")) return;
  history.replaceState(null, "", `${home()}${begun?.hash ?? ""}`);
  // Replacing the state is no navigation for the router.
  dispatchEvent(new Event("hashchange"));
  if (!isExpected) return;
  // A response that this tab did not ask for is somebody else's.
  if (!begun || begun.state !== query.get("state")) {
    notice.value = "The log-in was begun in another tab. Log in again.";
  } else if (query.has("code")) {
    await exchange({ grant_type: "authorization_code", code: query.get("code"), code_verifier: begun.verifier, redirect_uri: home() });
  } else {
    notice.value = query.get("error_description") ?? query.get("error") ?? "The log-in failed.";
  }
}

async function exchange(fields) {
  const before = token.value;
  const body = new URLSearchParams({ client_id: settings.client_id, ...fields });
  const response = await fetch((await endpoints()).token_endpoint, { method: "POST", body });
  if (token.value !== before) return;
  if (!response.ok) {
    signOut("The log-in has ended. Log in again.");
    return;
  }
  const answer = await response.json();
  refreshToken = answer.refresh_token ?? refreshToken;
  keep(answer.access_token);
}
