// What a page that searches does, typed by the schema.
import { graphql, useFragment } from "../generated/gql/index.js";
import type { EraseSearcherInput, FindQuery } from "../generated/gql/graphql.js";
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
