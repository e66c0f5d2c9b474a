// openapi.json is a sibling of this page under every stage and prefix.
const page = window.location.pathname.replace(/\/+$/, "");
SwaggerUIBundle({
  dom_id: "#docs",
  url: page.replace(/[^/]*$/, "openapi.json"),
  deepLinking: true,
  docExpansion: "list",
  presets: [SwaggerUIBundle.presets.apis],
});
