import { useEffect, useRef, useState } from "react";
import type { Interval } from "../gql/graphql";
import { count, t } from "../strings";

export interface VolumeRow {
  start: string;
  searches: number;
  sessions: number;
  zeroResults: number;
}

const HEIGHT = 220;
const MARGIN = { top: 12, right: 4, bottom: 26, left: 44 };
const LABEL_WIDTH = 74;

/** Searches over time as stacked bars: those with results below those without. */
export function VolumeChart({ rows, interval }: { rows: readonly VolumeRow[]; interval: Interval }) {
  const [width, ref] = useWidth();
  const [active, setActive] = useState<number | null>(null);
  const inner = Math.max(0, width - MARGIN.left - MARGIN.right);
  const ticks = axis(Math.max(1, ...rows.map(({ searches }) => searches)));
  const top = ticks[ticks.length - 1] ?? 1;
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const y = (value: number) => MARGIN.top + height * (1 - value / top);
  const step = rows.length === 0 ? inner : inner / rows.length;
  const bar = Math.max(1, Math.min(step * 0.72, 46));
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / step));
  const row = active === null ? undefined : rows[active];
  const total = rows.reduce((sum, { searches }) => sum + searches, 0);
  return (
    <div className="volume" ref={ref}>
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${t.searches.volume}: ${t.common.searches(total)}`}
          onPointerLeave={() => setActive(null)}
          onPointerMove={({ clientX, currentTarget }) => {
            const x = clientX - currentTarget.getBoundingClientRect().left - MARGIN.left;
            const at = Math.floor(x / step);
            setActive(at >= 0 && at < rows.length ? at : null);
          }}
        >
          {ticks.map((tick) => (
            <g key={tick}>
              <line className="grid" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
              <text className="tick" x={MARGIN.left - 8} y={y(tick) + 4} textAnchor="end">
                {count(tick)}
              </text>
            </g>
          ))}
          {rows.map(({ start, searches, zeroResults }, at) => {
            const x = MARGIN.left + at * step + (step - bar) / 2;
            const found = searches - zeroResults;
            return (
              <g key={start}>
                {active === at && (
                  <rect className="hover" x={MARGIN.left + at * step} y={MARGIN.top} width={step} height={height} />
                )}
                {found > 0 && <rect className="found" x={x} y={y(found)} width={bar} height={y(0) - y(found)} rx="2" />}
                {zeroResults > 0 && (
                  <rect className="zero" x={x} y={y(searches)} width={bar} height={Math.max(1, y(found) - y(searches) - 1)} rx="2" />
                )}
                {at % every === 0 && at * step + LABEL_WIDTH / 2 < inner + MARGIN.left && (
                  <text className="tick" x={x + bar / 2} y={HEIGHT - 8} textAnchor="middle">
                    {intervalLabel(start, interval, true)}
                  </text>
                )}
              </g>
            );
          })}
        </svg>
      )}
      <p className="legend muted small">
        {row ? (
          <span>
            <strong>{intervalLabel(row.start, interval, false)}</strong> · {t.common.searches(row.searches)} ·{" "}
            {t.searches.zeroResults}: {count(row.zeroResults)} · {t.searches.sessions}: {count(row.sessions)}
          </span>
        ) : (
          <>
            <span className="key found">{t.searches.withResults}</span>
            <span className="key zero">{t.searches.zeroResults}</span>
          </>
        )}
      </p>
    </div>
  );
}

export function intervalLabel(start: string, interval: Interval, isShort: boolean): string {
  const date = new Date(start);
  const day: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  if (interval === "HOUR") {
    const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
    return date.toLocaleString(undefined, isShort ? time : { ...day, ...time });
  }
  if (interval === "MONTH") return date.toLocaleDateString(undefined, { month: "short", year: "numeric" });
  return date.toLocaleDateString(undefined, isShort ? day : { ...day, weekday: "short", year: "numeric" });
}

/** Round numbers from zero to at least a maximum. */
function axis(max: number): number[] {
  const power = 10 ** Math.floor(Math.log10(max / 3));
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power * 4 >= max) ?? 10) * power);
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, at) => at * step);
}

function useWidth(): [number, React.RefObject<HTMLDivElement | null>] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [width, ref];
}
