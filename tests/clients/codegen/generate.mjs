// Runs the client preset over search.ts as its command line does, which would install fifty loaders more:
// types into generated/gql, and persisted-documents.json.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { buildSchema, parse } from "graphql";

// The committed schema: what introspection tells lacks @oneOf.
const sdl = readFileSync("../../schema.graphql", "utf8");
const source = readFileSync("codegen/search.ts", "utf8");
const documents = [...source.matchAll(/graphql\(`([^`]*)`\)/g)].map(([, rawSDL], n) => ({
  location: `codegen/search.ts#${n}`,
  rawSDL,
  document: parse(rawSDL),
}));
const folder = "generated/gql/";
const sections = await preset.buildGeneratesSection({
  baseOutputDir: folder,
  schema: parse(sdl),
  schemaAst: buildSchema(sdl),
  documents,
  plugins: [],
  pluginMap: {},
  presetConfig: { persistedDocuments: { hashAlgorithm: "sha256" } },
  config: {
    documentMode: "string",
    strictScalars: true,
    scalars: { AttributeValue: "string | number | boolean", DateTime: "string", JSON: "unknown", Long: "number" },
    useTypeImports: true,
    importExtension: ".js",
  },
});
mkdirSync(folder, { recursive: true });
await Promise.all(sections.map(async (section) => writeFileSync(section.filename, await codegen(section))));
