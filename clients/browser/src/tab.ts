import type { Entry } from "./outbox.js";

/** The last text of an input. */
export interface LastText {
  text: string;
  submitted: boolean;
  /** The time at which it was taken, by `Date.now`. */
  at: number;
}

/** The state that the pages of a tab share. */
export interface TabState {
  /** The session, unless the page names it. */
  session: string;
  /** Tells the inputs of tabs apart that share a session. */
  tab: string;
  /** The highest sequence. */
  sequence: number;
  /** The last text of each input, by id. */
  texts: Record<string, LastText>;
  /** Entries that a page could not deliver with certainty before it was left. */
  undelivered: Entry[];
}

const STORAGE_KEY = "quarry.tracking";

/** The state of a page that may not use the storage. */
let memory: TabState | undefined;
let isStored = true;

/** A random token of hexadecimal digits; `crypto.randomUUID` exists in secure contexts only. */
export const token = (bytes: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Changes the state of the tab, and returns the result of the change. Call it with the visitor's consent only. */
export function update<T>(change: (state: TabState) => T): T {
  const state: TabState = {
    session: token(16),
    tab: token(4),
    sequence: 0,
    texts: {},
    undelivered: [],
    // Read each time, since frames of other pages share it.
    ...(isStored ? read() : memory),
  };
  const result = change(state);
  memory = state;
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(state));
  } catch {
    isStored = false;
  }
  return result;
}

/** Removes the state of the tab. */
export function erase(): void {
  memory = undefined;
  try {
    sessionStorage.removeItem(STORAGE_KEY);
  } catch {}
}

function read(): Partial<TabState> | null | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "null");
  } catch {
    return memory;
  }
}
