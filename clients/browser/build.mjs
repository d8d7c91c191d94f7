// Builds `dist`: an ES module, a script for a tag, and the trusted documents. Prints and limits their size.
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** "A few kB": what every visitor loads. */
const MAX_GZIP_BYTES = 5_120;

rmSync("dist", { recursive: true, force: true });
const options = { entryPoints: ["src/index.ts"], bundle: true, target: "es2022", logLevel: "warning" };
await Promise.all([
  build({ ...options, format: "esm", outfile: "dist/index.js", sourcemap: true }),
  build({ ...options, format: "iife", globalName: "quarry", minify: true, outfile: "dist/quarry.iife.js" }),
]);

const { keystrokesMutation, interactionMutation } = await import("./dist/index.js");
const documents = [keystrokesMutation, interactionMutation];
const hashed = documents.map((text) => [createHash("sha256").update(text).digest("hex"), text]);
writeFileSync("dist/persisted-documents.json", `${JSON.stringify(Object.fromEntries(hashed), null, 2)}\n`);

const script = readFileSync("dist/quarry.iife.js");
const compressed = gzipSync(script, { level: 9 }).length;
console.log(`dist/quarry.iife.js: ${script.length} bytes, ${compressed} with gzip`);
if (compressed > MAX_GZIP_BYTES) throw new Error(`more than ${MAX_GZIP_BYTES} bytes`);
