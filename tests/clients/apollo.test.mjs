// Apollo Client 4 against the server at QUARRY_URL.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { connect } from "./apollo-client.js";
import { openSocket, until } from "./support.mjs";

const url = process.env.QUARRY_URL;

const STORE = gql`
  mutation Store($documents: [DocumentInput!]!) {
    indexDocuments(input: { documents: $documents }) {
      inserted
      documents {
        id
        key
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
          author {
            id
            name
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
const RESULTS = gql`
  query Results(
    $query: String!
    $page: Int
    $filter: DocumentFilter
    $orderBy: [SearchOrder!]
    $boost: [SearchBoost!]
  ) {
    search(query: $query, first: 2, page: $page, filter: $filter, orderBy: $orderBy, boost: $boost) {
      totalCount
      edges {
        cursor
        node {
          id
          key
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      choices: facets(attributes: ["brand"], disjunctive: true) {
        field
        buckets {
          value
          count
        }
      }
      prices: facets(attributes: ["price"], interval: 10) {
        buckets {
          from
          count
        }
      }
    }
  }
`;
const LOG = gql`
  query Log($session: ID!, $after: String) {
    searchLog(filter: { sessionId: $session }, first: 2, after: $after) {
      edges {
        cursor
        node {
          id
          query
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
const TYPE = gql`
  mutation Type($input: LogKeystrokeInput!) {
    logKeystroke(input: $input) {
      accepted
    }
  }
`;

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const client = () => connect(url, sha256);
const over = (link) => new ApolloClient({ cache: new InMemoryCache(), link });

const type = (apollo, sessionId, text) =>
  apollo.mutate({ mutation: TYPE, variables: { input: { sessionId, text, submitted: true } } });

test("pages of a search become one list in the cache", async () => {
  const apollo = client();
  const documents = [1, 2, 3, 4, 5].map((n) => ({
    source: "apollo",
    key: `a${n}`,
    text: `apollo tea ${n}`,
    authorName: "Ada",
  }));
  const stored = await apollo.mutate({ mutation: STORE, variables: { documents } });
  assert.equal(stored.data.indexDocuments.documents.length, 5);

  const list = apollo.watchQuery({ query: FIND, variables: { text: "apollo tea" } });
  await list.refetch();
  assert.equal(list.getCurrentResult().data.search.totalCount, 5);
  for (;;) {
    const { hasNextPage, endCursor } = list.getCurrentResult().data.search.pageInfo;
    if (!hasNextPage) break;
    await list.fetchMore({ variables: { after: endCursor } });
  }
  const { edges } = apollo.readQuery({ query: FIND, variables: { text: "apollo tea" } }).search;
  assert.deepEqual(edges.map(({ node }) => node.key).sort(), ["a1", "a2", "a3", "a4", "a5"]);
  // All wrote Ada: one object in the cache.
  const authors = Object.values(apollo.extract()).filter((object) => object.__typename === "Author");
  assert.deepEqual(authors.map(({ name }) => name), ["Ada"]);
});

test("a page of results has its number, filters, order, boost and facets", async () => {
  const apollo = client();
  const documents = [1, 2, 3, 4, 5].map((n) => ({
    source: "catalogue",
    key: `p${n}`,
    text: "apollo lamp",
    attributes: { brand: n < 4 ? "Acme" : "Globex", price: n * 10, sales: n === 2 ? 500 : 0 },
  }));
  await apollo.mutate({ mutation: STORE, variables: { documents } });
  const filter = { attributes: [{ name: "brand", in: ["Acme"] }] };
  const orderBy = [{ attribute: "price", direction: "DESC" }];
  const page = async (variables) => {
    const { data } = await apollo.query({ query: RESULTS, variables: { query: "apollo lamp", filter, ...variables } });
    return data.search;
  };
  const keys = (search) => search.edges.map(({ node }) => node.key);
  const [first, second] = [await page({ orderBy, page: 1 }), await page({ orderBy, page: 2 })];
  assert.deepEqual([keys(first), keys(second), first.totalCount], [["p3", "p2"], ["p1"], 3]);
  const brands = first.choices[0].buckets.map(({ value, count }) => [value, count]);
  assert.deepEqual(brands, [["Acme", 3], ["Globex", 2]]);
  assert.deepEqual(first.prices[0].buckets.map(({ from, count }) => [from, count]), [[10, 1], [20, 1], [30, 1]]);
  const raised = await page({ boost: [{ attribute: "sales", saturation: 10 }] });
  assert.equal(keys(raised)[0], "p2");
  // Pages by number are lists of their own in the cache.
  const cached = apollo.readQuery({ query: RESULTS, variables: { query: "apollo lamp", filter, orderBy, page: 1 } });
  assert.deepEqual(keys(cached.search), ["p3", "p2"]);
});

test("pages of the search log become one list in the cache", async () => {
  const apollo = client();
  const session = `apollo-${process.pid}`;
  for (const text of ["green", "black", "white", "oolong", "yellow"]) await type(apollo, session, text);
  const count = gql`query Count($session: ID!) { searchLog(filter: { sessionId: $session }, first: 0) { totalCount } }`;
  await until(
    async () => (await apollo.query({ query: count, variables: { session }, fetchPolicy: "no-cache" })).data,
    (data) => data.searchLog.totalCount === 5,
  );
  const log = apollo.watchQuery({ query: LOG, variables: { session } });
  await log.refetch();
  while (log.getCurrentResult().data.searchLog.pageInfo.hasNextPage) {
    await log.fetchMore({ variables: { after: log.getCurrentResult().data.searchLog.pageInfo.endCursor } });
  }
  const logged = log.getCurrentResult().data.searchLog.edges.map(({ node }) => node.query);
  assert.deepEqual(logged.sort(), ["black", "green", "oolong", "white", "yellow"]);
});

test("errors have their codes", async () => {
  const apollo = client();
  const refused = apollo.query({ query: gql`{ search(query: "", first: -1) { totalCount } }` });
  await assert.rejects(refused, (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), `${error}`);
    assert.equal(error.errors[0].extensions.code, "BAD_USER_INPUT");
    return true;
  });
});

test("queries and mutations go by their hashes", async () => {
  const sent = [];
  const fetch = async (uri, options) => {
    const answer = await globalThis.fetch(uri, options);
    const text = options.method === "POST" ? "query" in JSON.parse(options.body) : new URL(uri).searchParams.has("query");
    sent.push(`${options.method} ${text ? "text" : "hash"} ${answer.status}`);
    return answer;
  };
  const link = ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true }),
    new HttpLink({ uri: url, fetch }),
  ]);
  // A document of this run's own, so that no run before has sent it.
  const mine = `Mine${process.pid}_${Date.now()}`;
  const query = gql`query ${mine} { search(query: "apollo", first: 0) { totalCount } }`;
  for (let n = 0; n < 2; n += 1) {
    const { data } = await over(link).query({ query });
    assert.ok(data.search.totalCount >= 0);
  }
  assert.deepEqual(sent.splice(0), ["GET hash 200", "POST text 200", "GET hash 200"]);
  const mutation = gql`mutation ${mine} { deleteDocuments(input: { ids: [] }) { deleted } }`;
  for (let n = 0; n < 2; n += 1) {
    const { data } = await over(link).mutate({ mutation });
    assert.equal(data.deleteDocuments.deleted, 0);
  }
  assert.deepEqual(sent.splice(0), ["POST hash 200", "POST text 200", "POST hash 200"]);
});

test("searches are heard of over graphql-ws", async () => {
  const socket = openSocket(url);
  const live = over(new GraphQLWsLink(socket));
  const session = `live-${process.pid}`;
  const heard = [];
  const subscription = live
    .subscribe({ query: gql`subscription { searchLogged { id sessionId query } }` })
    .subscribe(({ data }) => heard.push(data.searchLogged));
  // That the subscription has begun shows by the first search that it tells of.
  let n = 0;
  const [first] = await until(
    async () => {
      await type(client(), session, `live tea ${(n += 1)}`);
      return heard.filter(({ sessionId }) => sessionId === session);
    },
    (told) => told.length > 0,
  );
  assert.match(first.query, /^live tea \d+$/);
  subscription.unsubscribe();
  const { data } = await live.query({ query: gql`{ sources { name } }` });
  assert.ok(Array.isArray(data.sources));
  await socket.dispose();
});
