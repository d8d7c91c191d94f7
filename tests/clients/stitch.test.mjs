// A gateway of @graphql-tools/stitch: the server at QUARRY_URL beside a shop that knows documents by their ids.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import { buildGraphQLWSExecutor } from "@graphql-tools/executor-graphql-ws";
import { buildHTTPExecutor } from "@graphql-tools/executor-http";
import { stitchSchemas } from "@graphql-tools/stitch";
import { schemaFromExecutor } from "@graphql-tools/wrap";
import { buildSchema, execute, graphql, parse, subscribe, validate } from "graphql";
import { documents, openSocket, until } from "./support.mjs";

const url = process.env.QUARRY_URL;

/** Requests that the gateway has sent to the server, as `type: root fields`. */
const sent = [];

/** Ids of the documents that the shop offers. */
let offered = [];

let gateway;
let stored;

before(async () => {
  const http = buildHTTPExecutor({ endpoint: url });
  // A socket for each subscription, so that the test ends when its subscription does.
  const executor = (request) => {
    const { operation, selectionSet } = request.document.definitions.find(({ operation }) => operation);
    sent.push(`${operation}: ${selectionSet.selections.map(({ name }) => name?.value)}`);
    if (operation !== "subscription") return http(request);
    const socket = openSocket(url);
    return buildGraphQLWSExecutor(socket)(request);
  };
  const quarry = {
    schema: await schemaFromExecutor(executor),
    executor,
    batch: true,
    merge: {
      Document: {
        selectionSet: "{ id }",
        fieldName: "nodes",
        key: ({ id }) => id,
        argsFromKeys: (ids) => ({ ids }),
      },
    },
  };
  const shop = buildSchema(`
    type Query { offers: [Offer!]! }
    type Offer { price: Int! document: Document }
    type Document { id: ID! }
  `);
  shop.getQueryType().getFields().offers.resolve = () => offered.map((id, n) => ({ price: n + 1, document: { id } }));
  gateway = stitchSchemas({ subschemas: [quarry, shop] });

  const { data, errors } = await ask(
    "mutation ($documents: [DocumentInput!]!) { indexDocuments(input: { documents: $documents }) { documents { id } } }",
    { documents: documents("stitch", 3).map((one) => ({ ...one, authorName: "Sten" })) },
  );
  assert.equal(errors, undefined);
  stored = data.indexDocuments.documents.map(({ id }) => id);
});

const ask = (source, variableValues) => graphql({ schema: gateway, source, variableValues });

test("documents that another service names are fetched by one request of nodes", async () => {
  const gone = stored[0].slice(0, -1) + (stored[0].endsWith("0") ? "1" : "0");
  offered = [stored[2], stored[0], gone];
  sent.length = 0;
  const { data, errors } = await ask("{ offers { price document { title: text author { name } } } }");
  assert.deepEqual(JSON.parse(JSON.stringify(data.offers)), [
    { price: 1, document: { title: "stitch tea 3", author: { name: "Sten" } } },
    { price: 2, document: { title: "stitch tea 1", author: { name: "Sten" } } },
    { price: 3, document: null },
  ]);
  // The others arrive all the same.
  assert.deepEqual(errors.map(({ path }) => path), [["offers", 2, "document", "title"]]);
  assert.deepEqual(sent, ["query: nodes"]);
});

test("queries keep their aliases, enums and fragments", async () => {
  const { data, errors } = await ask(
    `query ($sort: SearchSort!) {
      mine: search(query: "stitch tea", sort: $sort, first: 2) { total: totalCount nodes { ...Found } }
    }
    fragment Found on Node { id ... on Document { key } }`,
    { sort: "OLDEST" },
  );
  assert.equal(errors, undefined);
  assert.equal(data.mine.total, 3);
  assert.ok(data.mine.nodes.every(({ id, key }) => stored.includes(id) && key.startsWith("stitch-")));
});

test("errors arrive with their codes and the gateway's paths", async () => {
  const { data, errors } = await ask(`{
    mine: search(query: "stitch tea", first: 2) { nodes { by: author { texts: documents(first: 101) { totalCount } } } }
  }`);
  assert.deepEqual(data.mine.nodes.map(({ by }) => by), [null, null]);
  assert.deepEqual(
    errors.map(({ path, extensions }) => [path, extensions.code]),
    [0, 1].map((n) => [["mine", "nodes", n, "by", "texts"], "BAD_USER_INPUT"]),
  );
});

test("subscriptions pass through the gateway", async () => {
  const document = parse("subscription { heard: searchLogged { sessionId query } }");
  assert.deepEqual(validate(gateway, document), []);
  const events = await subscribe({ schema: gateway, document });
  const session = `stitch-${process.pid}`;
  const log = parse("mutation ($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }");
  const mine = (async () => {
    for await (const { data, errors } of events) {
      assert.equal(errors, undefined);
      // Leaving the loop ends the subscription.
      if (data.heard.sessionId === session) return data.heard.query;
    }
  })();
  let received;
  mine.then((query) => (received = query));
  let n = 0;
  await until(
    async () => {
      n += 1;
      const variableValues = { input: { sessionId: session, text: `stitch tea ${n}`, submitted: true } };
      const { errors } = await execute({ schema: gateway, document: log, variableValues });
      assert.equal(errors, undefined);
      return received;
    },
    (query) => query !== undefined,
  );
  assert.match(await mine, /^stitch tea \d+$/);
});
