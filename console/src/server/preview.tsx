import { skipToken, useQuery } from "@apollo/client/react";
import { useEffect, useRef, useState } from "react";
import { PreviewDocument, type PreviewQuery } from "../gql/graphql";
import { Highlighted } from "../search/highlight";
import { t } from "../strings";

type Result = PreviewQuery["search"];

/** The first results of a query: now, and before the latest change of the rules. */
export function Preview({ revision }: { revision: number }) {
  const [query, setQuery] = useState("");
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
  return (
    <div className="card tile preview">
      <h3>{t.server.preview}</h3>
      <p className="muted small">{t.server.previewHint}</p>
      <label className="field">
        <span>{t.server.previewQuery}</span>
        <input type="text" className="input" value={query} onChange={({ target }) => setQuery(target.value)} />
      </label>
      <div className={before?.query === query ? "compare" : undefined}>
        {before?.query === query && <Hits title={t.server.before} result={before.result} />}
        {now && <Hits title={t.server.now} result={now} />}
      </div>
    </div>
  );
}

function Hits({ title, result }: { title: string; result: Result }) {
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
      <ol className="preview-hits">
        {result.edges.map(({ node, pinned, highlights }) => {
          const html = highlights.find(({ field }) => field === (node.title ? "title" : "text"))?.html;
          return (
            <li key={node.id}>
              {pinned && <span className="badge accent">{t.search.pinned}</span>}{" "}
              {html ? <Highlighted html={html} /> : (node.title ?? node.text)}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
