import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";

// sha256: a function from a text to its SHA-256 in hexadecimal digits, such as crypto-hash has.
export const connect = (url, sha256) =>
  new ApolloClient({
    link: ApolloLink.from([
      new PersistedQueryLink({ sha256 }),
      new HttpLink({ uri: url }),
    ]),
    cache: new InMemoryCache({
      possibleTypes: { Node: ["Author", "Crawl", "Document", "Search"] },
      typePolicies: {
        Query: {
          fields: {
            search: relayStylePagination(["query", "boost", "distinct", "filter", "match", "orderBy", "prefix", "sort", "typoTolerance"]),
            searchLog: relayStylePagination(["filter"]),
          },
        },
      },
    }),
  });
