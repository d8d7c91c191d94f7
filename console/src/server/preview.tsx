import { skipToken, useQuery } from "@apollo/client/react";
import { useEffect, useRef, useState } from "react";
import { FailureNotice } from "../components/notices";
import { failureOf } from "../failure";
import { PreviewDocument, type PreviewQuery } from "../gql/graphql";
import { Highlighted } from "../search/highlight";
import { t } from "../strings";

type Result = PreviewQuery["search"];

/** A document of the preview. */
export interface Picked {
  source: string;
  key: string;
}

/** Adds documents of the preview to the rule that is edited. */
export interface Picks {
  pin: (document: Picked) => void;
  hide: (document: Picked) => void;
}

interface PreviewProps {
  revision: number;
  query: string;
  picks: Picks | undefined;
  onQuery: (query: string) => void;
}

/** The first results of a query: now, and before the latest change of the rules. */
export function Preview({ revision, query, picks, onQuery }: PreviewProps) {
  const response = useQuery(PreviewDocument, query.trim() ? { variables: { query }, fetchPolicy: "network-only" } : skipToken);
  const now = (query.trim() ? (response.data ?? response.previousData)?.search : undefined) as Result | undefined;
  const shown = useRef<{ query: string; result: Result } | null>(null);
  const [before, setBefore] = useState<{ query: string; result: Result } | null>(null);
  useEffect(() => {
    if (revision === 0 || !query.trim()) return;
    setBefore(shown.current);
    void response.refetch();
  }, [revision]);
  useEffect(() => {
    if (response.data && !response.loading) shown.current = { query, result: response.data.search as Result };
  }, [response.data, response.loading]);
  const failure = response.loading ? undefined : failureOf(response.error);
  return (
    <div className="card tile preview">
      <h3>{t.server.preview}</h3>
      <p className="muted small">{t.server.previewHint}</p>
      <label className="field">
        <span>{t.server.previewQuery}</span>
        <input type="text" className="input" value={query} onChange={({ target }) => onQuery(target.value)} />
      </label>
      {failure && <FailureNotice failure={failure} onRetry={() => void response.refetch()} />}
      <div className={before?.query === query ? "compare" : undefined}>
        {before?.query === query && <Hits title={t.server.before} result={before.result} picks={undefined} />}
        {now && <Hits title={t.server.now} result={now} picks={picks} />}
      </div>
    </div>
  );
}

function Hits({ title, result, picks }: { title: string; result: Result; picks: Picks | undefined }) {
  return (
    <section aria-label={title}>
      <h4>
        {title} <span className="muted">{t.search.summary(result.totalCount)}</span>
      </h4>
      {result.appliedRules.length > 0 && (
        <p className="muted small">
          {t.search.rules} {result.appliedRules.map(({ id, name }) => name ?? id).join(", ")}
        </p>
      )}
      {result.redirect && (
        <p className="muted small">
          {t.search.redirect} {result.redirect}
        </p>
      )}
      <ol className="preview-hits">
        {result.edges.map(({ node, pinned, highlights }) => {
          const html = highlights.find(({ field }) => field === (node.title ? "title" : "text"))?.html;
          const title = node.title ?? node.text;
          return (
            <li key={node.id}>
              <span>
                {pinned && <span className="badge accent">{t.search.pinned}</span>}{" "}
                <span className="title" dir="auto">{html ? <Highlighted html={html} /> : title}</span>
              </span>
              {picks && (
                <span className="row picks">
                  <button type="button" className="link small" aria-label={t.server.pinDocument(title)} onClick={() => picks.pin(node)}>
                    {t.server.pinVerb}
                  </button>
                  <button type="button" className="link small" aria-label={t.server.hideDocument(title)} onClick={() => picks.hide(node)}>
                    {t.server.hideVerb}
                  </button>
                </span>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
