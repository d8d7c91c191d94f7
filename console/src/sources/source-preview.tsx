import { useMutation } from "@apollo/client/react";
import { useEffect } from "react";
import { FailureNotice } from "../components/notices";
import { Panel } from "../components/panel";
import { Table, type Column } from "../components/table";
import { failureOf } from "../failure";
import { PreviewSourceDocument, type PreviewSourceMutation } from "../gql/graphql";
import { count, t } from "../strings";

type Preview = PreviewSourceMutation["previewSource"];

/** The first pages of a source with its present settings, and what is wrong with them. */
export function SourcePreview({ source, onClose }: { source: string; onClose: () => void }) {
  const [preview, response] = useMutation(PreviewSourceDocument, { errorPolicy: "all", variables: { source } });
  const request = () => void preview();
  useEffect(request, []);
  const failure = response.loading ? undefined : failureOf(response.error);
  const found = response.data?.previewSource;
  return (
    <Panel title={t.sources.previewOf(source)} onClose={onClose}>
      <p className="muted small">{t.sources.previewHint}</p>
      {failure && <FailureNotice failure={failure} onRetry={request} />}
      {!found && !failure && (
        <p className="muted loading" role="status">
          {t.common.loading}
        </p>
      )}
      {found && <Findings preview={found} />}
    </Panel>
  );
}

function Findings({ preview }: { preview: Preview }) {
  const { attributes, duplicateKeys, fields, pages, parent, problems, rejections, works } = preview;
  return (
    <div className="stack preview" role="status">
      <p className="row">
        <span className={works ? "badge good" : "badge danger"}>{works ? t.sources.works : t.sources.fails}</span>
        {parent && <span className="muted small">{t.sources.previewParent(parent)}</span>}
      </p>
      {problems.length > 0 && (
        <ul className="failures">
          {problems.map(({ isFatal, text }) => (
            <li key={text}>
              <strong className={isFatal ? "danger" : "warn"}>{t.sources.problem(isFatal)}</strong> {text}
            </li>
          ))}
        </ul>
      )}
      <h3>{t.sources.previewPages}</h3>
      <Table label={t.sources.previewPages} columns={PAGES} rows={pages} id={({ request }) => request} />
      {fields.some(({ items }) => items > 0) && (
        <>
          <h3>{t.sources.previewFields}</h3>
          <Table label={t.sources.previewFields} columns={FIELDS} rows={fields} id={({ field }) => field} />
        </>
      )}
      <Names title={t.sources.previewAttributes} names={attributes.map(({ name, items }) => `${name} (${count(items)})`)} />
      <Names title={t.sources.rejections} names={rejections.map(({ items, reason }) => t.sources.rejectedBecause(items, reason))} />
      <Names title={t.sources.duplicateKeys} names={duplicateKeys} />
      <p className="muted small">
        {t.sources.outlook(preview.expectedPages ?? null, preview.expectedTotal ?? null)}
        {preview.provesRemovals && ` ${t.sources.provesRemovals}`}
      </p>
    </div>
  );
}

function Names({ title, names }: { title: string; names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <p className="small">{names.join(", ")}</p>
    </div>
  );
}

const labels = t.sources.columns;

const PAGES: readonly Column<Preview["pages"][number]>[] = [
  {
    name: "request",
    label: labels.request,
    cell: ({ method, request, failures }) => (
      <>
        <code className="request">{`${method} ${request}`}</code>
        {failures.map((failure) => (
          <p key={failure} className="small warn">
            {failure}
          </p>
        ))}
      </>
    ),
  },
  { name: "status", label: labels.status, isNumber: true, cell: ({ status }) => status ?? t.common.none },
  { name: "items", label: labels.items, isNumber: true, cell: ({ items }) => items ?? t.common.none },
];

const FIELDS: readonly Column<Preview["fields"][number]>[] = [
  { name: "field", label: labels.field, cell: ({ field }) => <span className="field">{field}</span> },
  { name: "pointer", label: labels.pointer, cell: ({ pointer }) => <code className="field">{pointer}</code> },
  { name: "found", label: labels.foundIn, isNumber: true, cell: ({ found, items }) => t.sources.found(found, items) },
  {
    name: "example",
    label: labels.example,
    cell: ({ example, unreadable, unreadableExample }) => (
      <>
        {example}
        {unreadable > 0 && <p className="small warn">{t.sources.unreadable(unreadable, unreadableExample ?? "")}</p>}
      </>
    ),
  },
];
