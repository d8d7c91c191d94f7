// An Apollo Link that reports the results of searches to a tracker, so that the log has their number and
// clicks are related to them. The query selects `search { searchId totalCount }`:
//
//   const link = ApolloLink.from([searchTrackingLink(() => tracker), new HttpLink({ uri: url })]);
import { ApolloLink } from "@apollo/client";
import { tap } from "rxjs";
import type { Tracker } from "quarry-browser";

interface SearchTrackingLinkOptions {
  /** The variable with the text: `text` by default. */
  text?: string;
  /** The variable with the cursor of a later page: `after` by default. */
  after?: string;
}

export function searchTrackingLink(
  tracker: () => Pick<Tracker, "found"> | null | undefined,
  { text = "text", after = "after" }: SearchTrackingLinkOptions = {},
): ApolloLink {
  return new ApolloLink((operation, forward) => {
    const query: unknown = operation.variables[text];
    // Later pages belong to the search of the first one.
    const isFirstPage = operation.variables[after] == null;
    if (typeof query !== "string" || !isFirstPage) return forward(operation);
    return forward(operation).pipe(
      tap(({ data }) => {
        const search: unknown = data?.["search"];
        if (isSearch(search)) tracker()?.found({ text: query, ...search });
      }),
    );
  });
}

function isSearch(value: unknown): value is { totalCount: number; searchId?: string } {
  return typeof value === "object" && value !== null && "totalCount" in value && typeof value.totalCount === "number";
}
