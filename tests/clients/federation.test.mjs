// A gateway of Apollo Federation 2: the server at QUARRY_URL and a subgraph of reviews, composed by Apollo's library.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import test, { after, before } from "node:test";
import { composeServices } from "@apollo/composition";
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { graphql, parse } from "graphql";
import { documents } from "./support.mjs";

const url = process.env.QUARRY_URL;

const REVIEWS = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

  type Query { reviews: [Review!]! }
  type Review { stars: Int! document: Document author: Author page: PageInfo }
  "Known by its names in the upstream."
  type Document @key(fields: "source key") { source: String! key: String! reviews: [Review!]! }
  "Known by its id."
  type Author @key(fields: "id") { id: ID! stars: Int! }
  type Search @key(fields: "id") { id: ID! note: String! }
  "Common to subgraphs with connections."
  type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
`;

/** The reviews of the subgraph. */
let reviews = [];

/** Requests to the subgraphs, as `subgraph: number of representations`. */
const sent = [];

const resolvers = {
  Query: { reviews: () => reviews },
  Document: {
    __resolveReference: (reference) => reference,
    reviews: ({ key }) => reviews.filter(({ document }) => document?.key === key),
  },
  Author: { __resolveReference: ({ id }) => ({ id, stars: id.length }) },
  Search: { __resolveReference: ({ id }) => ({ id, note: `note on ${id}` }) },
};

const ask = async (query, variables) => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
};

let subgraph;
let server;

before(async () => {
  const stored = await ask(
    "mutation ($documents: [DocumentInput!]!) { indexDocuments(input: { documents: $documents }) { inserted } }",
    { documents: documents("federated", 60).map((one, n) => ({ ...one, authorKey: `a${n % 3}`, authorName: "Fred" })) },
  );
  assert.equal(stored.errors, undefined);

  const schema = buildSubgraphSchema({ typeDefs: parse(REVIEWS), resolvers });
  subgraph = createServer(async (request, response) => {
    const { query, variables } = await json(request);
    const result = await graphql({ schema, source: query, variableValues: variables });
    response.setHeader("content-type", "application/json").end(JSON.stringify(result));
  });
  await once(subgraph.listen(0, "127.0.0.1"), "listening");

  const composed = composeServices([
    { name: "quarry", url, typeDefs: parse((await ask("{ _service { sdl } }")).data._service.sdl) },
    {
      name: "reviews",
      url: `http://127.0.0.1:${subgraph.address().port}/`,
      typeDefs: parse(REVIEWS),
    },
  ]);
  assert.deepEqual(composed.errors?.map(({ message }) => message), undefined);
  class Source extends RemoteGraphQLDataSource {
    constructor({ name, url }) {
      super({ url });
      this.name = name;
    }
    willSendRequest({ request }) {
      sent.push(`${this.name}: ${request.variables?.representations?.length ?? "root"}`);
    }
  }
  server = new ApolloServer({
    gateway: new ApolloGateway({
      supergraphSdl: composed.supergraphSdl,
      buildService: (definition) => new Source(definition),
    }),
  });
  await server.start();
});

after(async () => {
  await server?.stop();
  subgraph?.close();
});

/** Executes an operation by the gateway. */
const run = async (query) => {
  sent.length = 0;
  const { body } = await server.executeOperation({ query });
  const { data, errors } = body.singleResult;
  return { data: JSON.parse(JSON.stringify(data)), errors };
};

test("documents of another subgraph are fetched in one request, and missing ones are null", async () => {
  const keys = Array.from({ length: 60 }, (_, n) => (n === 7 ? "gone" : `federated-${n + 1}`));
  reviews = keys.map((key, n) => ({ stars: n, document: { source: "federated", key } }));
  const { data, errors } = await run("{ reviews { stars document { text author { name } } } }");
  assert.deepEqual(sent, ["reviews: root", "quarry: 60"]);
  assert.equal(data.reviews.length, 60);
  assert.deepEqual(data.reviews[6], { stars: 6, document: { text: "federated tea 7", author: { name: "Fred" } } });
  assert.equal(data.reviews[7].document, null);
  assert.ok(data.reviews.every(({ document }, n) => n === 7 || document.text === `federated tea ${n + 1}`));
  assert.ok((errors ?? []).every(({ path }) => path[1] === 7), JSON.stringify(errors));
});

test("results of a search have the fields of another subgraph", async () => {
  reviews = [{ stars: 5, document: { source: "federated", key: "federated-2" } }];
  const { data, errors } = await run(
    `{ search(query: "federated tea", sort: OLDEST, first: 60) {
      totalCount nodes { key reviews { stars } author { name stars documents(first: 1) { nodes { reviews { stars } } } } }
    } }`,
  );
  assert.equal(errors, undefined);
  assert.equal(data.search.totalCount, 60);
  assert.equal(sent[0], "quarry: root");
  assert.ok(sent.length <= 4, sent.join());
  const { nodes } = data.search;
  assert.deepEqual(nodes.find(({ key }) => key === "federated-2").reviews, [{ stars: 5 }]);
  assert.deepEqual(nodes.find(({ key }) => key === "federated-3").reviews, []);
  assert.ok(nodes.every(({ author }) => author.name === "Fred" && author.stars === 39));
});

test("errors arrive with their codes, at the entities that they concern", async () => {
  const found = await ask('{ document(source: "federated", key: "federated-1") { author { id } } }');
  reviews = [{ stars: 1, author: { id: found.data.document.author.id } }, { stars: 2, author: { id: "nonsense" } }];
  const { data, errors } = await run("{ reviews { author { name } } }");
  assert.deepEqual(data.reviews, [{ author: { name: "Fred" } }, { author: null }]);
  assert.deepEqual(
    errors.filter(({ extensions }) => extensions.code === "BAD_USER_INPUT").map(({ path }) => path),
    [["reviews", 1, "author"]],
  );
});
