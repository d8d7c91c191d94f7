import { useQuery } from "@apollo/client/react";
import { useState } from "react";
import { FailureNotice } from "../components/notices";
import { failureOf } from "../failure";
import { RulesDocument, SourcesDocument, type RulesQuery, type RulesQueryVariables } from "../gql/graphql";
import { t } from "../strings";
import { Preview, type Picks } from "./preview";
import { freePosition, type FilterAttribute } from "./rule-draft";
import { RuleList, type OpenRule } from "./rule-list";
import { StopWords } from "./stop-words";
import { Synonyms } from "./synonyms";

type SearchRules = RulesQuery["searchRules"];

/** The entries of one response. */
const ENTRIES = 100;

/** Synonyms, rules and stop words, and a preview of their effect. */
export function Rules() {
  const response = useQuery(RulesDocument, { variables: {}, fetchPolicy: "network-only" });
  const sources = useQuery(SourcesDocument);
  const rules = (response.data ?? response.previousData)?.searchRules as SearchRules | undefined;
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState<OpenRule>();
  // Previews show the results before and after the latest change.
  const [revision, setRevision] = useState(0);
  const changed = () => {
    setRevision((revision) => revision + 1);
    void response.refetch();
  };
  const more = (list: "synonyms" | "rules" | "stopWords") => {
    const shown = rules?.[list] ?? [];
    if (shown.length === 0 || shown.length % ENTRIES !== 0) return undefined;
    const after = shown.at(-1)?.id ?? null;
    return () => {
      const variables: RulesQueryVariables = { [`${list}After`]: after };
      void response.fetchMore({
        variables,
        updateQuery: ({ searchRules }, { fetchMoreResult }) => ({
          searchRules: { ...searchRules, [list]: [...searchRules[list], ...fetchMoreResult.searchRules[list]] },
        }),
      });
    };
  };
  const openRule = (next: OpenRule | undefined) => {
    // A query to which the rule applies shows its effect.
    const { equals, contains } = next?.stored?.condition ?? {};
    const example = equals?.[0] ?? contains?.[0];
    if (!open && example !== undefined && query.trim() === "") setQuery(example);
    setOpen(next);
  };
  const picks: Picks | undefined = open && {
    pin: ({ source, key }) =>
      setOpen({ ...open, draft: { ...open.draft, pin: [...open.draft.pin, { source, key, position: freePosition(open.draft) }] } }),
    hide: ({ source, key }) => setOpen({ ...open, draft: { ...open.draft, hide: [...open.draft.hide, { source, key }] } }),
  };
  const failure = response.loading ? undefined : failureOf(response.error);
  return (
    <section aria-label={t.server.rules}>
      <h2 className="section-title">{t.server.rules}</h2>
      {failure && <FailureNotice failure={failure} onRetry={() => void response.refetch()} />}
      {rules && (
        <div className="rules">
          <div className="stack">
            <RuleList
              rules={rules.rules}
              attributes={filterAttributes(sources.data?.sources ?? [])}
              open={open}
              onOpen={openRule}
              onChange={changed}
              onMore={more("rules")}
            />
            <Synonyms sets={rules.synonyms} onChange={changed} onMore={more("synonyms")} />
            <StopWords sets={rules.stopWords} onChange={changed} onMore={more("stopWords")} />
          </div>
          <Preview revision={revision} query={query} picks={picks} onQuery={setQuery} />
        </div>
      )}
    </section>
  );
}

interface DeclaringSource {
  attributes?: readonly { name?: string; type?: FilterAttribute["type"]; uses?: readonly string[] }[];
}

/** The attributes that filter, each once. */
function filterAttributes(sources: readonly (DeclaringSource | undefined)[]): FilterAttribute[] {
  const found = new Map<string, FilterAttribute>();
  for (const { name, type, uses } of sources.flatMap((source) => source?.attributes ?? [])) {
    if (name !== undefined && type !== undefined && uses?.includes("FILTER") && type !== "GEO") found.set(name, { name, type });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}
