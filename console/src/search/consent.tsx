import { useReactiveVar } from "@apollo/client/react";
import { consentVar, setConsent } from "../settings";
import { t } from "../strings";

/** Asks for the decision on logging one's own searches. */
export function ConsentRequest() {
  if (useReactiveVar(consentVar) !== null) return null;
  return (
    <section className="consent" aria-label={t.search.consent.title}>
      <p>
        <strong>{t.search.consent.title}</strong> {t.search.consent.text}
      </p>
      <div className="row">
        <button type="button" className="button primary" onClick={() => setConsent(true)}>
          {t.search.consent.allow}
        </button>
        <button type="button" className="button" onClick={() => setConsent(false)}>
          {t.search.consent.deny}
        </button>
      </div>
    </section>
  );
}

/** The decision, which can be changed at any time. */
export function ConsentState() {
  const consent = useReactiveVar(consentVar);
  if (consent === null) return null;
  return (
    <p className="consent-state muted">
      <span className={consent ? "dot on" : "dot"} aria-hidden="true" />
      {consent ? t.search.consent.on : t.search.consent.off}
      <button type="button" className="link" onClick={() => setConsent(!consent)}>
        {t.search.consent.change}
      </button>
    </p>
  );
}
