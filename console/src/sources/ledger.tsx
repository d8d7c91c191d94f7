import { useQuery } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { FailureNotice } from "../components/notices";
import { More, Table, type Column } from "../components/table";
import { failureOf } from "../failure";
import { formatTime } from "../format";
import { CrawlPagesDocument, type CrawlPagesQuery, type CrawlSummaryFragment } from "../gql/graphql";
import { count, t } from "../strings";

type CrawlNode = Extract<NonNullable<CrawlPagesQuery["node"]>, { pages: unknown }>;
type Page = CrawlNode["pages"]["nodes"][number];
const PAGES = 100;

/** The pages of a crawl with their attempts, failures and rejected items. */
export function Ledger({ crawl }: { crawl: CrawlSummaryFragment }) {
  const [isTrouble, setIsTrouble] = useState(false);
  const response = useQuery(CrawlPagesDocument, { variables: { id: crawl.id, first: PAGES }, fetchPolicy: "network-only" });
  const node = (response.data ?? response.previousData)?.node as CrawlNode | null | undefined;
  const [moreError, setMoreError] = useState<unknown>();
  const failure = response.loading ? undefined : failureOf(response.error ?? moreError);
  const pages = node?.pages;
  const loaded = pages?.nodes.length ?? 0;
  const rows = (pages?.nodes ?? []).filter((page) => !isTrouble || page.failures.length > 0 || page.rejections.length > 0);
  const more = () => {
    const after = pages?.pageInfo.endCursor;
    if (!after) return;
    setMoreError(undefined);
    const next = response.fetchMore({
      variables: { after },
      updateQuery: (previous, { fetchMoreResult }) => {
        const [earlier, later] = [previous.node as CrawlNode | null, fetchMoreResult.node as CrawlNode | null];
        if (!earlier || !later) return previous;
        // After the last page of a running crawl, there is no other cursor yet.
        const pageInfo = { ...later.pages.pageInfo, endCursor: later.pages.pageInfo.endCursor ?? after };
        return { node: { ...later, pages: { ...later.pages, pageInfo, nodes: merged(earlier.pages.nodes, later.pages.nodes) } } };
      },
    });
    next.catch(setMoreError);
  };
  // Each page that a running crawl fetches appears. Those that were loaded stay.
  useEffect(() => {
    if (loaded >= PAGES) more();
    else if (response.data) void response.refetch();
  }, [crawl.pagesFetched, crawl.state]);
  // The filter is one of this page, so it loads pages until it has found some.
  const isSearching = isTrouble && rows.length < PAGES && pages?.pageInfo.hasNextPage === true;
  useEffect(() => {
    if (isSearching && moreError === undefined) more();
  }, [isSearching, loaded]);
  return (
    <div className="ledger">
      <div className="card-head compact">
        <h3>{t.sources.ledgerOf(crawl.source)}</h3>
        <label className="check small">
          <input type="checkbox" checked={isTrouble} onChange={() => setIsTrouble(!isTrouble)} />
          {t.sources.onlyTrouble}
        </label>
      </div>
      {failure && <FailureNotice failure={failure} onRetry={() => (response.error ? void response.refetch() : more())} />}
      {!node && !failure && <p className="muted loading">{t.common.loading}</p>}
      {rows.length > 0 && (
        <div className="ledger-rows">
          <Table label={t.sources.ledgerOf(crawl.source)} columns={COLUMNS} rows={rows} id={({ position }) => String(position)} />
        </div>
      )}
      {pages && rows.length === 0 && (
        <p className="muted loading" role="status">
          {isSearching ? t.common.loading : t.sources.noTrouble}
        </p>
      )}
      {pages?.pageInfo.hasNextPage && !isSearching && <More onMore={more} />}
    </div>
  );
}

/** Two lists of pages in their order, without repetitions. */
const merged = (earlier: readonly Page[], later: readonly Page[]): Page[] => {
  const present = new Set(later.map(({ position }) => position));
  return [...earlier.filter(({ position }) => !present.has(position)), ...later];
};

const labels = t.sources.columns;
const COLUMNS: readonly Column<Page>[] = [
  { name: "page", label: labels.page, isNumber: true, cell: ({ position }) => count(position + 1) },
  { name: "sweep", label: labels.sweep, isNumber: true, cell: ({ sweep }) => sweep },
  { name: "items", label: labels.items, isNumber: true, cell: ({ documents }) => count(documents) },
  {
    name: "attempts",
    label: labels.attempts,
    isNumber: true,
    cell: ({ attempts }) => (attempts > 1 ? <span className="badge warn">{attempts}</span> : attempts),
  },
  { name: "status", label: labels.status, isNumber: true, cell: ({ status }) => status ?? t.common.none },
  {
    name: "failures",
    label: labels.failures,
    cell: ({ failures, rejections }) => (
      <ul className="failures">
        {failures.map((failure, at) => (
          <li key={`f${at}`}>{failure}</li>
        ))}
        {rejections.map(({ key, reason }, at) => (
          <li key={`r${at}`} className="warn">
            {t.sources.rejected(key ?? t.sources.withoutKey)}: {reason}
          </li>
        ))}
      </ul>
    ),
  },
  { name: "when", label: labels.when, cell: ({ fetchedAt }) => <time dateTime={fetchedAt}>{formatTime(fetchedAt)}</time> },
];
