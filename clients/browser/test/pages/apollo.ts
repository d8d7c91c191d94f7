// A page that searches by Apollo Client with the example's link, and links to what it finds.
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { track } from "quarry-browser";
import { searchTrackingLink } from "../../examples/apollo-link.js";

declare const options: { url: string; key: string; clock: () => number };

interface SearchData {
  search: { searchId: string; totalCount: number; nodes: { id: string; title: string }[] };
}
const SEARCH = gql`
  query Search($text: String!, $after: String) {
    search(query: $text, after: $after, first: 2) {
      searchId
      totalCount
      nodes {
        id
        title
      }
    }
  }
`;

const input = document.querySelector<HTMLInputElement>("#q")!;
const list = document.querySelector("ul")!;
const tracker = track(input, { ...options, consent: true });
const http = new HttpLink({ uri: options.url, headers: { authorization: `Bearer ${options.key}` } });
const client = new ApolloClient({
  link: ApolloLink.from([searchTrackingLink(() => tracker), http]),
  cache: new InMemoryCache(),
});

input.addEventListener("input", async () => {
  const { data } = await client.query<SearchData>({ query: SEARCH, variables: { text: input.value } });
  const items = (data?.search.nodes ?? []).map(({ id, title }) => {
    const link = Object.assign(document.createElement("a"), { href: "/blank", textContent: title });
    link.addEventListener("click", () => tracker.recordInteraction({ documentId: id }));
    const item = document.createElement("li");
    item.append(link);
    return item;
  });
  list.replaceChildren(...items);
});
Object.assign(window, { tracker });
