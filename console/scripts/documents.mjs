// Writes assets/console/documents.json: the operations of the console and of the browser client by their SHA-256,
// with the texts that they send, for servers with trusted documents.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { InMemoryCache } from "@apollo/client";
import { Kind, parse, print, visit } from "graphql";
import { transformWithOxc } from "vite";

const OPERATIONS = new URL("../src/operations/", import.meta.url);
const TYPES = new URL("../src/gql/graphql.ts", import.meta.url);
const CLIENT = new URL("../../clients/browser/src/documents.ts", import.meta.url);
const TARGET = new URL("../../assets/console/documents.json", import.meta.url);

/** Imports a TypeScript module without imports of its own at run time. */
async function load(url) {
  const { code } = await transformWithOxc(readFileSync(url, "utf8"), url.pathname);
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

const generated = await load(TYPES);
const names = readdirSync(OPERATIONS).flatMap((file) => {
  const found = [];
  visit(parse(readFileSync(new URL(file, OPERATIONS), "utf8")), {
    [Kind.OPERATION_DEFINITION]: ({ name }) => void found.push(name.value),
  });
  return found;
});
const cache = new InMemoryCache();
// Apollo adds the names of types before it sends an operation.
const own = names.sort().map((name) => print(cache.transformDocument(generated[`${name}Document`])));
const { keystrokesMutation, interactionMutation } = await load(CLIENT);
const texts = [...own, keystrokesMutation, interactionMutation];
const byHash = texts.map((text) => [createHash("sha256").update(text).digest("hex"), text]);
writeFileSync(TARGET, `${JSON.stringify(Object.fromEntries(byHash), null, 2)}\n`);
