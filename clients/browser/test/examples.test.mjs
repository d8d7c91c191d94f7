// Clicks, and the examples for React and Apollo Client.
import assert from "node:assert/strict";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { open, setUp, until } from "./support.mjs";

const world = await setUp({ after });
const { site, server, optionsWith } = world;

for (const name of ["react.tsx", "apollo.ts"]) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${name}`, import.meta.url))],
    alias: { "quarry-browser": fileURLToPath(new URL("../dist/index.js", import.meta.url)) },
    bundle: true,
    define: { "process.env.NODE_ENV": '"development"' },
    format: "iife",
    write: false,
  });
  site.pages.set(`/${name}.js`, outputFiles[0].text);
}
site.pages.set("/blank", "<!doctype html><title>blank</title>");
const page = (body, script) =>
  `<!doctype html>${body}<script>const options = ${optionsWith("batchInterval: 50")};</script><script src="${script}"></script>`;

test("the hook of React tracks its input, after consent, until it is removed", async () => {
  site.pages.set("/react", page("<main></main>", "/react.tsx.js"));
  const { page: tab, context, requests } = await open(world, "/react");
  await tab.focus("#q");
  await tab.keyboard.type("unseen");
  await tab.getByText("Accept").click();
  await tab.fill("#q", "");
  await tab.keyboard.type("hats");
  const session = await tab.evaluate("tracker.current.sessionId");
  await tab.getByText("Close").click();
  await server.texts(session, "hats");
  const searches = (await server.searches(session)).map(({ query, userId }) => [query, userId]);
  assert.deepEqual(searches, [["hats", "ann"]]);
  assert.equal(await tab.evaluate("tracker.current"), null);
  assert.ok(!requests.some((request) => request.postData()?.includes("unseen")));
  await context.close();
});

test("Apollo's link logs numbers of results, and relates clicks that leave the page", async () => {
  const index = `mutation Index($input: IndexDocumentsInput!) {
    indexDocuments(input: $input) { documents { id } }
  }`;
  const documents = ["oak table", "glass table", "chair"].map((title, n) => ({
    source: "shop",
    key: `${n}`,
    title,
    text: title,
  }));
  await server.query(index, { input: { documents } }, server.adminKey);

  site.pages.set("/apollo", page('<input id="q"><ul></ul>', "/apollo.ts.js"));
  const { page: tab, context } = await open(world, "/apollo");
  await tab.focus("#q");
  await tab.keyboard.type("table");
  const session = await tab.evaluate("tracker.sessionId");
  await tab.getByText("oak table").click();
  await tab.waitForURL("**/blank");
  await server.texts(session, "table");
  const [{ resultCount }] = await server.searches(session);
  assert.equal(resultCount, 2);
  const report = `{ reports { topSearches(first: 10, refresh: true) { rows { query clickThroughRate } } } }`;
  const rows = async () => (await server.query(report)).reports.topSearches.rows;
  const clicked = (rows) => rows.find(({ query }) => query === "table")?.clickThroughRate === 1;
  await until(rows, clicked, "the report is");
  await context.close();
});

test("interactions without a search box are recorded once", async () => {
  site.pages.set(
    "/order",
    `<!doctype html><script src="/quarry.js"></script><script>const connection = quarry.connect(${optionsWith()});</script>`,
  );
  const index = `mutation Index($input: IndexDocumentsInput!) { indexDocuments(input: $input) { documents { id } } }`;
  const document = { source: "shop", key: "lamp", title: "lamp", text: "lamp", category: "lights" };
  const { indexDocuments } = await server.query(index, { input: { documents: [document] } }, server.adminKey);
  const { page: tab, context } = await open(world, "/order");
  await tab.evaluate((documentId) => {
    for (let n = 0; n < 2; n += 1) {
      connection.recordInteraction({ documentId, kind: "CONVERSION", quantity: 3, idempotencyKey: "order-1" });
    }
  }, indexDocuments.documents[0].id);
  // Follows the others in the order of sending.
  await tab.evaluate((documentId) => connection.recordInteraction({ documentId, kind: "CONVERSION" }), indexDocuments.documents[0].id);
  const report = `{ reports { categories(refresh: true) { rows { name quantity } } } }`;
  const quantity = async () => (await server.query(report)).reports.categories.rows.find(({ name }) => name === "lights")?.quantity;
  assert.equal(await until(quantity, (quantity) => quantity > 3), 4);
  await context.close();
});
