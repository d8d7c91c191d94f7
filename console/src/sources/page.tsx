import { useQuery, useReactiveVar } from "@apollo/client/react";
import { accessVar } from "../access";
import { EmptyState, FailureNotice } from "../components/notices";
import { failureOf } from "../failure";
import { CrawlsDocument, SourcesDocument, type SourcesQuery } from "../gql/graphql";
import { t } from "../strings";
import { CrawledSource } from "./crawled-source";
import "../styles/tables.css";
import "../styles/sources.css";

type SourceData = SourcesQuery["sources"][number];

export default function SourcesPage() {
  const access = useReactiveVar(accessVar);
  const isAdmin = access?.scopes.has("ADMIN") === true;
  const response = useQuery(SourcesDocument, { fetchPolicy: "cache-and-network" });
  const crawls = useQuery(CrawlsDocument, { fetchPolicy: "network-only", skip: !isAdmin });
  const failure = response.loading || crawls.loading ? undefined : failureOf(response.error ?? crawls.error);
  const refetch = () => {
    void response.refetch();
    if (isAdmin) void crawls.refetch();
  };
  const sources = (response.data ?? response.previousData)?.sources as readonly SourceData[] | undefined;
  const crawled = new Map(crawls.data?.sources.map((source) => [source.name, source]));
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{t.sources.title}</h1>
          <p className="muted">{t.sources.intro}</p>
        </div>
      </div>
      {failure && <FailureNotice failure={failure} onRetry={refetch} />}
      {!sources && !failure && <p className="muted loading">{t.common.loading}</p>}
      {sources?.length === 0 && <EmptyState title={t.sources.empty} hints={[t.sources.emptyHint]} />}
      <div className="stack">
        {sources?.map((source) => (
          <section key={source.name} className="card source" aria-label={source.name}>
            <div className="card-head">
              <div>
                <h2>{source.name}</h2>
                <p className="muted small">
                  {t.common.documents(source.documentCount)}
                  {source.attributes.length > 0 && ` · ${t.sources.attributes}: ${attributeNames(source)}`}
                </p>
              </div>
            </div>
            {isAdmin && (
              <CrawledSource
                source={crawled.get(source.name)}
                onEnd={refetch}
              />
            )}
          </section>
        ))}
      </div>
    </>
  );
}

const SHOWN = 6;

function attributeNames({ attributes }: SourceData): string {
  const names = attributes.slice(0, SHOWN).map(({ name, type }) => `${name} (${type.toLowerCase()})`);
  return names.join(", ") + (attributes.length > SHOWN ? `, ${t.search.moreValues(attributes.length - SHOWN)}` : "");
}
