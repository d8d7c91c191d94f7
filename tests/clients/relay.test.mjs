// What relay-compiler made of relay/*.js, against the server at QUARRY_URL.
import assert from "node:assert/strict";
import test from "node:test";

const url = process.env.QUARRY_URL;

async function run(name, variables) {
  const { default: artifact } = await import(`./relay/__generated__/${name}.graphql.js`);
  const body = JSON.stringify({ query: artifact.params.text, variables });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

async function store(documents) {
  const query = "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) { inserted } }";
  const body = JSON.stringify({ query, variables: { input: { documents } } });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  assert.equal((await answer.json()).errors, undefined);
}

test("connections go on and objects are fetched again", async () => {
  await store([1, 2, 3].map((n) => ({ source: "relay", key: `r${n}`, text: `relay tea ${n}`, authorName: "Rae" })));
  const first = await run("searchPageQuery", { text: "relay tea" });
  assert.equal(first.search.totalCount, 3);
  const { endCursor, hasNextPage } = first.search.pageInfo;
  assert.ok(hasNextPage);
  const rest = await run("searchListPaginationQuery", { text: "relay tea", count: 2, cursor: endCursor });
  const found = [...first.search.edges, ...rest.search.edges].map(({ node }) => node);
  assert.deepEqual(found.map(({ key }) => key).sort(), ["r1", "r2", "r3"]);

  const [{ id, key, author }] = found;
  const again = await run("searchItemRefetchQuery", { id });
  assert.deepEqual([again.node.__typename, again.node.key], ["Document", key]);
  const { documents } = author;
  assert.deepEqual([documents.edges.length, documents.pageInfo.hasNextPage], [2, true]);
  const more = await run("searchAuthorPaginationQuery", {
    id: author.id,
    count: 2,
    cursor: documents.pageInfo.endCursor,
  });
  assert.deepEqual([more.node.documents.edges.length, more.node.documents.pageInfo.hasNextPage], [1, false]);

  // Backward, from the end to the beginning.
  const keys = ({ edges }) => edges.map(({ node }) => node.key);
  const backward = async (cursor) => {
    const { node } = await run("searchOldestPaginationQuery", { id: author.id, count: 2, cursor });
    return node.oldest;
  };
  const last = await backward(null);
  assert.deepEqual([last.edges.length, last.pageInfo.hasPreviousPage], [2, true]);
  const before = await backward(last.pageInfo.startCursor);
  assert.deepEqual([before.edges.length, before.pageInfo.hasPreviousPage], [1, false]);
  const forward = [...keys(documents), ...keys(more.node.documents)];
  assert.deepEqual([...keys(before), ...keys(last)], forward);
});
