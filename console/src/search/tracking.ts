// The search box is tracked by the browser client, as a box of a shop would be.
import { useReactiveVar } from "@apollo/client/react";
import { useCallback, useEffect, useRef, type RefCallback, type RefObject } from "react";
import { track, type Tracker } from "quarry-browser";
import { endpoint } from "../apollo";
import { consentVar, keyVar } from "../settings";

export function useTracking(): { ref: RefCallback<HTMLInputElement>; tracker: RefObject<Tracker | null> } {
  const tracker = useRef<Tracker>(null);
  const key = useReactiveVar(keyVar);
  const consent = useReactiveVar(consentVar);
  const ref = useCallback(
    (element: HTMLInputElement | null) => {
      if (!element) return;
      tracker.current = track(element, {
        url: endpoint(),
        ...(key === null ? {} : { key }),
        consent: consentVar() === true,
        inputId: "console",
        // Failures of the log must not distract from the search.
        onError: () => undefined,
      });
      return () => {
        tracker.current?.stop();
        tracker.current = null;
      };
    },
    [key],
  );
  useEffect(() => {
    // An open decision is no withdrawal, which would erase the session.
    if (consent !== null) tracker.current?.setConsent(consent);
  }, [consent]);
  return { ref, tracker };
}
