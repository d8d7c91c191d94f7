/** The settings of a connection to a quarry server. */
export interface Options {
  /** The address of the GraphQL endpoint, such as `https://search.example/graphql`. */
  url: string;
  /** An API key with the scope `SEARCH` alone; pages make it public. */
  key?: string;
  /** True, or a function that returns true, once the visitor consents. Until then nothing is stored or sent. */
  consent?: boolean | (() => boolean);
  /** The visitor's session. Without it, each tab receives a random one, kept in `sessionStorage`. */
  sessionId?: string;
  /** The logged-in user. */
  userId?: string;
  /** The longest time that a keystroke waits for others, in milliseconds: 250 by default. */
  batchInterval?: number;
  /** The time in milliseconds, from which sequences derive: `Date.now` by default. */
  clock?: () => number;
  /** Receives failures and lost data; never typed text. `console.warn` by default. */
  onError?: (error: Error) => void;
}

/** The settings of an input. */
export interface InputOptions {
  /** The name of the search box, up to 128 characters: by default its `id` or `name`, and the tab. */
  inputId?: string;
  /**
   * The treatment of text that an input method composes: `hold` waits until it is chosen or rests for three seconds,
   * `send` sends it marked as `composing`. `hold` by default.
   */
  composing?: "hold" | "send";
}

/** The first page of a search's results. */
export interface Results {
  /** The text that was searched for. */
  text: string;
  totalCount: number;
  /** `search.searchId`, which relates clicks to the search. */
  searchId?: string;
}

/** A click on, or a conversion of, a document: the input of `recordInteraction`. */
export interface Interaction {
  documentId: string;
  /** `CLICK` by default. */
  kind?: "CLICK" | "CONVERSION";
  /** The rank of the document in the results, from 1: reports average it. */
  position?: number;
  quantity?: number;
  /** The search that found the document: by default that of the latest results. */
  searchId?: string;
  /** Identifies the interaction, such as an order line; random by default. */
  idempotencyKey?: string;
}

/** The input of `logKeystroke`. */
export interface Keystroke {
  sessionId: string;
  inputId: string;
  text: string;
  sequence: number;
  userId: string | undefined;
  submitted?: true;
  composing?: true;
  resultCount?: number;
}
