// node check.mjs FILE: prints what the official AsyncAPI parser finds; exit code 1 on any error or warning.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const file = process.argv[2];
const { document, diagnostics } = await new Parser().parse(await readFile(file, "utf8"));
// Severity 0 is an error and 1 a warning; 2 and 3 are advice (for example that a newer version exists).
const findings = diagnostics.filter((finding) => finding.severity <= 1);
for (const finding of findings) {
  console.error(`${finding.path.join(".")}: ${finding.message}`);
}
if (document === undefined || findings.length > 0) process.exit(1);
console.log(`${document.channels().all().length} channels, ${document.operations().all().length} operations: valid`);
