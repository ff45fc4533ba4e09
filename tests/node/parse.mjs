// What the AsyncAPI parser says of a document: a line of JSON for each complaint, and one with what it has read.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Parser } from "@asyncapi/parser";

const source = path.resolve(process.argv[2]);
const { document, diagnostics } = await new Parser().parse(await readFile(source, "utf8"), { source });
for (const { severity, code, message, path: where } of diagnostics) {
  console.log(JSON.stringify({ severity, code, message, where: where.join(".") }));
}
const names = (items) => items?.all().map((item) => item.id()).sort() ?? [];
console.log(
  JSON.stringify({
    channels: names(document?.allChannels()),
    operations: names(document?.allOperations()),
    messages: names(document?.allMessages()),
  }),
);
