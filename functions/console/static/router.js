// Pages by the fragment of the URL, `#/jobs/{id}?state=FAILED`: one document serves them all.
import { computed, signal } from "./ui.js";

const fragment = signal(location.hash);
addEventListener("hashchange", () => { fragment.value = location.hash; });

export const route = computed(() => {
  const [path, query] = fragment.value.replace(/^#\/?/, "").split("?");
  return {
    parts: path.split("/").filter(Boolean).map(decodeURIComponent),
    query: new URLSearchParams(query ?? ""),
  };
});

export function href(parts, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value);
  const text = new URLSearchParams(given).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export function go(parts, query) {
  location.hash = href(parts, query);
}

// Changes the query of the present page without a new entry in the history.
export function refine(query) {
  const url = href(route.value.parts, query);
  history.replaceState(null, "", url);
  fragment.value = url;
}
