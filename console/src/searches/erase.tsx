import { useMutation } from "@apollo/client/react";
import { useState, type FormEvent } from "react";
import { FailureNotice } from "../components/notices";
import { Panel } from "../components/panel";
import { Segmented } from "../components/segmented";
import { failureOf } from "../failure";
import { EraseSearcherDocument } from "../gql/graphql";
import { t } from "../strings";

const text = t.searches.erase;

/** Erases the data of a session or a user. */
export function ErasePanel({ onErased, onClose }: { onErased: () => void; onClose: () => void }) {
  const [kind, setKind] = useState<"session" | "user">("session");
  const [id, setId] = useState("");
  const [including, setIncluding] = useState(true);
  const [erase, { data, loading, error }] = useMutation(EraseSearcherDocument, {
    errorPolicy: "all",
    refetchQueries: "active",
  });
  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    if (!id.trim()) return;
    const input = kind === "session" ? { sessionId: id.trim() } : { userId: id.trim() };
    const { error } = await erase({ variables: { input, includingSessions: including } });
    if (!error) onErased();
  };
  const failure = failureOf(error);
  const done = data?.eraseSearcher;
  return (
    <Panel title={text.title} onClose={onClose} isCentred>
      <p className="muted">{text.text}</p>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <Segmented
          label={text.kind}
          options={[
            ["session", text.session],
            ["user", text.user],
          ]}
          value={kind}
          onChange={setKind}
        />
        <label className="field">
          <span>{text.id}</span>
          <input type="text" className="input" autoComplete="off" value={id} onChange={({ target }) => setId(target.value)} />
        </label>
        {kind === "user" && (
          <label className="check">
            <input type="checkbox" checked={including} onChange={() => setIncluding(!including)} />
            {text.including}
          </label>
        )}
        <button type="submit" className="button danger" disabled={loading || !id.trim()}>
          {text.submit}
        </button>
      </form>
      <p role="status">{done && text.done(done.searches, done.interactions, done.bufferedKeystrokes)}</p>
      {failure && <FailureNotice failure={failure} onRetry={() => void submit()} />}
    </Panel>
  );
}
