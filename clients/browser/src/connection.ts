import { TrackedInput, type TextInput } from "./input.js";
import type { InputOptions, Interaction, Keystroke, Options } from "./options.js";
import { Outbox, type Entry } from "./outbox.js";
import { erase, token, update } from "./tab.js";

/** The server's rule for ids. */
const ID = /^[^\p{Cc}]{1,128}$/u;
const DEFAULT_BATCH_INTERVAL_MS = 250;

/** A connection to a quarry server, which logs the searches and interactions of one visitor. */
export class Connection {
  readonly #outbox: Outbox;
  readonly #inputs = new Set<TrackedInput>();
  readonly #listeners = new AbortController();
  #consent: boolean | (() => boolean);
  #wasPermitted = false;
  #isStopped = false;
  #userId: string | undefined;
  #searchId: string | undefined;

  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
    this.#consent = options.consent ?? false;
    this.#outbox = new Outbox({
      url: options.url,
      key: options.key,
      isPermitted: () => this.#isPermitted(),
      report: (problem) => this.#report(problem),
      onEmpty: () => this.#isStopped && this.#listeners.abort(),
    });
    this.#guard(() => {
      if (options.sessionId != null && !ID.test(options.sessionId)) throw new Error("sessionId is invalid");
      this.setUser(options.userId);
      this.#listen(window, "pagehide", () => this.#part());
      this.#listen(document, "visibilitychange", () => document.hidden && this.#part());
      this.#listen(window, "online", () => this.#outbox.retryNow());
      // A page in the back-forward cache leaves its entries to the pages that follow it.
      this.#listen(window, "pageshow", (event) => event.persisted && this.#isPermitted() && this.#outbox.resume());
      this.#isPermitted();
    });
  }

  /** The session, once the visitor consents. */
  get sessionId(): string | undefined {
    return this.#guard(() => (this.#isPermitted() ? this.#session() : undefined));
  }

  /** Logs the texts of a search box. */
  track(element: TextInput | null, options: InputOptions = {}): TrackedInput {
    if (typeof element?.value !== "string") {
      this.#report("the element is not an input");
      element = document.createElement("input");
    }
    if (options.inputId != null && !ID.test(options.inputId)) this.#report("inputId is invalid");
    const input = new TrackedInput(element, options, {
      isPermitted: () => this.#isPermitted(),
      guard: (call) => this.#guard(call),
      log: (keystroke, delay) => this.#log(keystroke, delay),
      amend: (entry, resultCount) => this.#amend(entry, resultCount),
      found: (searchId) => (this.#searchId = searchId),
      withdraw: (inputId) => this.#withdraw(inputId),
      report: (problem) => this.#report(problem),
      stopped: () => this.#inputs.delete(input),
    });
    this.#guard(() => input.start());
    this.#inputs.add(input);
    return input;
  }

  /** Records a click or a conversion. */
  recordInteraction(interaction: Interaction): void {
    this.#guard(() => {
      if (this.#isStopped || !this.#isPermitted()) return;
      const { kind = "CLICK", searchId = this.#searchId, idempotencyKey = token(16), ...rest } = interaction;
      const searcher = { sessionId: this.#session(), userId: this.#userId };
      // Sent at once: a click is likely to leave the page.
      this.#add({ interaction: { ...rest, ...searcher, kind, searchId, idempotencyKey } }, 0);
    });
  }

  /** Names the logged-in user; nothing or null after the log-out. */
  setUser(userId?: string | null): void {
    if (userId == null || ID.test(userId)) this.#userId = userId ?? undefined;
    else this.#report("userId is invalid");
  }

  /** Gives or withdraws the visitor's consent. Withdrawing it erases what is stored or waits in the browser. */
  setConsent(consent: boolean): void {
    this.#guard(() => {
      this.#consent = consent;
      // An earlier page may have stored something even if this one did not.
      this.#wasPermitted ||= !consent;
      this.#isPermitted();
    });
  }

  /** Ends tracking; what waits is delivered. */
  stop(): void {
    this.#guard(() => {
      this.#inputs.forEach((input) => input.stop());
      this.#isStopped = true;
      if (this.#outbox.isEmpty) this.#listeners.abort();
      else this.#outbox.retryNow();
    });
  }

  #isPermitted(): boolean {
    let isPermitted = false;
    try {
      isPermitted = (typeof this.#consent === "function" ? this.#consent() : this.#consent) === true;
    } catch (error) {
      this.#report(`consent failed: ${error}`);
    }
    if (isPermitted !== this.#wasPermitted) {
      this.#wasPermitted = isPermitted;
      if (isPermitted) {
        this.#outbox.resume();
      } else {
        this.#outbox.discard(() => true);
        this.#inputs.forEach((input) => input.forget());
        this.#searchId = undefined;
        erase();
      }
    }
    return isPermitted;
  }

  #session(): string {
    return this.#options.sessionId ?? update((state) => state.session);
  }

  #log(keystroke: Omit<Keystroke, "sessionId" | "userId" | "sequence">, delay?: number): Entry {
    const sequence = update((state) => {
      const now = Math.floor((this.#options.clock ?? Date.now)());
      return (state.sequence = Math.max(state.sequence + 1, now));
    });
    const searcher = { sessionId: this.#session(), userId: this.#userId };
    return this.#add({ keystroke: { ...searcher, ...keystroke, sequence } }, delay);
  }

  #amend(entry: Entry | undefined, resultCount: number): boolean {
    const isUnsent = entry !== undefined && "keystroke" in entry && this.#outbox.isUnsent(entry);
    if (isUnsent) entry.keystroke.resultCount = resultCount;
    return isUnsent;
  }

  #withdraw(inputId: string): void {
    const isWithdrawn = (entry: Entry) => "keystroke" in entry && entry.keystroke.inputId === inputId;
    this.#outbox.discard(isWithdrawn);
    update((state) => {
      delete state.texts[inputId];
      state.undelivered = state.undelivered.filter((entry) => !isWithdrawn(entry));
    });
  }

  #add(operation: { keystroke: Keystroke } | { interaction: object }, delay?: number): Entry {
    const entry = { url: this.#options.url, at: Date.now(), ...operation };
    this.#outbox.add(entry, delay ?? this.#options.batchInterval ?? DEFAULT_BATCH_INTERVAL_MS);
    return entry;
  }

  #part(): void {
    this.#inputs.forEach((input) => input.settle());
    this.#outbox.part();
  }

  #listen<K extends keyof (WindowEventMap & DocumentEventMap)>(
    target: EventTarget,
    type: K,
    listener: (event: (WindowEventMap & DocumentEventMap)[K]) => void,
  ): void {
    const call = (event: Event) => this.#guard(() => listener(event as (WindowEventMap & DocumentEventMap)[K]));
    target.addEventListener(type, call, { signal: this.#listeners.signal });
  }

  /** Calls a function; its failures are reported, and do not reach the page. */
  #guard<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#report(`${error}`);
      return undefined;
    }
  }

  #report(problem: string): void {
    const error = new Error(`quarry: ${problem}`);
    try {
      (this.#options.onError ?? console.warn)(error);
    } catch {}
  }
}
