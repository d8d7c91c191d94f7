// Pages are addressed by the fragment, which browsers do not send: no search text reaches a proxy's log.
import { useCallback, useSyncExternalStore } from "react";

const EVENT = "quarry:navigate";

function subscribe(listener: () => void): () => void {
  for (const type of ["hashchange", "popstate", EVENT]) addEventListener(type, listener);
  return () => {
    for (const type of ["hashchange", "popstate", EVENT]) removeEventListener(type, listener);
  };
}

export function useLocation(): { page: string; params: URLSearchParams } {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { page: path || "search", params: new URLSearchParams(query) };
}

export function href(page: string, params?: URLSearchParams): string {
  const query = params?.toString() ?? "";
  return `#/${page === "search" ? "" : page}${query ? `?${query}` : ""}`;
}

export function navigate(target: string, { replace = false } = {}): void {
  if (target === location.hash || (target === "#/" && location.hash === "")) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  dispatchEvent(new Event(EVENT));
}

/** The parameters of the current page, and a function that changes some of them. */
export function useParams(page: string): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const { params } = useLocation();
  const query = params.toString();
  const change = useCallback(
    (changes: Record<string, string | null>) => {
      const next = new URLSearchParams(query);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) next.delete(name);
        else next.set(name, value);
      }
      navigate(href(page, next), { replace: true });
    },
    [page, query],
  );
  return [params, change];
}
