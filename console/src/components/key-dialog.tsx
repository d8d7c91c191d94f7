import { useApolloClient, useReactiveVar } from "@apollo/client/react";
import { useId, useState, type FormEvent } from "react";
import { accessVar, changeKey, type Scope } from "../access";
import { keyVar } from "../settings";
import { t } from "../strings";
import { Panel } from "./panel";

interface KeyDialogProps {
  isRequired: boolean;
  isInvalid: boolean;
  onClose: () => void;
}

/** Asks for an API key, or shows what the present one permits. */
export function KeyDialog({ isRequired, isInvalid, onClose }: KeyDialogProps) {
  const client = useApolloClient();
  const access = useReactiveVar(accessVar);
  const key = useReactiveVar(keyVar);
  const [text, setText] = useState("");
  const [isChecking, setIsChecking] = useState(false);
  const hint = useId();
  const change = async (next: string | null) => {
    setIsChecking(true);
    await changeKey(client, next);
    setIsChecking(false);
    setText("");
    if (!accessVar()?.needsKey) onClose();
  };
  const [isMalformed, setIsMalformed] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const next = text.trim();
    // Headers have no other characters, such as the ellipsis of a truncated copy.
    const isSendable = /^[\x20-\x7e]*$/.test(next);
    setIsMalformed(!isSendable);
    if (next && isSendable) void change(next);
  };
  const isRejected = isMalformed || (isRequired && isInvalid);
  return (
    <Panel title={t.key.title} onClose={onClose} isCentred>
      {(isRequired || isMalformed) && (
        <p role="status">{isChecking ? t.common.loading : isRejected ? t.key.invalid : t.key.required}</p>
      )}
      {!isRequired && access && (
        <p>{key === null ? t.key.open : `${t.key.scopes} ${scopeList([...access.scopes])}.`}</p>
      )}
      <form onSubmit={submit} className="stack">
        <label className="field">
          <span>{t.key.label}</span>
          <input
            type="password"
            className="input"
            autoComplete="off"
            placeholder={t.key.placeholder}
            aria-describedby={hint}
            aria-invalid={isRejected}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <p id={hint} className="muted small">
          {t.key.hint}
        </p>
        <div className="row">
          <button type="submit" className="button primary" disabled={isChecking}>
            {t.key.connect}
          </button>
          {key !== null && (
            <button type="button" className="button" onClick={() => void change(null)}>
              {t.key.signOut}
            </button>
          )}
        </div>
      </form>
    </Panel>
  );
}

function scopeList(scopes: readonly Scope[]): string {
  return scopes.length === 0 ? t.key.noScope : scopes.map((scope) => t.key.scope[scope]).join(", ");
}
