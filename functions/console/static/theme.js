// Light, dark, or as the system has it.
import { signal } from "./ui.js";

const KEY = "waybill.theme";
export const theme = signal(localStorage.getItem(KEY) ?? "auto");

export function applyTheme() {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}

export function chooseTheme(name) {
  theme.value = name;
  localStorage.setItem(KEY, name);
  applyTheme();
}
