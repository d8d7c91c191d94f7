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

const denials = new Set<() => void>();

/** Calls a function each time the server rejects the key of a request, or asks for one. */
export function onDenial(listener: () => void): () => void {
  denials.add(listener);
  return () => denials.delete(listener);
}

export const reportDenial = () => denials.forEach((listener) => listener());

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

const requestReadiness = () => fetch("readyz", { cache: "no-store", signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });

/** Finds out whether the server is there, after it ended a connection. */
export async function verifyReachable(): Promise<void> {
  if (onlineVar()) await requestReadiness().catch(reportUnreachable);
}

async function check(): Promise<void> {
  probe = undefined;
  const isUp = await requestReadiness().then(({ ok }) => ok, () => false);
  if (isUp) reportReachable();
  else probe = setTimeout(check, PROBE_MS);
}
