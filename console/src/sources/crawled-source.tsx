import { useMutation, useSubscription } from "@apollo/client/react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { PlayIcon } from "../components/icons";
import { FailureNotice } from "../components/notices";
import { Table, type Column } from "../components/table";
import { failureOf } from "../failure";
import { formatDateTime, formatDuration } from "../format";
import {
  CrawlProgressDocument,
  StartCrawlDocument,
  type CrawlsQuery,
  type CrawlState,
  type CrawlSummaryFragment,
} from "../gql/graphql";
import { count, t } from "../strings";
import { Ledger } from "./ledger";
import { SourcePreview } from "./source-preview";

const BADGES: Record<CrawlState, string> = {
  COMPLETED: "badge good",
  FAILED: "badge danger",
  INCOMPLETE: "badge warn",
  RUNNING: "badge accent",
};

/** A crawl that completed, but found too few documents to delete the others. */
const isSuspect = ({ state, error }: CrawlSummaryFragment) => state === "COMPLETED" && Boolean(error);

function StateBadge({ crawl }: { crawl: CrawlSummaryFragment }) {
  return <span className={isSuspect(crawl) ? "badge warn" : BADGES[crawl.state]}>{t.sources.state[crawl.state]}</span>;
}

interface CrawledSourceProps {
  source: CrawlsQuery["sources"][number] | undefined;
  /** A crawl ended, so that the number of documents may be another one. */
  onEnd: () => void;
}

/** The crawls of a source: the progress of the latest one, and those before it. */
export function CrawledSource({ source, onEnd }: CrawledSourceProps) {
  const [allowShrink, setAllowShrink] = useState(false);
  const [ledgerOf, setLedgerOf] = useState<string | null>(null);
  const [isPreviewed, setIsPreviewed] = useState(false);
  const name = source?.name ?? "";
  const crawls = source?.crawls as readonly CrawlSummaryFragment[] | undefined;
  // A source that clients fill has neither crawls nor progress.
  const progress = useSubscription(CrawlProgressDocument, {
    variables: { source: name },
    skip: !source?.isCrawled && !crawls?.length,
  });
  const [start, started] = useMutation(StartCrawlDocument, { errorPolicy: "all" });
  const latest = (progress.data?.crawlProgress ?? crawls?.[0]) as CrawlSummaryFragment | undefined;
  const isRunning = latest?.state === "RUNNING";
  const wasRunning = useRef(false);
  useEffect(() => {
    if (wasRunning.current && !isRunning) onEnd();
    wasRunning.current = isRunning;
  }, [isRunning]);
  if (!source || !crawls || (!source.isCrawled && crawls.length === 0)) return null;
  const all = latest && !crawls.some(({ id }) => id === latest.id) ? [latest, ...crawls] : crawls;
  const failure = failureOf(started.error);
  const shown = ledgerOf && all.find(({ id }) => id === ledgerOf);
  const shrink = source.isCrawled && (
    <label className="check small">
      <input type="checkbox" checked={allowShrink} onChange={() => setAllowShrink(!allowShrink)} />
      {t.sources.allowShrink}
    </label>
  );
  const isQuestioned = latest !== undefined && isSuspect(latest);
  const run = () => void start({ variables: { source: name, allowShrink } });
  return (
    <>
      <div className="source-body">
        {latest ? <Progress crawl={latest}>{isQuestioned && shrink}</Progress> : <p className="muted">{t.sources.never}</p>}
        {source.isCrawled && (
          <div className="source-actions">
            <div className="row">
              <button type="button" className="button primary" disabled={isRunning || started.loading} onClick={run}>
                <PlayIcon />
                {isRunning ? t.sources.running : t.sources.start}
              </button>
              <button type="button" className="button" onClick={() => setIsPreviewed(true)}>
                {t.sources.preview}
              </button>
            </div>
            {!isRunning && <p className="muted small">{nextCrawl(source.nextCrawlAt)}</p>}
            {!isQuestioned && shrink}
          </div>
        )}
        {failure && <FailureNotice failure={failure} onRetry={run} />}
      </div>
      {all.length > 0 && (
        <Table
          label={`${t.sources.crawls}: ${name}`}
          columns={columns(ledgerOf, (id) => setLedgerOf(id === ledgerOf ? null : id))}
          rows={all}
          id={({ id }) => id}
        />
      )}
      {shown && <Ledger key={shown.id} crawl={shown} />}
      {isPreviewed && <SourcePreview source={name} onClose={() => setIsPreviewed(false)} />}
    </>
  );
}

function nextCrawl(at: string | null | undefined): string {
  if (!at) return t.sources.onRequest;
  return new Date(at).getTime() <= Date.now() ? t.sources.isDue : t.sources.next(formatDateTime(at));
}

function Progress({ crawl, children }: { crawl: CrawlSummaryFragment; children: ReactNode }) {
  const { documentsSeen, expectedTotal, state } = crawl;
  const total = expectedTotal ?? null;
  const share = total ? Math.min(1, documentsSeen / total) : state === "RUNNING" ? null : 1;
  return (
    <div className="progress-block">
      <p className="row" role="status">
        <StateBadge crawl={crawl} />
        <span>{t.sources.progress(documentsSeen, total)}</span>
        <span className="muted">{t.sources.pages(crawl.pagesFetched, crawl.attempts)}</span>
      </p>
      <div
        className={share === null ? "progress open" : "progress"}
        role="progressbar"
        aria-label={t.sources.progress(documentsSeen, total)}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(share === null ? {} : { "aria-valuenow": Math.round(100 * share) })}
      >
        <span style={{ width: `${100 * (share ?? 0.3)}%` }} />
      </div>
      <dl className="counts">
        {(Object.entries(t.sources.counts) as [keyof typeof t.sources.counts, string][]).map(([name, label]) => (
          <div key={name}>
            <dt className="muted small">{label}</dt>
            <dd className={name === "rejected" && crawl.rejected > 0 ? "warn" : undefined}>{count(crawl[name])}</dd>
          </div>
        ))}
      </dl>
      {crawl.error && <p className="crawl-error">{crawl.error}</p>}
      {children}
    </div>
  );
}

function columns(ledgerOf: string | null, onLedger: (id: string) => void): readonly Column<CrawlSummaryFragment>[] {
  const labels = t.sources.columns;
  return [
    {
      name: "started",
      label: labels.started,
      cell: ({ startedAt }) => <time dateTime={startedAt}>{formatDateTime(startedAt)}</time>,
    },
    {
      name: "state",
      label: labels.state,
      cell: (crawl) => (
        <>
          <StateBadge crawl={crawl} />
          {crawl.error && <p className="muted small crawl-reason">{crawl.error}</p>}
        </>
      ),
    },
    { name: "documents", label: labels.documents, isNumber: true, cell: (crawl) => count(crawl.documentsSeen) },
    { name: "attempts", label: labels.attempts, isNumber: true, cell: (crawl) => count(crawl.attempts) },
    {
      name: "took",
      label: labels.took,
      isNumber: true,
      cell: ({ startedAt, finishedAt }) => (finishedAt ? formatDuration(startedAt, finishedAt) : t.common.none),
    },
    {
      name: "ledger",
      label: t.sources.ledger,
      cell: ({ id }) => (
        <button type="button" className="link" aria-expanded={ledgerOf === id} onClick={() => onLedger(id)}>
          {ledgerOf === id ? t.sources.hideLedger : t.sources.showLedger}
        </button>
      ),
    },
  ];
}
