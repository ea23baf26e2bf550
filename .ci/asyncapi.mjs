// Reads an AsyncAPI document with the parser of those who wrote the specification, and says what is wrong.
// Usage: node asyncapi.mjs FOLDER_OF_NODE_MODULES DOCUMENT

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, path] = process.argv.slice(2);
const { Parser } = createRequire(`${folder}/`)("@asyncapi/parser");

const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
const SAYS = ["error", "warning", "information", "hint"];
for (const { severity, path, message } of diagnostics) {
  console.log(`${SAYS[severity]}: /${path.join("/")}: ${message}`);
}
const wrong = diagnostics.filter(({ severity }) => severity < 2).length;
if (!document || wrong > 0) process.exit(1);
console.log(`AsyncAPI ${document.version()}: ${document.channels().length} channels, ${document.allMessages().length} messages`);
