// The state of the connection to the server, and its recovery.
import { makeVar } from "@apollo/client";

export const onlineVar = makeVar(true);
/** True while the WebSocket of subscriptions is open. */
export const liveVar = makeVar(false);

const PROBE_MS = 1_000;
let probe: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** Calls a function each time the server is back after it was not reachable. */
export function onRecovery(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
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
  const isUp = await fetch("readyz", { cache: "no-store" }).then(({ ok }) => ok, () => false);
  if (isUp) reportReachable();
  else probe = setTimeout(check, PROBE_MS);
}
