// openapi.json is a sibling of this page under every stage and prefix.
const base = window.location.pathname.replace(/\/+$/, "").replace(/[^/]*$/, "");

// The viewer fills optional texts of a form with samples, such as a hash of no file, and sends them.
function withoutSampledTexts(description) {
  for (const operations of Object.values(description.paths)) {
    for (const operation of Object.values(operations)) {
      const form = operation.requestBody?.content["multipart/form-data"]?.schema;
      for (const [name, property] of Object.entries(form?.properties ?? {})) {
        const isText = property.type === "string" && !property.enum && property.format !== "binary";
        if (isText && !form.required?.includes(name)) delete form.properties[name];
      }
    }
  }
  return description;
}

fetch(`${base}openapi.json`)
  .then((response) => response.json())
  .then((description) => SwaggerUIBundle({
    dom_id: "#docs",
    spec: withoutSampledTexts(description),
    deepLinking: true,
    docExpansion: "list",
    presets: [SwaggerUIBundle.presets.apis],
  }));
