// What a page that searches does, typed by the schema.
import { graphql, useFragment } from "../generated/gql/index.js";
import type { DocumentFilter, EraseSearcherInput, FindQuery, SearchBoost, SearchOrder } from "../generated/gql/graphql.js";
import { execute } from "./execute.js";

const Found = graphql(`
  fragment Found on Document {
    id
    key
    publishedAt
    attributes
    author {
      name
    }
  }
`);

const Find = graphql(`
  query Find($text: String!, $first: Int, $after: String) {
    search(query: $text, first: $first, after: $after) {
      totalCount
      edges {
        score
        node {
          ...Found
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const Store = graphql(`
  mutation Store($documents: [DocumentInput!]!) {
    indexDocuments(input: { documents: $documents }) {
      inserted
    }
  }
`);

const Erase = graphql(`
  mutation Erase($who: EraseSearcherInput!) {
    eraseSearcher(input: $who) {
      searches
    }
  }
`);

const Results = graphql(`
  query Results($query: String!, $page: Int, $filter: DocumentFilter, $orderBy: [SearchOrder!], $boost: [SearchBoost!]) {
    search(query: $query, first: 2, page: $page, filter: $filter, orderBy: $orderBy, boost: $boost) {
      totalCount
      nodes {
        key
        attributes
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
          to
          count
        }
      }
    }
  }
`);

/** A page of results of a catalogue: the keys in an order and raised by sales, brands and prices with their counts. */
export async function results(url: string) {
  const documents = [1, 2, 3, 4, 5].map((n) => ({
    source: "catalogue",
    key: `c${n}`,
    text: "codegen lamp",
    attributes: { brand: n < 4 ? "Acme" : "Globex", price: n * 10, sales: n === 2 ? 500 : 0 },
  }));
  await execute(url, Store, { documents });
  const filter: DocumentFilter = { attributes: [{ name: "brand", in: ["Acme"] }, { name: "price", gte: 10 }] };
  const orderBy: SearchOrder[] = [{ attribute: "price", direction: "DESC" }];
  const boost: SearchBoost[] = [{ attribute: "sales", saturation: 10 }];
  const query = "codegen lamp";
  const ordered = await execute(url, Results, { query, page: 2, filter, orderBy });
  const raised = await execute(url, Results, { query, filter, boost });
  const buckets = ordered.search.choices[0]?.buckets ?? [];
  const lowest: string | number | boolean | null | undefined = ordered.search.prices[0]?.buckets[0]?.from;
  return {
    total: ordered.search.totalCount,
    secondPage: ordered.search.nodes.map(({ key }) => key),
    raised: raised.search.nodes[0]?.key,
    brands: Object.fromEntries(buckets.map(({ value, count }) => [value, count])),
    lowest,
  };
}

export async function run(url: string): Promise<string[]> {
  const { indexDocuments } = await execute(url, Store, {
    documents: [1, 2, 3].map((n) => ({ source: "typed", key: `t${n}`, text: `typed tea ${n}` })),
  });
  const inserted: number = indexDocuments.inserted;
  if (inserted !== 3) throw new Error(`${inserted} documents were inserted`);

  const keys: string[] = [];
  let after: string | null = null;
  do {
    const page: FindQuery = await execute(url, Find, { text: "typed tea", first: 2, after });
    for (const { node, score } of page.search.edges) {
      const relevance: number = score;
      if (!(relevance > 0)) throw new Error(`the score is ${relevance}`);
      keys.push(useFragment(Found, node).key);
    }
    after = page.search.pageInfo.hasNextPage ? (page.search.pageInfo.endCursor ?? null) : null;
  } while (after);

  const one: EraseSearcherInput = { userId: "nobody" };
  // @ts-expect-error: it is one or the other.
  const both: EraseSearcherInput = { userId: "nobody", sessionId: "none" };
  void both;
  await execute(url, Erase, { who: one });
  return keys.sort();
}
