import { NetworkStatus } from "@apollo/client";
import { skipToken, useQuery, useReactiveVar } from "@apollo/client/react";
import { useEffect, useMemo, useRef, useState } from "react";
import { accessVar } from "../access";
import { FailureNotice } from "../components/notices";
import { ChipList } from "./chips";
import { ConsentRequest, ConsentState } from "./consent";
import { FilterIcon, CodeIcon } from "../components/icons";
import { failureOf } from "../failure";
import { SearchDocument, SourcesDocument, type SearchQueryVariables } from "../gql/graphql";
import { navigate } from "../router";
import { t } from "../strings";
import { Box } from "./box";
import { DocumentPanel } from "./document";
import { Facets } from "./facets";
import { Pages, lastPage } from "./pages";
import { QueryPanel } from "./query-panel";
import { Empty, Interpretation, Results, Skeleton, type Hit } from "./results";
import { FIELDS, PAGE_SIZE, filterOf, hasAttributeFilter, isFiltered, orderOf, useSearchState, type Declared } from "./state";
import { Timing } from "./timing";
import { useTracking } from "./tracking";

/** A response that takes longer is shown as slow. */
const SLOW_MS = 400;
const FACET_VALUES = 8;

export default function SearchPage() {
  const access = useReactiveVar(accessVar);
  const declaring = useQuery(SourcesDocument, { fetchPolicy: "cache-first" });
  const sources = declaring.data;
  const declared = useMemo(() => declaredOf(sources?.sources ?? []), [sources]);
  const { state, change, type, submit } = useSearchState(declared);
  const filter = useMemo(() => filterOf(state, declared), [state, declared]);
  const fields = useMemo(
    () => [...FIELDS, ...declared.filter(({ isFacet, type }) => isFacet && isCounted(type)).map(({ name }) => name)],
    [declared],
  );
  const variables: SearchQueryVariables = {
    query: state.text,
    page: state.page,
    first: PAGE_SIZE,
    filter,
    ...orderOf(state),
    typoTolerance: state.typoTolerance,
    fields,
    values: FACET_VALUES,
  };
  // Without the types of attributes, their filters would be missing from the search.
  const isWaiting = !sources && hasAttributeFilter(state);
  const response = useQuery(
    SearchDocument,
    isWaiting
      ? skipToken
      : {
          variables,
          // Results of another keystroke are of no use: the cache would only delay them.
          fetchPolicy: "no-cache",
          // Authors come from the database, without which the rest of a result is complete.
          errorPolicy: "all",
          notifyOnNetworkStatusChange: true,
        },
  );
  const { tracker, ref } = useTracking();
  const [opened, setOpened] = useState<{ hit: Hit; position: number } | null>(null);
  const [isQueryShown, setIsQueryShown] = useState(false);
  const [areFiltersShown, setAreFiltersShown] = useState(false);
  const results = useRef<HTMLOListElement>(null);

  const isLoading = isWaiting || response.loading || response.networkStatus === NetworkStatus.refetch;
  const isSlow = useDelay(isLoading, SLOW_MS);
  const failure =
    (response.loading ? undefined : failureOf(response.error)) ?? (declaring.loading ? undefined : failureOf(declaring.error));
  // The results of the search before are not those of an invalid one.
  const shown = response.data ?? (failure?.kind === "other" ? undefined : response.previousData);
  const search = shown?.search as NonNullable<typeof response.data>["search"] | undefined;
  const total = search?.totalCount ?? 0;
  const retry = () => {
    if (declaring.error) void declaring.refetch();
    if (response.error) void response.refetch();
  };

  const last = lastPage(total);
  useEffect(() => {
    if (!isLoading && response.data && total > 0 && state.page > last) change({ page: last }, true);
  }, [isLoading, total, state.page]);

  const searchId = response.data?.search.searchId;
  useEffect(() => {
    // The first page has the number of results of the text; later pages belong to the same search.
    if (searchId === undefined || state.page !== 1) return;
    tracker.current?.found({ text: state.text, totalCount: total, searchId });
  }, [searchId]);

  const open = (hit: Hit, position: number) => {
    setOpened({ hit, position });
    tracker.current?.recordInteraction({
      documentId: hit.node.id,
      position,
      ...(search ? { searchId: search.searchId } : {}),
    });
  };
  const filters = state.values.size + state.ranges.size;
  if (access?.needsKey && !access.scopes.has("SEARCH")) return null;

  return (
    <div className="search-page">
      <h1 className="visually-hidden">{t.search.title}</h1>
      <div className="search-top">
        <Box
          inputRef={ref}
          text={state.text}
          filter={filter}
          onText={type}
          onSubmit={(text) => {
            submit(text);
            tracker.current?.submit(text);
          }}
          onLeave={() => results.current?.querySelector<HTMLElement>("button")?.focus()}
          isBusy={isSlow}
        >
          <ConsentState />
        </Box>
        <ConsentRequest />
      </div>
      <div className="search-body">
        <aside className={areFiltersShown ? "filters shown" : "filters"} aria-label={t.search.filters}>
          <Facets state={state} declared={declared} facets={search?.facets ?? []} filter={filter} onChange={change} />
        </aside>
        <section className="results" aria-label={t.search.results} aria-busy={isLoading}>
          <div className="results-bar">
            <p className="summary" role="status">
              {search && (
                <>
                  <strong>{t.search.summary(total)}</strong>
                  <Timing variables={variables} engineMs={search.tookMs} isLoading={response.loading} searchId={search.searchId} />
                </>
              )}
            </p>
            <div className="results-actions">
              <button
                type="button"
                className="button filters-toggle"
                aria-expanded={areFiltersShown}
                onClick={() => setAreFiltersShown(!areFiltersShown)}
              >
                <FilterIcon />
                {t.search.showFilters(filters)}
              </button>
              <Order state={state.order} declared={declared} onChange={(order) => change({ order })} />
              <button type="button" className="button" onClick={() => setIsQueryShown(true)}>
                <CodeIcon />
                {t.search.query}
              </button>
            </div>
          </div>
          <ChipList state={state} facets={search?.facets ?? []} onChange={change} />
          {failure && <FailureNotice failure={failure} onRetry={retry} />}
          {search && <Interpretation search={search} state={state} onChange={change} />}
          {!search && !failure && <Skeleton />}
          {search && total > 0 && (
            <>
              <Results
                ref={results}
                edges={search.edges}
                offset={(state.page - 1) * PAGE_SIZE}
                isStale={isSlow}
                onOpen={open}
                onEscape={() => document.querySelector<HTMLInputElement>("#search-box")?.focus()}
              />
              <Pages page={state.page} total={total} onPage={(page) => change({ page })} />
            </>
          )}
          {search && total === 0 && !isLoading && !failure && (
            <Empty
              isFiltered={isFiltered(state)}
              isIndexEmpty={sources !== undefined && (sources.sources ?? []).every(({ documentCount }) => documentCount === 0)}
              onClear={() => change({ values: new Map(), ranges: new Map() })}
              onSources={() => navigate("#/sources")}
            />
          )}
        </section>
      </div>
      {opened && <DocumentPanel hit={opened.hit} onClose={() => setOpened(null)} />}
      {isQueryShown && <QueryPanel variables={variables} onClose={() => setIsQueryShown(false)} />}
    </div>
  );
}

