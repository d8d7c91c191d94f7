import { skipToken, useQuery } from "@apollo/client/react";
import { EmptyState, FailureNotice } from "../components/notices";
import { Segmented } from "../components/segmented";
import { CsvButton, Table, type Column } from "../components/table";
import { failureOf } from "../failure";
import { formatPercent, formatTime } from "../format";
import { CategoriesDocument, CategoryDocument, type CategoriesQuery, type CategoryQuery, type InteractionKind, type Period } from "../gql/graphql";
import { href, useParams } from "../router";
import { isPeriod, usePeriod } from "../searches/period";
import { PeriodChoice } from "../searches/period-choice";
import { count, t } from "../strings";
import "../styles/tables.css";
import "../styles/catalogue.css";

type CategoryRow = CategoriesQuery["reports"]["categories"]["rows"][number];
type DocumentRow = CategoryQuery["reports"]["category"]["rows"][number];
const KINDS: readonly (readonly [InteractionKind, string])[] = [
  ["CLICK", t.catalogue.kinds.CLICK],
  ["CONVERSION", t.catalogue.kinds.CONVERSION],
];
const labels = t.catalogue.columns;

export default function CataloguePage() {
  const [params, change] = useParams("catalogue");
  const kind: InteractionKind = params.get("kind") === "CONVERSION" ? "CONVERSION" : "CLICK";
  const given = params.get("period");
  const periodName = isPeriod(given) ? given : "30d";
  const { period } = usePeriod(periodName);
  const response = useQuery(CategoriesDocument, { variables: { kind, period }, fetchPolicy: "network-only" });
  const report = (response.data ?? response.previousData)?.reports?.categories;
  const rows = (report?.rows ?? []) as readonly CategoryRow[];
  const total = rows.reduce((sum, { quantity }) => sum + quantity, 0);
  const max = Math.max(1, ...rows.map(({ quantity }) => quantity));
  const chosen = params.get("category") ?? rows[0]?.name;
  const failure = response.loading ? undefined : failureOf(response.error);
  const columns: readonly Column<CategoryRow>[] = [
    {
      name: "name",
      label: labels.category,
      cell: ({ name }) => (
        <button type="button" className="link strong" dir="auto" aria-pressed={name === chosen} onClick={() => change({ category: name })}>
          {name}
        </button>
      ),
      value: ({ name }) => name,
    },
    { name: "documents", label: labels.documents, isNumber: true, cell: (row) => count(row.documents), value: (row) => row.documents },
    { name: "quantity", label: t.catalogue.kinds[kind], isNumber: true, cell: (row) => count(row.quantity), value: (row) => row.quantity },
    {
      name: "share",
      label: labels.share,
      cell: ({ quantity }) => (
        <span className="share">
          <span className="share-bar" aria-hidden="true">
            <span style={{ width: `${(100 * quantity) / max}%` }} />
          </span>
          {total > 0 ? formatPercent(quantity / total) : t.common.none}
        </span>
      ),
    },
  ];
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{t.catalogue.title}</h1>
          <p className="muted">{t.catalogue.intro}</p>
        </div>
        <div className="row">
          <Segmented label={t.catalogue.kind} options={KINDS} value={kind} onChange={(kind) => change({ kind })} />
          <PeriodChoice value={periodName} onChange={(period) => change({ period })} />
        </div>
      </div>
      {failure && <FailureNotice failure={failure} onRetry={() => void response.refetch()} />}
      {!report && !failure && <p className="muted loading">{t.common.loading}</p>}
      {report && rows.length === 0 && <EmptyState title={t.catalogue.none} hints={[t.catalogue.noneHint]} />}
      {rows.length > 0 && (
        <div className="catalogue">
          <section className="card" aria-label={t.catalogue.categories}>
            <Table
              label={t.catalogue.categories}
              columns={columns}
              rows={rows}
              id={({ name }) => name}
              rowClass={({ name }) => (name === chosen ? "chosen" : undefined)}
            />
            <div className="card-foot row between">
              <span className="muted small">{report && t.common.asOf(formatTime(report.generatedAt))}</span>
              <CsvButton columns={columns} rows={rows} file="categories" />
            </div>
          </section>
          {chosen !== undefined && <Category name={chosen} kind={kind} period={period} />}
        </div>
      )}
    </>
  );
}

const MAX_NAME = 120;

/** The title of a document, or the beginning of its text. */
const nameOf = ({ title, text }: DocumentRow["document"]) => title ?? (text ?? "").slice(0, MAX_NAME).trimEnd();

interface CategoryProps {
  name: string;
  kind: InteractionKind;
  period: Period;
}

/** The documents of a category that were clicked or sold most. */
function Category({ name, kind, period }: CategoryProps) {
  const response = useQuery(CategoryDocument, name ? { variables: { name, kind, period }, fetchPolicy: "network-only" } : skipToken);
  const report = (response.data ?? response.previousData)?.reports?.category;
  const rows = (report?.rows ?? []) as readonly DocumentRow[];
  const failure = response.loading ? undefined : failureOf(response.error);
  const columns: readonly Column<DocumentRow>[] = [
    {
      name: "document",
      label: labels.document,
      cell: ({ document }) => (
        <>
          <a dir="auto" href={href("search", new URLSearchParams({ q: nameOf(document) }))}>
            {nameOf(document)}
          </a>
          <span className="muted small note">{document.key}</span>
        </>
      ),
      value: ({ document }) => document.key,
    },
    { name: "quantity", label: t.catalogue.kinds[kind], isNumber: true, cell: (row) => count(row.quantity), value: (row) => row.quantity },
  ];
  return (
    <section className="card" aria-label={name}>
      <div className="card-head compact">
        <h2 dir="auto">{name}</h2>
        <CsvButton columns={columns} rows={rows} file={`category-${name}`} />
      </div>
      {failure && <FailureNotice failure={failure} onRetry={() => void response.refetch()} />}
      {rows.length > 0 && <Table label={name} columns={columns} rows={rows} id={({ document }) => document.id} />}
      {report && rows.length === 0 && <EmptyState title={t.catalogue.noQuantity} />}
    </section>
  );
}
