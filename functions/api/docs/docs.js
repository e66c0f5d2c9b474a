// The description lies beside this page, whatever stage or prefix the API is served under.
const page = window.location.pathname.replace(/\/+$/, "");
SwaggerUIBundle({
  dom_id: "#docs",
  url: page.replace(/[^/]*$/, "openapi.json"),
  deepLinking: true,
  docExpansion: "list",
  presets: [SwaggerUIBundle.presets.apis],
});
