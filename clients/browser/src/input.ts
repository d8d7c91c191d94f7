import type { InputOptions, Keystroke, Results } from "./options.js";
import type { Entry } from "./outbox.js";
import { update, type LastText, type TabState } from "./tab.js";

/** An element with text. */
export type TextInput = HTMLInputElement | HTMLTextAreaElement;

/** The part of a connection that an input uses. */
export interface InputConnection {
  isPermitted(): boolean;
  guard<T>(call: () => T): T | undefined;
  log(keystroke: Omit<Keystroke, "sessionId" | "userId" | "sequence">, delay?: number): Entry;
  /** Adds the number of results to a keystroke that was not sent yet; false if it was. */
  amend(entry: Entry | undefined, resultCount: number): boolean;
  found(searchId: string | undefined): void;
  /** Removes the texts of an input from the browser. */
  withdraw(inputId: string): void;
  report(problem: string): void;
  stopped(): void;
}

/** The rest after which composed text is sent: longer than the choice of a candidate takes. */
const COMPOSITION_REST_MS = 3_000;
/** The server's window is five seconds by default; a number that comes later would count as another search. */
const RESULTS_WINDOW_MS = 4_000;
const MAX_TEXT_BYTES = 4_096;
const SECRET = /password|one-time-code|\bcc-/;

/** The names of tracked inputs in this page. */
const names = new Set<string>();

/** A tracked search box. */
export class TrackedInput {
  readonly #name: string;
  readonly #initialText: string;
  readonly #listeners = new AbortController();
  #last: LastText | undefined;
  #entry: Entry | undefined;
  #isComposing = false;
  /** The last logged text was marked as composing. */
  #wasComposing = false;
  /** The box has composed text that was not logged. */
  #isHeld = false;
  #isRefused = false;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #enter: ReturnType<typeof setTimeout> | undefined;
  /** Logs the submission by Enter: of the present text of the box, or of the text at that time. */
  #afterEnter: ((isPresent?: boolean) => void) | undefined;

  readonly #element: TextInput;
  readonly #options: InputOptions;
  readonly #connection: InputConnection;

  constructor(element: TextInput, options: InputOptions, connection: InputConnection) {
    this.#element = element;
    this.#options = options;
    this.#connection = connection;
    const name = element.id || element.name || "search";
    let unique = name;
    for (let n = 2; names.has(unique); n += 1) unique = `${name}-${n}`;
    names.add(unique);
    this.#name = unique.slice(0, 100);
    this.#initialText = element.value;
  }

  /** The id of the input, once the visitor consents. */
  get inputId(): string | undefined {
    return this.#connection.guard(() => (this.#connection.isPermitted() ? this.#id() : undefined));
  }

  /** Logs that the visitor chose a text, such as a suggestion; by default that of the box. */
  submit(text: string = this.#element.value): void {
    this.#connection.guard(() => this.#take(text, { isSubmitted: true }));
  }

