// What the codegen client preset made of codegen/*.ts, against a server that trusts its documents alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const url = process.env.QUARRY_URL;

test("compiled code runs by the hashes of its documents", async () => {
  const { run } = await import("./generated/js/codegen/search.js");
  assert.deepEqual(await run(url), ["t1", "t2", "t3"]);
});

test("a page of results has filters, an order, a boost, facets and a number", async () => {
  const { results } = await import("./generated/js/codegen/search.js");
  assert.deepEqual(await results(url), {
    total: 3,
    secondPage: ["c1"],
    raised: "c2",
    brands: { Acme: 3, Globex: 2 },
    lowest: 10,
  });
});

test("nothing else runs", async () => {
  const query = "{ search(query: \"\") { totalCount } }";
  const body = JSON.stringify({ query });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  assert.equal((await answer.json()).errors[0].extensions.code, "PERSISTED_QUERY_ONLY");
  const trusted = Object.keys(JSON.parse(readFileSync(new URL("generated/gql/persisted-documents.json", import.meta.url))));
  assert.equal(trusted.length, 4);
});
