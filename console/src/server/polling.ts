import { useEffect, useState } from "react";

/**
 * The answer of an address of the server, again at an interval: undefined until the first one, null if there is none.
 * `read` must be the same function each time.
 */
export function usePolled<T>(url: string, interval: number, read: (response: Response) => Promise<T | null>): T | null | undefined {
  const [answer, setAnswer] = useState<T | null>();
  useEffect(() => {
    const controller = new AbortController();
    const load = async () => {
      const answer = await fetch(url, { cache: "no-store", signal: controller.signal })
        .then(read)
        .catch(() => null);
      if (!controller.signal.aborted) setAnswer(() => answer);
    };
    void load();
    const timer = setInterval(() => void load(), interval);
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [url, interval, read]);
  return answer;
}
