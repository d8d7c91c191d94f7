import type { Keystroke } from "./options.js";
import { keystrokesMutation, interactionMutation } from "./documents.js";
import { update } from "./tab.js";

/** An operation that waits for its delivery. */
export type Entry = {
  url: string;
  /** The time at which it was made, by `Date.now`. */
  at: number;
} & ({ keystroke: Keystroke } | { interaction: object });

/** The environment of an outbox. */
export interface Delivery {
  url: string;
  key: string | undefined;
  isPermitted(): boolean;
  report(problem: string): void;
  onEmpty(): void;
}

/** The server recognises repetitions for ten minutes. */
const MAX_AGE_MS = 9 * 60_000;
const MAX_ENTRIES = 1_000;
/** The server's limit of `logKeystrokes`. */
const MAX_BATCH = 100;
/** Browsers limit the bodies of `keepalive` requests to 64 KiB; a code unit has up to three bytes. */
const MAX_BATCH_UNITS = 16_000;
const REQUEST_TIMEOUT_MS = 30_000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
const TRANSIENT = /^(BUFFER_UNAVAILABLE|STORE_UNAVAILABLE|TOO_BUSY|RATE_LIMITED|TIMEOUT|INTERNAL_SERVER_ERROR)$/;

/** Delivers operations in order, one request at a time, until the server accepts or rejects them. */
export class Outbox {
  #entries: Entry[] = [];
  /** The entries of requests without a response. */
  readonly #sent = new Set<Entry>();
  /** The entries of requests sent while leaving. */
  readonly #parting = new Set<Entry>();
  /** The tab's state may contain entries of this page. */
  #isRetained = false;
  #requests = 0;
  #failures = 0;
  /** The time before which failures forbid requests, by `performance.now`. */
  #blockedUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;

  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  /** Adds an operation, to be sent within a number of milliseconds. */
  add(entry: Entry, delay: number): void {
    this.#entries.push(entry);
    if (this.#entries.length > MAX_ENTRIES) {
      // Submitted texts and interactions are worth more than steps towards a text.
      const step = this.#entries.findIndex((entry) => "keystroke" in entry && !entry.keystroke.submitted);
      this.#entries.splice(Math.max(step, 0), 1);
    }
    this.#schedule(delay);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Returns true while an operation may still be changed. */
  isUnsent(entry: Entry): boolean {
    return this.#entries.includes(entry) && !this.#sent.has(entry);
  }

  /** Removes operations that are not to be delivered. */
  discard(isDiscarded: (entry: Entry) => boolean): void {
    this.#entries = this.#entries.filter((entry) => !isDiscarded(entry));
  }

  /** Sends what waits without regard to batches and failures. */
  retryNow(): void {
    this.#blockedUntil = 0;
    this.#schedule(0);
  }

  /** Sends everything while the page may be about to end, and keeps it for the next page of the tab. */
  part(): void {
    if (!this.#delivery.isPermitted()) return;
    // Includes the entries of running requests: if the requests overtake each other, sequences and keys make
    // their repetition harmless, whereas a gap is not.
    let rest = this.#entries.filter((entry) => !this.#parting.has(entry));
    this.#retain();
    while (rest.length > 0) {
      const batch = batchOf(rest);
      rest = rest.slice(batch.length);
      batch.forEach((entry) => this.#parting.add(entry));
      void this.#send(batch).finally(() => batch.forEach((entry) => this.#parting.delete(entry)));
    }
  }

  /** Takes over what the pages of the tab may not have delivered. */
  resume(): void {
    this.#entries = update((state) => {
      const isOwn = ({ url }: Entry) => url === this.#delivery.url;
      const own = state.undelivered.filter(isOwn);
      state.undelivered = state.undelivered.filter((entry) => !isOwn(entry));
      return own;
    });
    if (!this.isEmpty) this.#schedule(0);
  }

  #retain(): void {
    if (this.isEmpty) return;
    this.#forget(this.#entries, this.#entries);
    this.#isRetained = true;
  }

