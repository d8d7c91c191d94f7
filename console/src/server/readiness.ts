import { usePolled } from "./polling";

export interface Readiness {
  ready: boolean;
  index?: { applied: number; latest: number; behind: number };
}

/** The answer of `/readyz`, again at an interval: undefined until the first one, null if there is none. */
export function useReadiness(interval: number): Readiness | null | undefined {
  return usePolled("readyz", interval, read);
}

function read(response: Response): Promise<Readiness> {
  return response.json() as Promise<Readiness>;
}
