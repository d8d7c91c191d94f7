import { usePolled } from "./polling";

/** A sample of the Prometheus text format. */
interface Sample {
  labels: Record<string, string>;
  value: number;
}

export class Metrics {
  readonly #samples = new Map<string, Sample[]>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
      if (!name || value === undefined) continue;
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", text = ""]) => [key, text]);
      const samples = this.#samples.get(name) ?? [];
      samples.push({ labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) });
      this.#samples.set(name, samples);
    }
  }

  all(name: string): readonly Sample[] {
    return this.#samples.get(name) ?? [];
  }

  value(name: string, labels: Record<string, string> = {}): number | undefined {
    return this.all(name).find((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))?.value;
  }

  label(name: string, label: string): string | undefined {
    return this.all(name)[0]?.labels[label];
  }
}

/** The metrics, again at an interval: undefined without an answer, as on a server with `server.metrics_listen`. */
export function useMetrics(interval: number): Metrics | undefined {
  return usePolled("metrics", interval, read) ?? undefined;
}

async function read(response: Response): Promise<Metrics | null> {
  return response.ok ? new Metrics(await response.text()) : null;
}
