// The scopes of the caller.
import { makeVar, type ApolloClient } from "@apollo/client";
import { socket } from "./apollo";
import { failureOf } from "./failure";
import { AccessDocument, type Scope } from "./gql/graphql";
import { keyVar, setKey } from "./settings";

export type { Scope };

const ALL: readonly Scope[] = ["SEARCH", "REPORTS", "ADMIN"];

export interface Access {
  scopes: ReadonlySet<Scope>;
  /** The server asked for a key, or rejected the present one. */
  needsKey: boolean;
}

/** Undefined until it is known. */
export const accessVar = makeVar<Access | undefined>(undefined);

export async function probeAccess(client: ApolloClient): Promise<Access> {
  const key = keyVar();
  const { data, error } = await client.query({ query: AccessDocument, fetchPolicy: "no-cache", errorPolicy: "all" });
  const failure = failureOf(error);
  const kind = failure?.kind;
  if (failure && (kind === "busy" || kind === "limited") && key === keyVar()) {
    await new Promise((resolve) => setTimeout(resolve, failure.retryAfter * 1_000));
    return probeAccess(client);
  }
  const isDenied = kind === "unauthenticated" || kind === "forbidden";
  // Other failures, such as overload, do not concern the key: each page reports its own.
  const scopes = data?.access?.scopes ?? (isDenied ? [] : ALL);
  const access = { scopes: new Set(scopes.filter((scope) => scope !== undefined)), needsKey: kind === "unauthenticated" };
  // Another key was entered in the meantime.
  if (key !== keyVar()) return access;
  accessVar(access);
  return access;
}

/** Continues with another key, or without one: results of the former caller are dropped. */
export async function changeKey(client: ApolloClient, key: string | null): Promise<void> {
  // Rejects what is in flight, so that it comes before the probe.
  await client.clearStore().catch(() => undefined);
  setKey(key);
  socket.terminate();
  await probeAccess(client);
  // The queries of the page report their own failures.
  await client.refetchQueries({ include: "active" }).catch(() => undefined);
}
