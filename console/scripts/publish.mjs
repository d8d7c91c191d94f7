// Copies the built files to assets/console with compressed variants, and lists them for the server. Prints and
// limits the size of what a browser loads first.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from "node:zlib";

const FROM = new URL("../dist/", import.meta.url);
const TO = new URL("../../assets/console/", import.meta.url);
/** The first load with gzip, in bytes. */
const MAX_FIRST_LOAD = 160 * 1_024;

const ENCODINGS = [
  {
    suffix: ".br",
    compress: (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
    decompress: brotliDecompressSync,
  },
  { suffix: ".gz", compress: (body) => gzipSync(body, { level: 9 }), decompress: gunzipSync },
];

/** A variant in place is kept if it has the same content: releases of zlib compress differently. */
function variant(name, body, { suffix, compress, decompress }) {
  const file = new URL(name + suffix, TO);
  const present = existsSync(file) ? readFileSync(file) : undefined;
  if (present && decompress(present).equals(body)) return present;
  const compressed = compress(body);
  writeFileSync(file, compressed);
  return compressed;
}

mkdirSync(TO, { recursive: true });
const names = readdirSync(FROM).filter((name) => name !== "licences.md").sort();
const kept = new Set(["documents.json", "files.rs", "licences.md"]);
const sizes = new Map();
for (const name of names) {
  const body = readFileSync(new URL(name, FROM));
  writeFileSync(new URL(name, TO), body);
  kept.add(name);
  const [brotli, gzip] = ENCODINGS.map((encoding) => {
    kept.add(name + encoding.suffix);
    return variant(name, body, encoding).length;
  });
  sizes.set(name, { identity: body.length, brotli, gzip });
}
writeFileSync(new URL("licences.md", TO), readFileSync(new URL("licences.md", FROM)));
for (const name of readdirSync(TO)) if (!kept.has(name)) rmSync(new URL(name, TO), { recursive: true });

const entries = names.map(
  (name) => `    ConsoleFile {
        name: "${name}",
        identity: include_bytes!("${name}"),
        brotli: include_bytes!("${name}.br"),
        gzip: include_bytes!("${name}.gz"),
    },`,
);
const list = `// Written by console/scripts/publish.mjs: the files of the console.\n&[\n${entries.join("\n")}\n]\n`;
writeFileSync(new URL("files.rs", TO), list);

const page = readFileSync(new URL("index.html", TO), "utf8");
const first = names.filter((name) => name === "index.html" || page.includes(`"console/${name}"`));
const total = (names, encoding) => names.reduce((sum, name) => sum + sizes.get(name)[encoding], 0);
const kB = (bytes) => `${(bytes / 1_000).toFixed(1)} kB`;
for (const [label, group] of [["first load", first], ["all files", names]]) {
  const [identity, gzip, brotli] = ["identity", "gzip", "brotli"].map((encoding) => kB(total(group, encoding)));
  console.log(`console, ${label}: ${brotli} with brotli, ${gzip} with gzip, ${identity} without`);
}
if (total(first, "gzip") > MAX_FIRST_LOAD) throw new Error(`the first load exceeds ${kB(MAX_FIRST_LOAD)} with gzip`);
