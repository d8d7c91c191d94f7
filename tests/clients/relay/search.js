// Fragments and queries as a page with Relay has them.
import { graphql } from "relay-runtime";

export const page = graphql`
  query searchPageQuery($text: String!) {
    ...search_list @arguments(text: $text)
  }
`;

export const list = graphql`
  fragment search_list on Query
  @argumentDefinitions(
    text: { type: "String!" }
    count: { type: "Int", defaultValue: 2 }
    cursor: { type: "String" }
  )
  @refetchable(queryName: "searchListPaginationQuery") {
    search(query: $text, first: $count, after: $cursor) @connection(key: "SearchList_search") {
      totalCount
      edges {
        node {
          ...search_item
        }
      }
    }
  }
`;

export const item = graphql`
  fragment search_item on Document @refetchable(queryName: "searchItemRefetchQuery") {
    key
    publishedAt
    attributes
    author {
      ...search_author
    }
  }
`;

export const author = graphql`
  fragment search_author on Author
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "searchAuthorPaginationQuery") {
    name
    documents(first: $count, after: $cursor) @connection(key: "SearchAuthor_documents") {
      edges {
        node {
          key
        }
      }
    }
  }
`;

export const oldest = graphql`
  fragment search_oldest on Author
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "searchOldestPaginationQuery") {
    oldest: documents(last: $count, before: $cursor) @connection(key: "SearchOldest_oldest") {
      edges {
        node {
          key
        }
      }
    }
  }
`;

export const logged = graphql`
  subscription searchLoggedSubscription {
    searchLogged {
      query
    }
  }
`;