  /** Removes entries from those kept for the next page, and adds others. */
  #forget(settled: Entry[], retained: Entry[] = []): void {
    const texts = new Set(settled.map((entry) => JSON.stringify(entry)));
    update((state) => {
      state.undelivered = state.undelivered.filter((entry) => !texts.has(JSON.stringify(entry))).concat(retained);
    });
  }

  #schedule(delay: number): void {
    const at = Math.max(performance.now() + delay, this.#blockedUntil);
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      void this.#drain();
    }, at - performance.now());
  }

  async #drain(): Promise<void> {
    // The running request schedules the next one.
    if (this.#requests > 0 || !this.#delivery.isPermitted()) return;
    // A failure may have come after the timer was set.
    if (performance.now() < this.#blockedUntil) return this.#schedule(0);
    const oldest = Date.now() - MAX_AGE_MS;
    const count = this.#entries.length;
    this.discard(({ at }) => at < oldest);
    if (this.#entries.length < count) this.#delivery.report(`${count - this.#entries.length} entries expired`);
    if (this.isEmpty) this.#delivery.onEmpty();
    else await this.#send(batchOf(this.#entries));
  }

  async #send(batch: Entry[]): Promise<void> {
    this.#requests += 1;
    batch.forEach((entry) => this.#sent.add(entry));
    const wait = await this.#post(batch);
    this.#requests -= 1;
    batch.forEach((entry) => this.#sent.delete(entry));
    if (wait === undefined) {
      this.#failures = 0;
      this.#blockedUntil = 0;
      this.discard((entry) => batch.includes(entry));
      if (this.#isRetained && this.#delivery.isPermitted()) this.#forget(batch);
    } else {
      const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, MAX_BACKOFF_MS);
      this.#failures += 1;
      // Jitter keeps the pages of many visitors from returning at the same time.
      this.#blockedUntil = performance.now() + Math.max(wait, backoff * (0.5 + Math.random() / 2));
    }
    if (this.isEmpty) this.#delivery.onEmpty();
    else this.#schedule(0);
  }

  /** Returns nothing if the batch is settled, or else the milliseconds for which the server asks to wait. */
  async #post(batch: Entry[]): Promise<number | undefined> {
    const { url, key } = this.#delivery;
    let status = 0;
    let wait = 0;
    let isTransient: boolean;
    let problem = "no response";
    try {
      const response = await fetch(url, {
        method: "POST",
        keepalive: true,
        signal: AbortSignal.timeout?.(REQUEST_TIMEOUT_MS) ?? null,
        headers: {
          accept: "application/graphql-response+json, application/json;q=0.9",
          "content-type": "application/json",
          ...(key ? { authorization: `Bearer ${key}` } : {}),
        },
        body: JSON.stringify(requestOf(batch)),
      });
      status = response.status;
      problem = `status ${status}`;
      wait = retryAfter(response.headers.get("retry-after"));
      const { data, errors } = await response.json();
      const error = errors?.[0];
      if (!error && data) return undefined;
      const code = error?.extensions?.code;
      problem = `${error?.message} (${code})`;
      wait = Math.max(wait, (error?.extensions?.retryAfter || 0) * 1_000);
      isTransient = TRANSIENT.test(code);
    } catch {
      // No connection, or the response of something else, such as a proxy or a captive portal.
      isTransient = status < 400 || status >= 500 || status === 429 || status === 408;
    }
    if (!isTransient) this.#delivery.report(`${batch.length} entries rejected: ${problem}`);
    else if (this.#failures === 0) this.#delivery.report(`the server is unavailable, retrying: ${problem}`);
    return isTransient ? wait : undefined;
  }
}

/** The first entries that fit into one request. */
function batchOf(entries: Entry[]): Entry[] {
  const [first] = entries;
  if (!first || !("keystroke" in first)) return entries.slice(0, 1);
  let units = 0;
  let length = 0;
  for (const entry of entries.slice(0, MAX_BATCH)) {
    if (!("keystroke" in entry)) break;
    units += JSON.stringify(entry.keystroke).length;
    if (length > 0 && units > MAX_BATCH_UNITS) break;
    length += 1;
  }
  return entries.slice(0, length);
}

function requestOf(batch: Entry[]): { query: string; variables: object } {
  const [first] = batch;
  if (first && "interaction" in first) {
    return { query: interactionMutation, variables: { input: first.interaction } };
  }
  const input = batch.flatMap((entry) => ("keystroke" in entry ? [entry.keystroke] : []));
  return { query: keystrokesMutation, variables: { input } };
}

/** The milliseconds of a `Retry-After` header, in seconds or as a date. */
function retryAfter(header: string | null): number {
  const seconds = Number(header ?? 0);
  const wait = isNaN(seconds) ? Date.parse(header!) - Date.now() : seconds * 1_000;
  return wait > 0 ? wait : 0;
}
