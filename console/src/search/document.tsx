import { Panel } from "../components/panel";
import { formatDateTime } from "../format";
import { t } from "../strings";
import { Highlighted } from "./highlight";
import type { Hit } from "./results";

/** A document with all of its fields. */
export function DocumentPanel({ hit, onClose }: { hit: Hit; onClose: () => void }) {
  const { node, highlights } = hit;
  const whole = (field: string, text: string) => {
    const html = highlights.find((highlight) => highlight.field === field)?.html;
    // A highlight of a long text is a fragment of it.
    return html === undefined || html.includes("…") ? text : <Highlighted html={html} />;
  };
  const attributes = Object.keys((node.attributes ?? {}) as object).length > 0;
  const rows: [string, string | null | undefined][] = [
    [t.search.source, node.source],
    [t.search.category, node.category],
    [t.search.author, node.author?.name],
    [t.search.publishedAt, node.publishedAt && formatDateTime(node.publishedAt)],
    [t.search.indexedAt, node.indexedAt && formatDateTime(node.indexedAt)],
    [t.search.keyField, node.key],
    [t.search.id, node.id],
  ];
  return (
    <Panel title={node.title ?? t.search.document} onClose={onClose}>
      <p className="document-text" dir="auto">{whole("text", node.text)}</p>
      <dl className="properties">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd dir="auto">{value}</dd>
              </div>
            ),
        )}
      </dl>
      {attributes && (
        <>
          <h3>{t.search.attributes}</h3>
          <pre tabIndex={0}>{JSON.stringify(node.attributes, null, 2)}</pre>
        </>
      )}
    </Panel>
  );
}
