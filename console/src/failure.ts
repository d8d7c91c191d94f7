// What the console shows of an error.
import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";

export type FailureKind = "busy" | "limited" | "unauthenticated" | "forbidden" | "offline" | "other";

export interface Failure {
  kind: FailureKind;
  message: string;
  /** The time after which to try again, in seconds. */
  retryAfter: number;
  requestId: string | undefined;
  /** The path of the invalid argument. */
  argument: string | undefined;
}

const KINDS: Record<string, FailureKind> = {
  TOO_BUSY: "busy",
  TIMEOUT: "busy",
  STORE_UNAVAILABLE: "busy",
  BUFFER_UNAVAILABLE: "busy",
  NOT_INDEXED_YET: "busy",
  RATE_LIMITED: "limited",
  UNAUTHENTICATED: "unauthenticated",
  FORBIDDEN: "forbidden",
};
const DEFAULT_RETRY_S = 2;

interface WireError {
  message: string;
  extensions?: { code?: unknown; retryAfter?: unknown; requestId?: unknown; argumentPath?: unknown } | undefined;
}

export function failureOf(error: unknown): Failure | undefined {
  if (error === undefined || error === null) return undefined;
  const wire = wireErrors(error)[0];
  if (wire) {
    const { code, retryAfter, requestId, argumentPath } = wire.extensions ?? {};
    return {
      kind: (typeof code === "string" && KINDS[code]) || "other",
      message: wire.message,
      retryAfter: typeof retryAfter === "number" ? retryAfter : DEFAULT_RETRY_S,
      requestId: typeof requestId === "string" ? requestId : undefined,
      argument: typeof argumentPath === "string" ? argumentPath : undefined,
    };
  }
  const kind = error instanceof TypeError ? "offline" : "other";
  const message = error instanceof Error ? error.message : String(error);
  return { kind, message, retryAfter: DEFAULT_RETRY_S, requestId: undefined, argument: undefined };
}

function wireErrors(error: unknown): readonly WireError[] {
  if (CombinedGraphQLErrors.is(error)) return error.errors;
  // Overload is rejected before the body is read, with a status of its own.
  if (ServerError.is(error)) {
    try {
      const body: unknown = JSON.parse(error.bodyText);
      if (typeof body === "object" && body !== null && "errors" in body && Array.isArray(body.errors)) {
        return body.errors as WireError[];
      }
    } catch {
      return [];
    }
  }
  return [];
}
