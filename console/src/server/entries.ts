// Entries of searches: synonyms, stop words and rules, which are stored and deleted alike.
import type { TypedDocumentNode } from "@apollo/client";
import { useMutation } from "@apollo/client/react";
import { useState } from "react";
import { failureOf, type Failure } from "../failure";

/** A list of words, as a field holds it: separated by commas or line breaks. */
export const wordsOf = (text: string) => text.split(/[,\n]/).map((word) => word.trim()).filter(Boolean);
/** Texts that may contain commas, as a field holds them: one a line. */
export const linesOf = (text: string) => text.split("\n").map((line) => line.trim()).filter(Boolean);

export type Outcome = { kind: "saved" | "restored"; id: string } | { kind: "deleted"; id: string; restore: () => Promise<boolean> };

export interface Changes<Input> {
  /** Stores an entry; false if that fails. */
  save: (entry: Input) => Promise<boolean>;
  /** Deletes an entry, which `restored` stores again. */
  remove: (id: string, restored: Input) => Promise<void>;
  /** Forgets the failure of an earlier attempt. */
  reset: () => void;
  isSaving: boolean;
  failure: Failure | undefined;
  /** The latest change. */
  outcome: Outcome | undefined;
}

type Put<Input> = TypedDocumentNode<unknown, { entries: Input | Input[] }>;
type Delete = TypedDocumentNode<unknown, { ids: string | string[] }>;

export function useChanges<Input extends { id: string | number }>(put: Put<Input>, remove: Delete, onChange: () => void): Changes<Input> {
  const [store, stored] = useMutation(put, { errorPolicy: "all" });
  const [drop, dropped] = useMutation(remove, { errorPolicy: "all" });
  const [outcome, setOutcome] = useState<Outcome>();
  const write = async (entry: Input, kind: "saved" | "restored") => {
    const { error } = await store({ variables: { entries: [entry] } }).catch((error: unknown) => ({ error }));
    if (error) return false;
    setOutcome({ kind, id: String(entry.id) });
    onChange();
    return true;
  };
  return {
    save: (entry) => write(entry, "saved"),
    remove: async (id, restored) => {
      const { error } = await drop({ variables: { ids: [id] } }).catch((error: unknown) => ({ error }));
      if (error) return;
      setOutcome({ kind: "deleted", id, restore: () => write(restored, "restored") });
      onChange();
    },
    reset: () => {
      stored.reset();
      dropped.reset();
      setOutcome(undefined);
    },
    isSaving: stored.loading,
    failure: failureOf(stored.error ?? dropped.error),
    outcome,
  };
}
