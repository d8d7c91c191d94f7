import { memo, type KeyboardEvent, type Ref } from "react";
import { EmptyState } from "../components/notices";
import { formatDate } from "../format";
import type { SearchQuery } from "../gql/graphql";
import { t } from "../strings";
import { Highlighted } from "./highlight";
import type { SearchState } from "./state";

type Search = NonNullable<SearchQuery["search"]>;
export type Hit = Search["edges"][number];

interface ResultsProps {
  ref: Ref<HTMLOListElement>;
  edges: readonly Hit[];
  offset: number;
  isStale: boolean;
  onOpen: (hit: Hit, position: number) => void;
  onEscape: () => void;
}

export function Results({ ref, edges, offset, isStale, onOpen, onEscape }: ResultsProps) {
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "Escape") return onEscape();
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>("button.hit")];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const next = buttons[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) next.focus();
    else if (event.key === "ArrowUp") onEscape();
  };
  return (
    <ol className={isStale ? "hits stale" : "hits"} ref={ref} start={offset + 1} onKeyDown={onKeyDown}>
      {edges.map((edge, at) => (
        <li key={edge.node.id}>
          <button type="button" className="hit" onClick={() => onOpen(edge, offset + at + 1)}>
            <HitContent edge={edge} />
          </button>
        </li>
      ))}
    </ol>
  );
}

/** It depends on the edge alone, so that typing does not render it again. */
const HitContent = memo(({ edge }: { edge: Hit }) => {
  const { node, highlights, pinned } = edge;
  const html = (field: string) => highlights.find((highlight) => highlight.field === field)?.html;
  const marked = (field: string, text: string) => {
    const found = html(field);
    return found === undefined ? text : <Highlighted html={found} />;
  };
  const text = marked("text", node.text.length > 240 ? `${node.text.slice(0, 240).trimEnd()} …` : node.text);
  return (
    <>
      {node.title && <span className="hit-title" dir="auto">{marked("title", node.title)}</span>}
      <span className={node.title ? "hit-text" : "hit-text alone"} dir="auto">{text}</span>
      <span className="hit-meta muted">
        {pinned && <span className="badge accent">{t.search.pinned}</span>}
        <span className="badge">{node.source}</span>
        {node.category && <span dir="auto">{marked("category", node.category)}</span>}
        {node.author && <span dir="auto">{marked("author", node.author.name)}</span>}
        {node.publishedAt && <time dateTime={node.publishedAt}>{formatDate(node.publishedAt)}</time>}
      </span>
    </>
  );
});

interface InterpretationProps {
  search: Search;
  state: SearchState;
  onChange: (change: Partial<SearchState>) => void;
}

/** The interpretation of the query: corrections, partial matches, and the rules that applied. */
export function Interpretation({ search, state, onChange }: InterpretationProps) {
  const { interpretation, relaxed, appliedRules, redirect } = search;
  // A word that another document spells as typed is no correction.
  const corrections = interpretation.corrections.filter(({ typed, meant }) => typed !== meant.toLowerCase());
  const meant = [...new Map(corrections.map((correction) => [correction.typed, correction.meant]))];
  const corrected = meant.reduce((text, [typed, meant]) => replaceWord(text, typed, meant), state.text);
  const lines = [
    meant.length > 0 && corrected !== state.text && (
      <p key="corrected" className="did-you-mean">
        {t.search.corrected}{" "}
        <button type="button" className="link strong" onClick={() => onChange({ text: corrected })}>
          {corrected}
        </button>
        <button type="button" className="link muted" onClick={() => onChange({ typoTolerance: false })}>
          {t.search.exactly(meant.map(([typed]) => typed).join(" "))}
        </button>
      </p>
    ),
    !state.typoTolerance && (
      <p key="exact">
        {t.search.typosOff}{" "}
        <button type="button" className="link" onClick={() => onChange({ typoTolerance: true })}>
          {t.search.typosOn}
        </button>
      </p>
    ),
    relaxed && <p key="relaxed">{t.search.relaxed}</p>,
    interpretation.truncated && <p key="truncated">{t.search.truncated}</p>,
    appliedRules.length > 0 && (
      <p key="rules">
        {t.search.rules} {appliedRules.map(({ id, name }) => name ?? id).join(", ")}
      </p>
    ),
    redirect && (
      <p key="redirect">
        {t.search.redirect} <code>{redirect}</code>
      </p>
    ),
  ].filter(Boolean);
  return lines.length === 0 ? null : <div className="interpretation">{lines}</div>;
}

/** Replaces a word; typed words are lower case without accents, as the server compares them. */
function replaceWord(text: string, typed: string, meant: string): string {
  const plain = (word: string) => word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return text.replace(/[\p{L}\p{N}\p{M}]+/gu, (word) => (plain(word) === typed ? meant : word));
}

interface EmptyProps {
  isFiltered: boolean;
  isIndexEmpty: boolean;
  onClear: () => void;
  onSources: () => void;
}

export function Empty({ isFiltered, isIndexEmpty, onClear, onSources }: EmptyProps) {
  if (isIndexEmpty) {
    return (
      <EmptyState title={t.search.indexEmpty} hints={[t.search.indexEmptyHint]}>
        <button type="button" className="button primary" onClick={onSources}>
          {t.search.toSources}
        </button>
      </EmptyState>
    );
  }
  return (
    <EmptyState title={isFiltered ? t.search.empty.filtered : t.search.empty.title} hints={t.search.emptyHints}>
      {isFiltered && (
        <button type="button" className="button primary" onClick={onClear}>
          {t.search.clearFilters}
        </button>
      )}
    </EmptyState>
  );
}

/** Stands for results that were not received yet. */
export function Skeleton() {
  return (
    <div className="skeleton" aria-label={t.common.loading} role="status">
      {Array.from({ length: 6 }, (_, at) => (
        <div key={at}>
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}
