import { useEffect, useState, type ReactNode } from "react";
import type { Failure } from "../failure";
import { t } from "../strings";

/** A failed request, with another attempt: by itself while the server is at capacity. */
export function FailureNotice({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  const isTemporary = failure.kind === "busy" || failure.kind === "limited";
  const remaining = useCountdown(isTemporary ? failure : undefined, onRetry);
  // The banner of the page reports a server that is not reachable.
  if (failure.kind === "offline") return null;
  const title =
    failure.kind === "busy"
      ? t.errors.busy
      : failure.kind === "limited"
        ? t.errors.limited
        : failure.kind === "forbidden"
          ? t.errors.forbidden
          : t.errors.title;
  return (
    <div className={isTemporary ? "notice busy" : "notice failed"} role="alert">
      <div>
        <strong>{title}</strong>
        <p>{isTemporary ? t.errors.busyHint(remaining) : failure.message}</p>
        {failure.requestId && <p className="muted small">{t.errors.requestId(failure.requestId)}</p>}
      </div>
      <button type="button" className="button" onClick={onRetry}>
        {t.common.retry}
      </button>
    </div>
  );
}

/** The seconds until another attempt, which it makes. A request that fails again is another failure. */
function useCountdown(failure: Failure | undefined, onEnd: () => void): number {
  const seconds = failure?.retryAfter;
  const [remaining, setRemaining] = useState(seconds ?? 0);
  useEffect(() => {
    if (seconds === undefined) return undefined;
    const end = Date.now() + seconds * 1_000;
    setRemaining(Math.ceil(seconds));
    const timer = setInterval(() => {
      const left = Math.ceil((end - Date.now()) / 1_000);
      setRemaining(Math.max(0, left));
      if (left > 0) return;
      clearInterval(timer);
      onEnd();
    }, 250);
    return () => clearInterval(timer);
  }, [failure?.kind, seconds]);
  return remaining;
}

interface EmptyStateProps {
  title: string;
  hints?: readonly string[];
  children?: ReactNode;
}

export function EmptyState({ title, hints = [], children }: EmptyStateProps) {
  return (
    <div className="empty">
      <svg viewBox="0 0 48 48" aria-hidden="true" className="empty-image">
        <path d="M10 17 24 9l14 8v15l-14 8-14-8zM10 17l14 8 14-8M24 25v15" />
      </svg>
      <h2>{title}</h2>
      {hints.map((hint) => (
        <p key={hint} className="muted">
          {hint}
        </p>
      ))}
      {children && <div className="row">{children}</div>}
    </div>
  );
}
