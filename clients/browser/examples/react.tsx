// A hook that tracks a search box. Give the returned `ref` to the input:
//
//   const { ref, tracker } = useSearchTracking({ url, key, consent });
//   return <input ref={ref} type="search" id="search" />;
import { useCallback, useEffect, useRef, type RefCallback, type RefObject } from "react";
import { track, type InputOptions, type Options, type TextInput, type Tracker } from "quarry-browser";

export interface SearchTracking extends Omit<Options, "consent" | "userId">, InputOptions {
  /** The visitor's decision: undefined until it is known. */
  consent: boolean | undefined;
  /** The logged-in user. */
  userId?: string | undefined;
}

export function useSearchTracking(options: SearchTracking): {
  ref: RefCallback<TextInput>;
  tracker: RefObject<Tracker | null>;
} {
  const tracker = useRef<Tracker>(null);
  const { url, key, sessionId, inputId, consent, userId } = options;
  const latest = useRef(options);

  // Another server, session or input is another tracker; other options are read when it begins.
  const ref = useCallback(
    (element: TextInput | null) => {
      if (!element) return;
      const { consent = false, userId, ...others } = latest.current;
      tracker.current = track(element, { ...others, consent, ...(userId ? { userId } : {}) });
      return () => {
        tracker.current?.stop();
        tracker.current = null;
      };
    },
    [url, key, sessionId, inputId],
  );

  useEffect(() => {
    latest.current = options;
    // A decision that is not known yet is no withdrawal, which would erase the session.
    if (consent !== undefined) tracker.current?.setConsent(consent);
    tracker.current?.setUser(userId);
  });
  return { ref, tracker };
}
