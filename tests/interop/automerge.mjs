// Loads the files of `phaki export --format automerge` and compares them with the exported JSON.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as Automerge from "@automerge/automerge";

const [folder, lines] = process.argv.slice(2);
const documents = new Map(
  readFileSync(lines, "utf8").trim().split("\n").map((line) => JSON.parse(line)).map((one) => [one.id, one]),
);

// The leaves of a document by the texts of their paths, without the ids of list items.
function* leaves(value, path) {
  if (Array.isArray(value)) {
    for (const item of value) yield* leaves(item, [...path, "#"]);
  } else if (value !== null && typeof value === "object") {
    for (const [key, inner] of Object.entries(value)) yield* leaves(inner, [...path, key]);
  } else {
    yield `${path.join("/")}=${JSON.stringify(value)}`;
  }
}

const plain = (path) =>
  path.split("/").map((part) => (part.startsWith("#") ? "#" : part.replace("~1", "/").replace("~0", "~"))).join("/");
const isStructure = (path) => ["~o", "~e", "~t"].includes(path.split("/").at(-1));

let compared = 0;
const files = readdirSync(folder).filter((file) => file.endsWith(".automerge"));
for (const file of files) {
  const id = file.replace(".automerge", "");
  const loaded = Automerge.toJS(Automerge.load(new Uint8Array(readFileSync(join(folder, file)))));
  const found = Object.entries(loaded)
    .filter(([path]) => !isStructure(path))
    .map(([path, value]) => `${plain(path)}=${JSON.stringify(value)}`)
    .sort();
  const { id: _id, kind: _kind, ...fields } = documents.get(id);
  const wanted = [...leaves(fields, [])].sort();
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    console.error(id, found, wanted);
    process.exit(1);
  }
  compared += found.length;
}
if (files.length !== documents.size) throw new Error(`${files.length} files of ${documents.size} documents`);
console.log(`@automerge/automerge: ${files.length} documents with ${compared} values are equal`);
