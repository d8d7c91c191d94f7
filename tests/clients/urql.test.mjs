// urql with its normalized cache (graphcache) against the server at QUARRY_URL.
import assert from "node:assert/strict";
import test from "node:test";
import { Client, fetchExchange, gql, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { persistedExchange } from "@urql/exchange-persisted";
import { minifyIntrospectionQuery } from "@urql/introspection";
import { getIntrospectionQuery } from "graphql";
import { documents, openSocket, until } from "./support.mjs";

const url = process.env.QUARRY_URL;

const STORE = gql`
  mutation Store($documents: [DocumentInput!]!) {
    indexDocuments(input: { documents: $documents }) {
      inserted
      documents {
        id
        key
        title
      }
    }
  }
`;
const FIND = gql`
  query Find($text: String!, $after: String) {
    search(query: $text, first: 2, after: $after) {
      totalCount
      edges {
        cursor
        node {
          id
          key
          title
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
const NODE = gql`
  query Node($id: ID!) {
    node(id: $id) {
      id
      ... on Document {
        key
        title
      }
    }
  }
`;

/** Returns a client whose cache knows the schema as the server describes it. */
async function connect(options, ...exchanges) {
  const described = await new Client({ url, exchanges: [fetchExchange] }).query(getIntrospectionQuery(), {});
  assert.equal(described.error, undefined);
  const cache = cacheExchange({
    schema: minifyIntrospectionQuery(described.data),
    resolvers: { Query: { search: relayPagination() } },
    // Graphcache warns of what the schema lacks and of objects that it cannot normalize.
    logger: (severity, message) => assert.equal(severity, "debug", message),
    keys: { SearchConnection: () => null, SearchEdge: () => null, PageInfo: () => null, IndexDocumentsPayload: () => null },
  });
  return new Client({ url, exchanges: [cache, ...exchanges, fetchExchange], ...options });
}

/** Returns the data of a result without errors. */
function data({ data, error }) {
  assert.equal(error, undefined);
  return data;
}

test("pages of a search become one list in the cache", async () => {
  const urql = await connect();
  const stored = data(await urql.mutation(STORE, { documents: documents("urql", 4) }));
  assert.equal(stored.indexDocuments.documents.length, 4);

  let after = null;
  for (let page = 1; page <= 2; page += 1) {
    const { search } = data(await urql.query(FIND, { text: "urql tea", after }));
    assert.deepEqual([search.totalCount, search.edges.length], [4, 2 * page]);
    assert.equal(search.pageInfo.hasNextPage, page < 2);
    after = search.pageInfo.endCursor;
  }
  const { search } = data(await urql.query(FIND, { text: "urql tea" }, { requestPolicy: "cache-only" }));
  assert.deepEqual(search.edges.map(({ node }) => node.key).sort(), ["urql-1", "urql-2", "urql-3", "urql-4"]);
});

test("a mutation updates the objects that other results show", async () => {
  const urql = await connect();
  const [one] = documents("graphcache", 1);
  const { indexDocuments } = data(await urql.mutation(STORE, { documents: [{ ...one, title: "before" }] }));
  const [{ id }] = indexDocuments.documents;
  assert.equal(data(await urql.query(NODE, { id })).node.title, "before");
  data(await urql.mutation(STORE, { documents: [{ ...one, title: "after" }] }));
  assert.equal(data(await urql.query(NODE, { id }, { requestPolicy: "cache-only" })).node.title, "after");
});

test("an id that is not one of the server's is an error with its code and path", async () => {
  const urql = await connect();
  const { error } = await urql.query(NODE, { id: "nothing of the kind" });
  assert.equal(error.networkError, undefined);
  const [{ extensions, path }] = error.graphQLErrors;
  assert.deepEqual([extensions.code, path], ["BAD_USER_INPUT", ["node"]]);
});

test("subscriptions arrive over graphql-ws", async () => {
  const socket = openSocket(url);
  const forward = subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    }),
  });
  const urql = await connect({}, forward);
  const session = `urql-${process.pid}`;
  const received = [];
  const { unsubscribe } = urql
    .subscription(gql`subscription { searchLogged { id sessionId query } }`, {})
    .subscribe((result) => received.push(data(result).searchLogged));
  const LOG = gql`mutation Log($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }`;
  // The first search that arrives shows that the subscription has begun.
  let n = 0;
  const [first] = await until(
    async () => {
      n += 1;
      data(await urql.mutation(LOG, { input: { sessionId: session, text: `urql tea ${n}`, submitted: true } }));
      return received.filter(({ sessionId }) => sessionId === session);
    },
    (mine) => mine.length > 0,
  );
  assert.match(first.query, /^urql tea \d+$/);
  unsubscribe();
  await socket.dispose();
});

test("persisted queries go by GET with their hashes", async () => {
  const sent = [];
  const fetch = async (uri, options) => {
    const answer = await globalThis.fetch(uri, options);
    const text = options.method === "POST" ? "query" in JSON.parse(options.body) : new URL(uri).searchParams.has("query");
    sent.push(`${options.method} ${text ? "text" : "hash"} ${answer.status}`);
    return answer;
  };
  const urql = await connect({ fetch }, persistedExchange({ preferGetForPersistedQueries: true }));
  // A document of this run's own, so that no run before has sent it.
  const query = gql`query ${`Mine${process.pid}_${Date.now()}`} { search(query: "urql", first: 0) { totalCount } }`;
  for (let n = 0; n < 2; n += 1) {
    const { search } = data(await urql.query(query, {}, { requestPolicy: "network-only" }));
    assert.ok(search.totalCount >= 0);
  }
  assert.equal(sent.at(-1), "GET hash 200", `${sent}`);
  assert.equal(sent.filter((request) => request.includes("text")).length, 1, `${sent}`);
});

test("a search that is logged needs preferGetMethod: false", async () => {
  const query = gql`
    query Tracked($track: TrackInput) {
      search(query: "urql tea", track: $track) {
        totalCount
      }
    }
  `;
  const variables = { track: { sessionId: `urql-track-${process.pid}` } };
  const refused = await (await connect()).query(query, variables);
  assert.match(refused.error.message, /POST/);
  data(await (await connect({ preferGetMethod: false })).query(query, variables));
});
