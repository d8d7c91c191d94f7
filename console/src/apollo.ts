import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { ServerError } from "@apollo/client/errors";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient, type Client } from "graphql-ws";
import { tap } from "rxjs";
import { fetchInTime, liveVar, onRecovery, reportDenial, reportReachable, reportUnreachable, verifyReachable } from "./connection";
import { failureOf } from "./failure";
import { keyVar } from "./settings";

/** The endpoint, relative to the page: a proxy may add a path prefix. */
export const endpoint = () => new URL("graphql", document.baseURI).href;

const webSocketUrl = () => endpoint().replace(/^http/, "ws") + "/ws";
const MAX_RETRY_MS = 5_000;
/** The server rejects the key, so that another attempt would fail as well. */
const FORBIDDEN = 4403;
const NORMAL = 1000;

export let socket: Client;

function connectSocket(): Client {
  return createClient({
    url: webSocketUrl,
    connectionParams: () => {
      const key = keyVar();
      return key === null ? {} : { Authorization: `Bearer ${key}` };
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (event) => !(event instanceof CloseEvent && event.code === FORBIDDEN),
    retryWait: (retries) =>
      new Promise((resolve) => setTimeout(resolve, Math.min(250 * 2 ** Math.min(retries, 8), MAX_RETRY_MS))),
    on: {
      connected: () => {
        liveVar(true);
        reportReachable();
      },
      closed: (event) => {
        liveVar(false);
        const code = event instanceof CloseEvent ? event.code : undefined;
        if (code === FORBIDDEN) reportDenial();
        else if (code !== NORMAL) void verifyReachable();
      },
    },
  });
}

export function createApollo(): ApolloClient {
  socket = connectSocket();
  const authenticate = new SetContextLink(({ headers }) => {
    const key = keyVar();
    return key === null ? {} : { headers: { ...(headers as object), authorization: `Bearer ${key}` } };
  });
  const watch = new ErrorLink(({ error, operation }) => {
    // An aborted request says nothing about the server.
    if (error instanceof TypeError) reportUnreachable();
    else if (ServerError.is(error) && [502, 504].includes(error.statusCode)) reportUnreachable();
    // The request of the access reports it itself.
    else if (operation.operationName !== "Access" && failureOf(error)?.kind === "unauthenticated") reportDenial();
  });
  const confirm = new ApolloLink((operation, forward) => forward(operation).pipe(tap(() => reportReachable())));
  const http = ApolloLink.from([watch, confirm, authenticate, new HttpLink({ uri: endpoint, fetch: fetchInTime })]);
  const client = new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => (operationType as string) === "subscription",
      new GraphQLWsLink(socket),
      http,
    ),
    cache: new InMemoryCache({
      possibleTypes: { Node: ["Author", "Crawl", "Document", "Search"] },
      typePolicies: {
        Query: { fields: { searchRules: { merge: false } } },
        // Operations of one page request different reports.
        Reports: { merge: true },
        Source: { keyFields: ["name"] },
        SynonymSet: { keyFields: ["id"] },
      },
    }),
    devtools: { enabled: false },
  });
  onRecovery(() => void client.refetchQueries({ include: "active" }));
  return client;
}