const isCounted = (type: Declared["type"]) => type === "STRING" || type === "BOOLEAN";

interface SourceAttributes {
  attributes: readonly { name: string; type: Declared["type"]; uses: readonly string[] }[];
}

function declaredOf(sources: readonly SourceAttributes[]): Declared[] {
  const byName = new Map<string, Declared>();
  for (const { name, type, uses } of sources.flatMap(({ attributes }) => attributes)) {
    const isUsed = (use: string) => uses.includes(use);
    const other = byName.get(name);
    byName.set(name, {
      name,
      type,
      // A use of one source is one of the name.
      isFacet: isUsed("FACET") || other?.isFacet === true,
      isFilter: isUsed("FILTER") || other?.isFilter === true,
      isSort: isUsed("SORT") || other?.isSort === true,
    });
  }
  return [...byName.values()];
}

function Order({ state, declared, onChange }: { state: string; declared: readonly Declared[]; onChange: (order: string) => void }) {
  const sortable = declared.filter(({ isSort, type }) => isSort && type !== "GEO");
  return (
    <label className="select">
      <span className="visually-hidden">{t.search.sort}</span>
      <select value={state} onChange={(event) => onChange(event.target.value)}>
        {Object.entries(t.search.sorts).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
        {sortable.flatMap(({ name }) => [
          <option key={`+${name}`} value={`+${name}`}>
            {t.search.ascending(name)}
          </option>,
          <option key={`-${name}`} value={`-${name}`}>
            {t.search.descending(name)}
          </option>,
        ])}
      </select>
    </label>
  );
}

/** True once a state has lasted for a time. */
function useDelay(isOn: boolean, ms: number): boolean {
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    if (!isOn) {
      setIsLate(false);
      return undefined;
    }
    const timer = setTimeout(() => setIsLate(true), ms);
    return () => clearTimeout(timer);
  }, [isOn, ms]);
  return isLate;
}
