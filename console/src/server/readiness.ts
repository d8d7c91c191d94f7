import { useEffect, useState } from "react";

export interface Readiness {
  ready: boolean;
  index?: { applied: number; latest: number; behind: number };
}

/** The answer of `/readyz`, again at an interval: undefined until the first one, null if there is none. */
export function useReadiness(interval: number): Readiness | null | undefined {
  const [readiness, setReadiness] = useState<Readiness | null>();
  useEffect(() => {
    const controller = new AbortController();
    const load = async () => {
      const answer = await fetch("readyz", { cache: "no-store", signal: controller.signal })
        .then((response) => response.json() as Promise<Readiness>)
        .catch(() => null);
      if (!controller.signal.aborted) setReadiness(answer);
    };
    void load();
    const timer = setInterval(() => void load(), interval);
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [interval]);
  return readiness;
}
