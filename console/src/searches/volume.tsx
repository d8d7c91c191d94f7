import { useQuery } from "@apollo/client/react";
import { useState } from "react";
import { FailureNotice } from "../components/notices";
import { Segmented } from "../components/segmented";
import { CsvButton, Table, type Column } from "../components/table";
import { failureOf } from "../failure";
import { formatPercent, formatTime, timeZone } from "../format";
import { VolumeDocument, type Interval, type Period, type SearchContextFilter } from "../gql/graphql";
import { count, t } from "../strings";
import { INTERVALS, type PeriodName } from "./period";
import { VolumeChart, intervalLabel, type VolumeRow } from "./volume-chart";

export interface ReportProps {
  period: Period;
  filter: SearchContextFilter;
  /** Bypass the cache of reports. */
  refresh: boolean;
}

export function Volume({ period, filter, refresh, name }: ReportProps & { name: PeriodName }) {
  const intervals = INTERVALS[name];
  const [chosen, setChosen] = useState<Interval | null>(null);
  const interval = chosen && intervals.includes(chosen) ? chosen : (intervals[0] ?? "DAY");
  const [view, setView] = useState<"chart" | "table">("chart");
  const timezone = timeZone();
  const response = useQuery(VolumeDocument, {
    variables: { period, filter, interval, timezone, refresh },
    fetchPolicy: "network-only",
  });
  const failure = response.loading ? undefined : failureOf(response.error);
  const report = (response.data ?? response.previousData)?.reports?.searchVolume;
  const rows = (report?.rows ?? []) as readonly VolumeRow[];
  const searches = rows.reduce((sum, row) => sum + row.searches, 0);
  const zero = rows.reduce((sum, row) => sum + row.zeroResults, 0);
  const columns: Column<VolumeRow>[] = [
    { name: "start", label: t.searches.columns.start, cell: (row) => intervalLabel(row.start, interval, false), value: (row) => row.start },
    { name: "searches", label: t.searches.total, isNumber: true, cell: (row) => count(row.searches), value: (row) => row.searches },
    { name: "zero", label: t.searches.zeroResults, isNumber: true, cell: (row) => count(row.zeroResults), value: (row) => row.zeroResults },
    { name: "sessions", label: t.searches.sessions, isNumber: true, cell: (row) => count(row.sessions), value: (row) => row.sessions },
  ];
  return (
    <section className="card volume-card" aria-label={t.searches.volume}>
      <div className="card-head">
        <div className="figures">
          <Figure label={t.searches.total} value={report ? count(searches) : t.common.none} />
          <Figure label={t.searches.zeroResults} value={report ? count(zero) : t.common.none} />
          <Figure label={t.searches.zeroShare} value={searches > 0 ? formatPercent(zero / searches) : t.common.none} />
        </div>
        <div className="row">
          {intervals.length > 1 && (
            <Segmented
              label={t.searches.interval}
              options={intervals.map((name) => [name, t.searches.intervals[name]] as const)}
              value={interval}
              onChange={setChosen}
            />
          )}
          <Segmented
            label={t.searches.volume}
            options={[
              ["chart", t.common.chart],
              ["table", t.common.table],
            ]}
            value={view}
            onChange={setView}
          />
          <CsvButton columns={columns} rows={rows} file="search-volume" />
        </div>
      </div>
      {failure && <FailureNotice failure={failure} onRetry={() => void response.refetch()} />}
      {view === "chart" ? (
        <VolumeChart rows={rows} interval={interval} />
      ) : (
        <div className="volume-table">
          <Table label={t.searches.volume} columns={columns} rows={[...rows].reverse()} id={(row) => row.start} />
        </div>
      )}
      <p className="muted small card-foot">
        {t.searches.zone(timezone)}
        {report && ` · ${t.common.asOf(formatTime(report.generatedAt))}`}
      </p>
    </section>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div className="figure">
      <span className="muted small">{label}</span>
      <strong>{value}</strong>
    </div>
  );
}
