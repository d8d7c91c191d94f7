import { endpoint } from "../apollo";
import { CopyButton } from "../components/copy";
import { Panel } from "../components/panel";
import type { SearchQueryVariables } from "../gql/graphql";
import { t } from "../strings";
import { curlText, queryText } from "./query-text";

export function QueryPanel({ variables, onClose }: { variables: SearchQueryVariables; onClose: () => void }) {
  const text = queryText(variables);
  return (
    <Panel title={t.search.queryTitle} onClose={onClose}>
      <p className="muted">{t.search.queryHint}</p>
      <p>
        <code>{endpoint()}</code>
      </p>
      <pre tabIndex={0} className="query-text">
        {text}
      </pre>
      <div className="row">
        <CopyButton text={text} label={t.search.copyQuery} isPrimary />
        <CopyButton text={curlText(endpoint(), text)} label={t.search.copyCurl} />
      </div>
    </Panel>
  );
}
