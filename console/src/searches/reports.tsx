import { useQuery } from "@apollo/client/react";
import { useState, type ReactNode } from "react";
import { EmptyState, FailureNotice } from "../components/notices";
import { CsvButton, More, Table, type Column } from "../components/table";
import { failureOf } from "../failure";
import { formatDateTime, formatDecimal, formatPercent, formatTime } from "../format";
import { TopSearchesDocument, ZeroResultsDocument, type TopSearchesQuery, type ZeroResultsQuery } from "../gql/graphql";
import { href } from "../router";
import { count, t } from "../strings";
import type { ReportProps } from "./volume";

/** The rows of one response. */
const ROWS = 100;
const columns = t.searches.columns;
type TopRow = TopSearchesQuery["reports"]["topSearches"]["rows"][number];
type ZeroRow = ZeroResultsQuery["reports"]["zeroResultSearches"]["rows"][number];

/** A query as a link to its results. */
function QueryLink({ query }: { query: string }) {
  return <a dir="auto" href={href("search", new URLSearchParams({ q: query }))}>{query}</a>;
}

const optional = (value: number | null | undefined, format: (value: number) => string): ReactNode =>
  value === null || value === undefined ? <span className="muted">{t.common.none}</span> : format(value);

function useTop({ period, filter, refresh }: ReportProps) {
  const response = useQuery(TopSearchesDocument, {
    variables: { period, filter, first: ROWS, refresh },
    fetchPolicy: "network-only",
  });
  const report = (response.data ?? response.previousData)?.reports?.topSearches;
  const more = (after: string) =>
    response.fetchMore({
      variables: { after, refresh: false },
      updateQuery: ({ reports }, { fetchMoreResult: { reports: next } }) => ({
        reports: {
          ...reports,
          topSearches: { ...next.topSearches, rows: [...reports.topSearches.rows, ...next.topSearches.rows] },
        },
      }),
    });
  return { response, report, onMore: nextPage(report?.pageInfo, more) };
}

/** Fetches the rows after those of a page, if there are some. */
function nextPage(
  page: { hasNextPage?: boolean; endCursor?: string | null } | undefined,
  fetch: (after: string) => Promise<unknown>,
): (() => Promise<unknown>) | undefined {
  const after = page?.endCursor;
  return page?.hasNextPage && after ? () => fetch(after) : undefined;
}

const QUERY: Column<TopRow> = {
  name: "query",
  label: columns.query,
  cell: ({ query }) => <QueryLink query={query} />,
  value: ({ query }) => query,
};
const SEARCHES: Column<TopRow> = {
  name: "searches",
  label: columns.searches,
  isNumber: true,
  cell: ({ searches }) => count(searches),
  value: ({ searches }) => searches,
};
const CTR: Column<TopRow> = {
  name: "ctr",
  label: columns.ctr,
  isNumber: true,
  cell: (row) => optional(row.clickThroughRate, formatPercent),
  value: (row) => row.clickThroughRate,
};

const TOP_COLUMNS: readonly Column<TopRow>[] = [
  QUERY,
  SEARCHES,
  { name: "sessions", label: columns.sessions, isNumber: true, cell: (row) => count(row.sessions), value: (row) => row.sessions },
  {
    name: "results",
    label: columns.averageResults,
    isNumber: true,
    cell: (row) => optional(row.averageResults, formatDecimal),
    value: (row) => row.averageResults,
  },
  CTR,
  {
    name: "position",
    label: columns.position,
    isNumber: true,
    cell: (row) => optional(row.averageClickPosition, formatDecimal),
    value: (row) => row.averageClickPosition,
  },
];

const NO_CLICK_COLUMNS: readonly Column<TopRow>[] = [
  QUERY,
  {
    name: "noClicks",
    label: columns.noClicks,
    isNumber: true,
    cell: (row) => optional(row.searchesWithoutClicks, count),
    value: (row) => row.searchesWithoutClicks,
  },
  SEARCHES,
  CTR,
];