  /** Adds the number of results to the log, and relates later clicks to the search. */
  found({ text, totalCount, searchId }: Results): void {
    this.#connection.guard(() => {
      if (!this.#connection.isPermitted() || this.#refuses()) return;
      const last = this.#lastText(text);
      if (text.trim() !== last.text.trim()) return;
      this.#connection.found(searchId);
      if (!text.trim() || Date.now() - last.at > RESULTS_WINDOW_MS) return;
      if (!this.#connection.amend(this.#entry, totalCount)) {
        this.#log(last.text, last.submitted, false, totalCount);
      }
    });
  }

  /** Ends the tracking of this input; what waits is delivered. */
  stop(): void {
    this.#connection.guard(() => {
      if (this.#listeners.signal.aborted) return;
      this.settle();
      this.#listeners.abort();
      names.delete(this.#name);
      this.#connection.stopped();
    });
  }

  /** Starts listening. */
  start(): void {
    if (this.#refuses()) return;
    const element = this.#element;
    this.#listen(element, "input", (event) => {
      // The visitor already types on after Enter; a script's event announces a suggestion that Enter chose.
      if (event.isTrusted) this.#afterEnter?.(false);
      this.#isComposing ||= event.isComposing === true;
      if (this.#isComposing) this.#compose();
      else this.#take(element.value, { isTyped: event.isTrusted });
    });
    this.#listen(element, "compositionstart", () => (this.#isComposing = true));
    this.#listen(element, "compositionend", () => {
      this.#isComposing = false;
      this.#take(element.value, { isTyped: true });
    });
    this.#listen(element, "keydown", (event) => this.#onKey(event));
    this.#listen(element, "search", () => {
      if (!element.hasAttribute("incremental")) this.#take(element.value, { isSubmitted: true });
    });
    this.#listen(element, "blur", () => this.settle());
    // The element may belong to another form, or none, by then.
    this.#listen(document, "submit", ({ target }) => {
      if (!element.form || target !== element.form) return;
      this.#cancelEnter();
      this.#take(element.value, { isSubmitted: true });
    });
  }

  /** Logs what is held back. */
  settle(): void {
    this.#afterEnter?.();
    // Text that a script puts into the box, such as a highlighted suggestion, counts once it is submitted.
    if (this.#isHeld) this.#take(this.#element.value, { isTyped: true });
  }

  /** Forgets the texts, after the consent was withdrawn. */
  forget(): void {
    this.#release();
    this.#cancelEnter();
    this.#last = this.#entry = undefined;
  }

  #compose(): void {
    if (this.#options.composing === "send") {
      this.#take(this.#element.value, { isComposing: true, isTyped: true });
      return;
    }
    this.#release();
    this.#isHeld = true;
    // Keyboards of phones compose each word of any language until the next one begins.
    this.#rest = setTimeout(() => this.#connection.guard(() => this.settle()), COMPOSITION_REST_MS);
  }

  #onKey(event: KeyboardEvent): void {
    this.#afterEnter?.();
    // In Safari, the Enter that chooses a candidate comes after the composition, with the code of an input method.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    const element = this.#element;
    const { value } = element;
    // Enter may choose a suggestion, which the page puts into the box after this listener, or empty the box.
    this.#afterEnter = (isPresent = true) => {
      this.#cancelEnter();
      const isNewLine = element instanceof HTMLTextAreaElement && !event.defaultPrevented;
      if (!isNewLine) this.#take((isPresent && element.value) || value, { isSubmitted: true });
    };
    this.#enter = setTimeout(() => this.#connection.guard(() => this.#afterEnter?.()), 0);
  }

  #cancelEnter(): void {
    clearTimeout(this.#enter);
    this.#afterEnter = undefined;
  }

  #take(value: string, { isSubmitted = false, isComposing = false, isTyped = false } = {}): void {
    this.#release();
    if (this.#listeners.signal.aborted || !this.#connection.isPermitted() || this.#refuses()) return;
    const text = storable(value);
    const last = this.#lastText(isTyped ? undefined : text);
    const submitted = isSubmitted && text.trim() !== "";
    // The same text again, as after back navigation, is no other search.
    const isNews = text !== last.text || (submitted && !last.submitted) || (this.#wasComposing && !isComposing);
    this.#wasComposing = isComposing;
    if (!isNews) return;
    this.#last = { text, submitted, at: Date.now() };
    update((state) => (state.texts[this.#id(state)] = this.#last!));
    this.#log(text, submitted, isComposing);
  }

  #log(text: string, submitted: boolean, composing = false, resultCount?: number): void {
    this.#entry = this.#connection.log(
      {
        inputId: this.#id(),
        text,
        ...(submitted ? { submitted } : {}),
        ...(composing ? { composing } : {}),
        ...(resultCount === undefined ? {} : { resultCount }),
      },
      submitted ? 0 : undefined,
    );
  }

  /** The text after which another one is news, given one that was not typed now. */
  #lastText(untyped?: string): LastText {
    if (!this.#last) {
      const initial = storable(this.#initialText);
      const stored = update((state) => state.texts[this.#id(state)]);
      // The browser, or the page, restores the text that an earlier page of the tab logged.
      const isRestored = stored && (stored.text === initial || stored.text === untyped);
      this.#last = isRestored ? stored : { text: initial, submitted: false, at: 0 };
    }
    return this.#last;
  }

  #id(state?: TabState): string {
    const { inputId } = this.#options;
    return inputId ?? `${this.#name}.${(state ?? update((state) => state)).tab}`;
  }

  /** Returns true for inputs with secrets: also for one that once was of that kind, since pages can show passwords. */
  #refuses(): boolean {
    const element = this.#element;
    if (!this.#isRefused && (element.type === "password" || SECRET.test(element.autocomplete))) {
      this.#isRefused = true;
      this.#connection.report("inputs of secrets are not tracked");
      this.#release();
      this.#cancelEnter();
      if (this.#last) this.#connection.withdraw(this.#id());
      this.#listeners.abort();
    }
    return this.#isRefused;
  }

  #release(): void {
    clearTimeout(this.#rest);
    this.#isHeld = false;
  }

  #listen<K extends keyof HTMLElementEventMap>(
    target: EventTarget,
    type: K | "search",
    listener: (event: HTMLElementEventMap[K] & { isComposing?: boolean }) => void,
  ): void {
    const call = (event: Event) => this.#connection.guard(() => listener(event as HTMLElementEventMap[K]));
    // Captured, since the page may stop the propagation.
    target.addEventListener(type, call, { capture: true, signal: this.#listeners.signal });
  }
}

/** The text as the server accepts it: well-formed, and cut to the limit. */
function storable(text: string): string {
  const bytes = new Uint8Array(MAX_TEXT_BYTES);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return new TextDecoder().decode(bytes.subarray(0, written));
}
