import { useQuery, useReactiveVar, useSubscription } from "@apollo/client/react";
import { useEffect, useMemo, useRef, useState } from "react";
import { liveVar } from "../connection";
import { EmptyState, FailureNotice } from "../components/notices";
import { CsvButton, More, Table, type Column } from "../components/table";
import { failureOf } from "../failure";
import { formatAgo, formatDateTime } from "../format";
import {
  SearchLogDocument,
  SearchLoggedDocument,
  type LoggedSearchFragment,
  type SearchContextFilter,
} from "../gql/graphql";
import { href } from "../router";
import { count, t } from "../strings";

const PAGE = 25;
const FRESH_MS = 4_000;

interface LiveLogProps {
  params: URLSearchParams;
  context: SearchContextFilter;
  onChange: (changes: Record<string, string | null>) => void;
}

interface Row extends LoggedSearchFragment {
  /** The earlier text of the same search, if this page has shown it. */
  superseded?: string | undefined;
  isFresh?: boolean;
}

/** The search log: stored searches, and new ones as they are logged. */
export function LiveLog({ params, context, onChange }: LiveLogProps) {
  const prefix = params.get("prefix") ?? "";
  const isZero = params.get("zero") === "yes";
  const filter = {
    ...(Object.keys(context).length > 0 ? { context } : {}),
    ...(prefix ? { queryPrefix: prefix } : {}),
    ...(isZero ? { zeroResults: true } : {}),
  };
  const response = useQuery(SearchLogDocument, { variables: { filter, first: PAGE }, fetchPolicy: "network-only" });
  const [news, setNews] = useState<readonly Row[]>([]);
  const isLive = useReactiveVar(liveVar);
  const now = useNow();
  const log = (response.data ?? response.previousData)?.searchLog;
  const stored = (log?.nodes ?? []) as readonly LoggedSearchFragment[];
  const known = useRef(new Map<string, string>());
  for (const { id, query } of stored) if (!known.current.has(id)) known.current.set(id, query);

  useSubscription(SearchLoggedDocument, {
    ignoreResults: true,
    onData: ({ data }) => {
      const search = data.data?.searchLogged as LoggedSearchFragment | undefined;
      if (!search) return;
      const earlier = known.current.get(search.id);
      known.current.set(search.id, search.query);
      const superseded = earlier !== search.query ? earlier : undefined;
      const row: Row = { ...search, superseded, isFresh: true };
      setNews((rows) => [row, ...rows.filter(({ id }) => id !== search.id)].slice(0, 100));
      setTimeout(
        () => setNews((rows) => rows.map((other) => (other === row ? { ...row, isFresh: false } : other))),
        FRESH_MS,
      );
    },
  });

  // Searches may have been logged while the connection was interrupted.
  const wasLive = useRef(isLive);
  useEffect(() => {
    if (isLive && !wasLive.current) void response.refetch();
    wasLive.current = isLive;
  }, [isLive]);

  const rows = useMemo((): readonly Row[] => {
    const shown = news.filter((row) => matches(row, prefix, isZero, context));
    // The cache has the present text of a stored search, which may not meet the conditions anymore.
    const ids = new Set(news.map(({ id }) => id));
    return [...shown, ...stored.filter(({ id }) => !ids.has(id))];
  }, [news, stored, prefix, isZero, context]);

  const columns = useMemo(() => columnsAt(now), [now]);
  const failure = response.loading ? undefined : failureOf(response.error);
  const more = () => {
    const after = log?.pageInfo.endCursor;
    if (!after) return;
    void response.fetchMore({
      variables: { after },
      updateQuery: (previous, { fetchMoreResult }) => ({
        searchLog: {
          ...fetchMoreResult.searchLog,
          nodes: [...previous.searchLog.nodes, ...fetchMoreResult.searchLog.nodes],
        },
      }),
    });
  };
  return (
    <section className="card" aria-label={t.searches.tabs.live}>
      <div className="card-head compact">
        <p className="live-state" role="status">
          <span className={isLive ? "dot on pulsing" : "dot"} aria-hidden="true" />
          {isLive ? t.searches.live : t.searches.connecting}
        </p>
        <div className="row">
          <label className="inline-field">
            <span className="muted">{t.searches.filter.prefix}</span>
            <input
              type="text"
              className="input small"
              value={prefix}
              onChange={({ target }) => onChange({ prefix: target.value || null })}
            />
          </label>
          <label className="check small">
            <input type="checkbox" checked={isZero} onChange={() => onChange({ zero: isZero ? null : "yes" })} />
            {t.searches.filter.zero}
          </label>
          <CsvButton columns={columns} rows={rows} file="searches" />
        </div>
      </div>
      {failure && <FailureNotice failure={failure} onRetry={() => void response.refetch()} />}
      {rows.length > 0 && (
        <Table
          label={t.searches.tabs.live}
          columns={columns}
          rows={rows}
          id={({ id }) => id}
          rowClass={({ isFresh }) => (isFresh ? "fresh" : undefined)}
        />
      )}
      {rows.length === 0 && log && <EmptyState title={t.searches.empty} hints={[t.searches.emptyHint]} />}
      {!log && !failure && <p className="muted loading">{t.common.loading}</p>}
      {log?.pageInfo.hasNextPage && <More onMore={more} />}
    </section>
  );
}

