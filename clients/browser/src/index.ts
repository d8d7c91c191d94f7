import { Connection } from "./connection.js";
import type { InputOptions, Interaction, Options, Results } from "./options.js";
import type { TextInput } from "./input.js";

export { keystrokesMutation, interactionMutation } from "./documents.js";
export type { InputOptions, Interaction, Options, Results, TextInput };

/** A tracked search box, and the connection of its page. */
export interface Tracker {
  /** The session, once the visitor consents. */
  readonly sessionId: string | undefined;
  /** The id of the input, once the visitor consents. */
  readonly inputId: string | undefined;
  /** Logs that the visitor chose a text, such as a suggestion; by default that of the box. */
  submit(text?: string): void;
  /** Adds the number of results to the log, and relates later clicks to the search. */
  found(results: Results): void;
  /** Records a click or a conversion. */
  recordInteraction(interaction: Interaction): void;
  /** Names the logged-in user; nothing or null after the log-out. */
  setUser(userId?: string | null): void;
  /** Gives or withdraws the visitor's consent. Withdrawing it erases what is stored or waits in the browser. */
  setConsent(consent: boolean): void;
  /** Ends tracking; what waits is delivered. */
  stop(): void;
}

/** Connects to a server, for pages with several search boxes, or with none. */
export const connect = (options: Options): Connection => new Connection(options);
export type { Connection };

/** Logs the searches in a search box. */
export function track(element: TextInput | null, options: Options & InputOptions): Tracker {
  const connection = connect(options);
  const input = connection.track(element, options);
  return {
    get sessionId() {
      return connection.sessionId;
    },
    get inputId() {
      return input.inputId;
    },
    submit: (text) => input.submit(text),
    found: (results) => input.found(results),
    recordInteraction: (interaction) => connection.recordInteraction(interaction),
    setUser: (userId) => connection.setUser(userId),
    setConsent: (consent) => connection.setConsent(consent),
    stop: () => connection.stop(),
  };
}
