// The scopes of the caller: the API has no field that lists them, so that a cheap field of each is queried.
import { makeVar, type ApolloClient, type TypedDocumentNode } from "@apollo/client";
import { socket } from "./apollo";
import { failureOf } from "./failure";
import { MayAdministerDocument, MayReportDocument, MaySearchDocument } from "./gql/graphql";
import { keyVar, setKey } from "./settings";

export type Scope = "SEARCH" | "REPORTS" | "ADMIN";

export interface Access {
  scopes: ReadonlySet<Scope>;
  /** The server asked for a key, or rejected the present one. */
  needsKey: boolean;
}

/** Undefined until it is known. */
export const accessVar = makeVar<Access | undefined>(undefined);

const PROBES: Record<Scope, TypedDocumentNode<unknown, Record<string, never>>> = {
  SEARCH: MaySearchDocument,
  REPORTS: MayReportDocument,
  ADMIN: MayAdministerDocument,
};

export async function probeAccess(client: ApolloClient): Promise<Access> {
  const key = keyVar();
  const scopes = new Set<Scope>();
  let rejections = 0;
  const probe = async (scope: Scope) => {
    const { error } = await client.query({ query: PROBES[scope], fetchPolicy: "no-cache", errorPolicy: "all" });
    const kind = failureOf(error)?.kind;
    if (kind === "unauthenticated") rejections += 1;
    // Other failures, such as an unavailable database, do not concern the scope.
    else if (kind !== "forbidden") scopes.add(scope);
  };
  await Promise.all((Object.keys(PROBES) as Scope[]).map(probe));
  const access = { scopes, needsKey: rejections > 0 };
  // Another key was entered in the meantime.
  if (key !== keyVar()) return access;
  accessVar(access);
  return access;
}

/** Continues with another key, or without one: results of the former caller are dropped. */
export async function changeKey(client: ApolloClient, key: string | null): Promise<void> {
  // Rejects what is in flight, so that it comes before the probes.
  await client.clearStore().catch(() => undefined);
  setKey(key);
  socket.terminate();
  await probeAccess(client);
  // The queries of the page report their own failures.
  await client.refetchQueries({ include: "active" }).catch(() => undefined);
}
