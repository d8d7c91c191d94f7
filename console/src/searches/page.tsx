import { useReactiveVar } from "@apollo/client/react";
import { useState, type KeyboardEvent } from "react";
import { accessVar } from "../access";
import { RefreshIcon } from "../components/icons";
import type { SearchContextFilter } from "../gql/graphql";
import { useParams } from "../router";
import { t } from "../strings";
import { ErasePanel } from "./erase";
import { LiveLog } from "./live-log";
import { DEFAULT_PERIOD, isPeriod, usePeriod } from "./period";
import { PeriodChoice } from "./period-choice";
import { NoClicks, Top, ZeroResults } from "./reports";
import { Volume } from "./volume";
import "../styles/tables.css";
import "../styles/searches.css";

const TABS = ["live", "top", "zero", "clicks"] as const;
type Tab = (typeof TABS)[number];

export default function SearchesPage() {
  const [params, change] = useParams("searches");
  const access = useReactiveVar(accessVar);
  const tab: Tab = TABS.find((name) => name === params.get("tab")) ?? "live";
  const given = params.get("period");
  const name = isPeriod(given) ? given : DEFAULT_PERIOD;
  const { period, refresh, isRefreshed } = usePeriod(name);
  const [isErasing, setIsErasing] = useState(false);
  const [erasures, setErasures] = useState(0);
  const filter = contextOf(params);
  const shared = { period, filter, refresh: isRefreshed };
  return (
    <div className="searches-page">
      <div className="page-head">
        <div>
          <h1>{t.searches.title}</h1>
          <p className="muted">{t.searches.intro}</p>
        </div>
        <div className="row">
          <PeriodChoice value={name} onChange={(period) => change({ period: period === DEFAULT_PERIOD ? null : period })} />
          <button type="button" className="button" onClick={refresh}>
            <RefreshIcon />
            {t.common.refresh}
          </button>
        </div>
      </div>
      <ContextFilter params={params} onChange={change} />
      <Volume {...shared} name={name} />
      <div className="tabs-row">
        <div className="segmented" role="tablist" aria-label={t.searches.title} onKeyDown={onTabKey}>
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`tab-${name}`}
              aria-controls="tab-content"
              aria-selected={name === tab}
              tabIndex={name === tab ? 0 : -1}
              onClick={() => change({ tab: name === "live" ? null : name })}
            >
              {t.searches.tabs[name]}
            </button>
          ))}
        </div>
        {access?.scopes.has("ADMIN") && (
          <button type="button" className="button danger" onClick={() => setIsErasing(true)}>
            {t.searches.erase.open}
          </button>
        )}
      </div>
      <div role="tabpanel" id="tab-content" aria-labelledby={`tab-${tab}`}>
        {/* After an erasure, the log begins again with what is left. */}
        {tab === "live" && <LiveLog key={erasures} params={params} context={filter} onChange={change} />}
        {tab === "top" && <Top {...shared} />}
        {tab === "zero" && <ZeroResults {...shared} />}
        {tab === "clicks" && <NoClicks {...shared} />}
      </div>
      {isErasing && <ErasePanel onErased={() => setErasures(erasures + 1)} onClose={() => setIsErasing(false)} />}
    </div>
  );
}

/** Arrow keys move between tabs, and show the one that they reach. */
function onTabKey(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="tab"]')];
  const next = tabs[(tabs.indexOf(event.target as HTMLElement) + step + tabs.length) % tabs.length];
  next?.focus();
  next?.click();
}

/** The conditions of reports and of the log: a source, and a tag as `name=value`. */
function contextOf(params: URLSearchParams): SearchContextFilter {
  const source = params.get("source");
  const [name = "", ...value] = (params.get("tag") ?? "").split("=");
  return {
    ...(source ? { source } : {}),
    ...(name && value.length > 0 ? { tags: [{ name, value: value.join("=") }] } : {}),
  };
}

interface ContextFilterProps {
  params: URLSearchParams;
  onChange: (changes: Record<string, string | null>) => void;
}

function ContextFilter({ params, onChange }: ContextFilterProps) {
  const field = (name: "source" | "tag", label: string, placeholder: string) => (
    <label className="inline-field">
      <span className="muted">{label}</span>
      <input
        type="text"
        className="input small"
        key={params.get(name) ?? ""}
        defaultValue={params.get(name) ?? ""}
        placeholder={placeholder}
        onBlur={({ target }) => onChange({ [name]: target.value.trim() || null })}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
    </label>
  );
  return (
    <div className="context-filter">
      {field("source", t.searches.filter.source, t.common.all)}
      {field("tag", t.searches.filter.tag, t.searches.filter.tagHint)}
    </div>
  );
}
