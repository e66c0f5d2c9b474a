// Starts the session, then shows the page of the URL.
import { html, render } from "./ui.js";
import { preload, Shell } from "./shell.js";
import { start } from "./session.js";
import { applyTheme } from "./theme.js";

applyTheme();
preload();
const root = document.getElementById("app");
const begin = () => {
  root.replaceChildren();
  render(html`<${Shell} />`, root);
};
start().then(begin, (error) => {
  root.replaceChildren(`The console cannot start: ${error.message}`);
});
