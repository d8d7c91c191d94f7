// The state of the connection to the server, and its recovery.
import { makeVar } from "@apollo/client";

export const onlineVar = makeVar(true);
/** True while the WebSocket of subscriptions is open. */
export const liveVar = makeVar(false);
/** True while a request waits for its response for longer than `SLOW_MS`. */
export const slowVar = makeVar(false);

const SLOW_MS = 3_000;
/** By default, the server ends each of its operations much earlier. */
const REQUEST_TIMEOUT_MS = 60_000;
const PROBE_MS = 1_000;
const PROBE_TIMEOUT_MS = 5_000;
const slow = new Set<symbol>();
let probe: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** Calls a function each time the server is back after it was not reachable. */
export function onRecovery(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** `fetch` with a timeout, which also tells when a response is late. */
export async function fetchInTime(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const request = Symbol();
  const timer = setTimeout(() => slowVar(slow.add(request).size > 0), SLOW_MS);
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    return await fetch(input, { ...init, signal: init.signal ? AbortSignal.any([init.signal, timeout]) : timeout });
  } catch (error) {
    // What `fetch` throws if no server answers.
    throw timeout.aborted ? new TypeError("The server did not respond in time.") : error;
  } finally {
    clearTimeout(timer);
    slow.delete(request);
    slowVar(slow.size > 0);
  }
}

/** Records that a request did not reach the server, and probes until one does. */
export function reportUnreachable(): void {
  onlineVar(false);
  probe ??= setTimeout(check, PROBE_MS);
}

export function reportReachable(): void {
  if (onlineVar()) return;
  clearTimeout(probe);
  probe = undefined;
  onlineVar(true);
  listeners.forEach((listener) => listener());
}

async function check(): Promise<void> {
  probe = undefined;
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const isUp = await fetch("readyz", { cache: "no-store", signal }).then(({ ok }) => ok, () => false);
  if (isUp) reportReachable();
  else probe = setTimeout(check, PROBE_MS);
}