/** The conditions of the page for a search of the subscription, which has no filter. */
function matches(row: Row, prefix: string, isZero: boolean, context: SearchContextFilter): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/\s+/g, " ").trim();
  const hasTags = (context.tags ?? []).every((tag) =>
    row.tags.some(({ name, value }) => name === tag.name && value === tag.value),
  );
  return (
    plain(row.query).startsWith(plain(prefix)) &&
    (!isZero || row.resultCount === 0) &&
    (!context.source || row.sources.includes(context.source)) &&
    hasTags
  );
}

function columnsAt(now: number): readonly Column<Row>[] {
  const columns = t.searches.columns;
  return [
    {
      name: "query",
      label: columns.query,
      cell: (row) => (
        <>
          <a dir="auto" href={href("search", new URLSearchParams({ q: row.query }))}>{row.query}</a>
          {row.revision > 1 && (
            <span className="muted small note">
              {row.superseded ? t.searches.supersedes(row.superseded) : t.searches.supersedesEarlier(row.revision - 1)}
            </span>
          )}
          {row.tags.map(({ name, value }) => (
            <span key={name} className="badge">
              {name}={value}
            </span>
          ))}
        </>
      ),
      value: ({ query }) => query,
    },
    {
      name: "results",
      label: columns.results,
      isNumber: true,
      cell: ({ resultCount, relaxed }) =>
        resultCount === 0 ? (
          <span className="badge warn">0</span>
        ) : (
          <>
            {relaxed && <span className="muted small">{t.searches.partly} </span>}
            {typeof resultCount === "number" ? count(resultCount) : <span className="muted">{t.searches.unknown}</span>}
          </>
        ),
      value: ({ resultCount }) => resultCount,
    },
    {
      name: "reason",
      label: columns.reason,
      cell: ({ finalReason }) => (
        <span className={finalReason === "SUBMITTED" ? "badge accent" : "badge"} title={t.searches.reasonHints[finalReason]}>
          {t.searches.reasons[finalReason]}
        </span>
      ),
      value: ({ finalReason }) => finalReason,
    },
    {
      name: "keystrokes",
      label: columns.keystrokes,
      isNumber: true,
      cell: ({ keystrokes }) => count(keystrokes),
      value: ({ keystrokes }) => keystrokes,
    },
    {
      name: "when",
      label: columns.when,
      cell: ({ lastKeystrokeAt }) => (
        <time dateTime={lastKeystrokeAt} title={formatDateTime(lastKeystrokeAt)}>
          {formatAgo(lastKeystrokeAt, now)}
        </time>
      ),
      value: ({ lastKeystrokeAt }) => lastKeystrokeAt,
    },
  ];
}

function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
