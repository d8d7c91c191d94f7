import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";

const SEARCH = ["query", "boost", "distinct", "explain", "filter", "match", "orderBy", "prefix", "sort", "typoTolerance"];

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
            // Pages by cursor become one list, pages by number one list each.
            search: relayStylePagination((args) => (args?.page ? [...SEARCH, "first", "page"] : SEARCH)),
            searchLog: relayStylePagination(["filter"]),
          },
        },
      },
    }),
  });