const ZERO_COLUMNS: readonly Column<ZeroRow>[] = [
  { name: "query", label: columns.query, cell: ({ query }) => <QueryLink query={query} />, value: ({ query }) => query },
  { name: "searches", label: columns.searches, isNumber: true, cell: (row) => count(row.searches), value: (row) => row.searches },
  { name: "sessions", label: columns.sessions, isNumber: true, cell: (row) => count(row.sessions), value: (row) => row.sessions },
  {
    name: "hitsNow",
    label: columns.hitsNow,
    isNumber: true,
    cell: ({ hitsNow }) =>
      hitsNow > 0 ? (
        <span className="badge good">
          {count(hitsNow)} {t.searches.found}
        </span>
      ) : (
        "0"
      ),
    value: ({ hitsNow }) => hitsNow,
  },
  {
    name: "last",
    label: columns.lastSearched,
    cell: (row) => <time dateTime={row.lastSearchedAt}>{formatDateTime(row.lastSearchedAt)}</time>,
    value: (row) => row.lastSearchedAt,
  },
];

export function Top(props: ReportProps) {
  const { response, report, onMore } = useTop(props);
  return (
    <Report
      label={t.searches.tabs.top}
      file="top-searches"
      columns={TOP_COLUMNS}
      rows={report?.rows as readonly TopRow[] | undefined}
      generatedAt={report?.generatedAt}
      response={response}
      onMore={onMore}
      empty={<EmptyState title={t.searches.emptyPeriod} hints={[t.searches.emptyHint]} />}
    />
  );
}

export function NoClicks(props: ReportProps) {
  const { response, report, onMore } = useTop(props);
  const rows = report?.rows as readonly TopRow[] | undefined;
  const known = rows?.filter((row) => (row.searchesWithoutClicks ?? 0) > 0);
  const sorted = known && [...known].sort((a, b) => (b.searchesWithoutClicks ?? 0) - (a.searchesWithoutClicks ?? 0));
  return (
    <Report
      label={t.searches.tabs.clicks}
      file="searches-without-clicks"
      columns={NO_CLICK_COLUMNS}
      rows={sorted}
      generatedAt={report?.generatedAt}
      response={response}
      onMore={onMore}
      empty={<EmptyState title={t.searches.noneClicks} hints={[t.searches.noneClicksHint]} />}
    />
  );
}

export function ZeroResults({ period, filter, refresh }: ReportProps) {
  const response = useQuery(ZeroResultsDocument, {
    variables: { period, filter, first: ROWS, refresh },
    fetchPolicy: "network-only",
  });
  const report = (response.data ?? response.previousData)?.reports?.zeroResultSearches;
  const more = (after: string) =>
    response.fetchMore({
      variables: { after, refresh: false },
      updateQuery: ({ reports }, { fetchMoreResult: { reports: next } }) => ({
        reports: {
          ...reports,
          zeroResultSearches: {
            ...next.zeroResultSearches,
            rows: [...reports.zeroResultSearches.rows, ...next.zeroResultSearches.rows],
          },
        },
      }),
    });
  return (
    <Report
      label={t.searches.tabs.zero}
      file="searches-without-results"
      columns={ZERO_COLUMNS}
      rows={report?.rows as readonly ZeroRow[] | undefined}
      generatedAt={report?.generatedAt}
      response={response}
      onMore={nextPage(report?.pageInfo, more)}
      empty={<EmptyState title={t.searches.noneZero} />}
    />
  );
}

interface ReportViewProps<Row> {
  label: string;
  file: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[] | undefined;
  generatedAt: string | undefined;
  response: { loading: boolean; error?: unknown; refetch: () => unknown };
  /** Fetches further rows, if there are some. */
  onMore: (() => Promise<unknown>) | undefined;
  empty: ReactNode;
}

function Report<Row extends { query: string }>({ label, file, columns, rows, generatedAt, response, onMore, empty }: ReportViewProps<Row>) {
  const [moreError, setMoreError] = useState<unknown>();
  const failure = response.loading ? undefined : failureOf(response.error ?? moreError);
  const more = () => {
    setMoreError(undefined);
    onMore?.().catch(setMoreError);
  };
  const retry = () => (moreError === undefined ? void response.refetch() : more());
  return (
    <section className="card" aria-label={label} aria-busy={response.loading}>
      {failure && <FailureNotice failure={failure} onRetry={retry} />}
      {rows && rows.length > 0 && <Table label={label} columns={columns} rows={rows} id={({ query }) => query} />}
      {rows?.length === 0 && empty}
      {onMore && <More onMore={more} />}
      {rows && rows.length > 0 && (
        <div className="card-foot row between">
          <span className="muted small">{generatedAt && t.common.asOf(formatTime(generatedAt))}</span>
          <CsvButton columns={columns} rows={rows} file={file} />
        </div>
      )}
      {!rows && !failure && <p className="muted loading">{t.common.loading}</p>}
    </section>
  );
}
