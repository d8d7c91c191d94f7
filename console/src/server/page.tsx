import { useQuery, useReactiveVar } from "@apollo/client/react";
import type { ReactNode } from "react";
import { accessVar } from "../access";
import { onlineVar } from "../connection";
import { FailureNotice } from "../components/notices";
import { Table, type Column } from "../components/table";
import { failureOf } from "../failure";
import { formatBytes, formatDateTime, formatDecimal, formatSeconds } from "../format";
import { LoggingHealthDocument } from "../gql/graphql";
import { count, t } from "../strings";
import { useMetrics, type Metrics } from "./metrics";
import { useReadiness } from "./readiness";
import { Rules } from "./rules";
import "../styles/tables.css";
import "../styles/server.css";

const POLL_MS = 5_000;
const text = t.server;

export default function ServerPage() {
  const access = useReactiveVar(accessVar);
  const isOnline = useReactiveVar(onlineVar);
  const readiness = useReadiness(POLL_MS);
  const metrics = useMetrics(POLL_MS);
  const state = !isOnline || readiness === null ? "unreachable" : readiness?.ready ? "ready" : "notReady";
  const optional = (name: string, format: (value: number) => string) => {
    const value = metrics?.value(name);
    return value === undefined ? undefined : format(value);
  };
  const upOrDown = (value: number) => (value === 1 ? text.up : text.down);
  return (
    <>
      <div className="page-head">
        <h1>{text.title}</h1>
        {readiness !== undefined && <span className={state === "ready" ? "badge good" : "badge danger"}>{text[state]}</span>}
      </div>
      <div className="tiles">
        <Tile title={text.process}>
          <Rows
            rows={[
              [text.version, metrics?.label("quarry_build_info", "version")],
              [text.uptime, optional("quarry_uptime_seconds", formatSeconds)],
              [text.memory, optional("process_resident_memory_bytes", formatBytes)],
              [text.database, optional("quarry_database_up", upOrDown)],
              [text.buffer, optional("quarry_keystroke_buffer_up", upOrDown)],
            ]}
          />
          <p className="links small muted">
            <a href="readyz">/readyz</a> <a href="livez">/livez</a> <a href="metrics">/metrics</a>
          </p>
        </Tile>
        <Tile title={text.index}>
          <Rows
            rows={[
              [text.indexed, metrics?.value("quarry_index_documents")],
              [text.size, optional("quarry_index_bytes", formatBytes)],
              [text.segments, metrics?.value("quarry_index_segments")],
              [text.revision, readiness?.index?.applied],
              [text.behind, readiness?.index?.behind],
            ]}
          />
        </Tile>
        {access?.scopes.has("REPORTS") && <Logging />}
        {metrics && <Capacity metrics={metrics} />}
        {metrics && <ReportCache metrics={metrics} />}
      </div>
      {access?.scopes.has("ADMIN") && <Rules />}
      {metrics && <Workers metrics={metrics} />}
    </>
  );
}

function Logging() {
  const { data, previousData, loading, error, refetch } = useQuery(LoggingHealthDocument, {
    fetchPolicy: "network-only",
    pollInterval: POLL_MS,
  });
  const health = (data ?? previousData)?.loggingHealth;
  const failure = loading ? undefined : failureOf(error);
  return (
    <Tile title={text.logging}>
      {failure && <FailureNotice failure={failure} onRetry={() => void refetch()} />}
      {health?.lastError && <p className="crawl-error">{health.lastError}</p>}
      <Rows
        rows={[
          [text.buffered, health?.bufferedSearches],
          [text.flushed, health?.searchesFlushed],
          [text.accepted, health?.keystrokesAccepted],
          [text.dropped, health?.keystrokesDropped],
          [text.lastFlush, health?.lastFlushAt ? formatDateTime(health.lastFlushAt) : undefined],
        ]}
      />
    </Tile>
  );
}

/** The work in flight and its limits. */
function Capacity({ metrics }: { metrics: Metrics }) {
  const used = (now: number | undefined, limit: number | undefined) =>
    now === undefined || limit === undefined ? undefined : text.used(count(now), count(limit));
  const kinds = metrics.all("quarry_admitted").map(({ labels, value }): [string, string | undefined] => [
    labels["kind"] ?? "",
    used(value, metrics.value("quarry_admitted_limit", labels)),
  ]);
  return (
    <Tile title={text.capacity}>
      <Rows
        rows={[
          [text.searching, used(metrics.value("quarry_searches_running"), metrics.value("quarry_search_permits"))],
          ...kinds.map(([kind, value]) => [kind.replaceAll("_", " "), value] as const),
          [text.refused, metrics.all("quarry_admission_refused_total").reduce((sum, { value }) => sum + value, 0)],
        ]}
      />
    </Tile>
  );
}

function ReportCache({ metrics }: { metrics: Metrics }) {
  const samples = metrics.all("quarry_reports_total");
  if (samples.length === 0) return null;
  const byOrigin = new Map<string, number>();
  for (const { labels, value } of samples) {
    const origin = labels["outcome"] ?? "";
    byOrigin.set(origin, (byOrigin.get(origin) ?? 0) + value);
  }
  return (
    <Tile title={text.reportCache}>
      <Rows rows={[...byOrigin]} />
    </Tile>
  );
}

interface Worker {
  name: string;
  isUp: boolean;
  age: number | undefined;
  failures: number | undefined;
}

const WORKER_COLUMNS: readonly Column<Worker>[] = [
  { name: "name", label: text.worker, cell: ({ name }) => name.replaceAll("_", " ") },
  {
    name: "state",
    label: text.state,
    cell: ({ isUp }) => <span className={isUp ? "badge good" : "badge danger"}>{isUp ? text.running : text.stopped}</span>,
  },
  {
    name: "age",
    label: text.lastStep,
    isNumber: true,
    cell: ({ age }) => (age === undefined ? t.common.none : text.ago(formatDecimal(age))),
  },
  { name: "failures", label: text.failures, isNumber: true, cell: ({ failures }) => count(failures ?? 0) },
];

function Workers({ metrics }: { metrics: Metrics }) {
  const workers = metrics.all("quarry_worker_up").map(({ labels, value }) => ({
    name: labels["worker"] ?? Object.values(labels)[0] ?? "",
    isUp: value === 1,
    age: metrics.value("quarry_worker_last_success_age_seconds", labels),
    failures: metrics.value("quarry_worker_failures_total", labels),
  }));
  if (workers.length === 0) return null;
  return (
    <section className="card workers" aria-label={text.workers}>
      <Table label={text.workers} columns={WORKER_COLUMNS} rows={workers} id={({ name }) => name} />
    </section>
  );
}

function Tile({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card tile" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Rows({ rows }: { rows: readonly (readonly [string, number | string | null | undefined])[] }) {
  return (
    <dl className="rows">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt className="muted">{label}</dt>
          <dd>{typeof value === "number" ? count(value) : (value ?? t.common.none)}</dd>
        </div>
      ))}
    </dl>
  );
}
