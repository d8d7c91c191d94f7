// The schema as clients know it: nothing that was released is taken back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const released = read("released/schema.graphql");

async function breaking(current) {
  const changes = await diff(buildSchema(released), buildSchema(current));
  const breaks = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
  return breaks.map(({ message }) => message);
}

// `Long` accepts what `Int` did, also from variables of type `Int`: tests/it/graphql/keystrokes.rs.
// Sums of quantities are the same JSON numbers as before, and exact above the range of `Int`.
const WIDENED = [
  /^Input field '(LogKeystroke|Track)Input\.sequence' changed type from 'Int' to 'Long'$/,
  /^Field 'Category(Report\.totalQuantity|(Row|Total)\.quantity)' changed type from 'Int!' to 'Long!'$/,
];
const widened = (message) => WIDENED.some((pattern) => pattern.test(message));

test("what was released still holds", async () => {
  const breaks = await breaking(read("../../schema.graphql"));
  assert.deepEqual(breaks.filter((message) => !widened(message)), []);
});

test("a field that is gone, or may be null now, is noticed", async () => {
  const gone = released.replace("totalCount: Int!", "count: Int!");
  const nullable = released.replace("totalCount: Int!", "totalCount: Int");
  for (const current of [gone, nullable]) {
    assert.notEqual(current, released);
    assert.equal((await breaking(current)).length, 1);
  }
});

test("what docs/schema-evolution.md allows is not noticed", async () => {
  const value = released.replace("enum CrawlState {", "enum CrawlState {\n  PAUSED");
  const argument = released.replace("    first: Int\n", "    first: Int,\n    fresh: Boolean! = false\n");
  const deprecated = released.replace("totalCount: Int!", 'totalCount: Int! @deprecated(reason: "Use count.")');
  for (const current of [value, argument, deprecated]) {
    assert.notEqual(current, released);
    assert.deepEqual(await breaking(current), []);
  }
});
